package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

var twoDSNs = map[string]string{"EXPORTD_DB_DSN": "u:p@tcp(h:1)/d", "EXPORTD_READER_DSN": "r:p@tcp(h:1)/d"}

// The example of docs/delivery.md is a configuration that starts.
func TestLoadDestinations_documented_example(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/delivery.md")
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(docs)
	if example == nil {
		t.Fatal("docs/delivery.md has no example")
	}
	// The files that it names, with what belongs into them.
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"s3-access-key": "a", "s3-secret-key": "s", "bank-key": string(pem.EncodeToMemory(block)), "smtp-password": "p",
		"known_hosts": knownhosts.Line([]string{"sftp.example.com"}, public), "crm-secret": "0123456789abcdef",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := strings.ReplaceAll(string(example[1]), "/etc/exportd", dir)
	c, err := loadConfig([]string{"-config=" + writeFile(t, "c.yaml", text)}, getenv(twoDSNs), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{"reports": "s3", "share": "folder", "bank": "sftp", "mail": "email", "crm": "webhook"}
	for name, want := range kinds {
		if dest, ok := c.destinations[name]; !ok || dest.Kind() != want {
			t.Errorf("%s: %t, want a destination of the kind %s", name, ok, want)
		}
	}
	if crm := c.destinations["crm"]; crm.Attempts != 20 || crm.Slots != 2 || crm.Timeout.Seconds() != 15 || len(c.destinations) != len(kinds) {
		t.Errorf("crm %+v of %d destinations", crm, len(c.destinations))
	}
	if got := strings.Join(c.destinations.Names(8), " "); got != "bank crm mail reports" {
		t.Errorf("operator 8 may use %s, want all but share", got)
	}
}

func TestLoadDestinations_operator_folders(t *testing.T) {
	t.Parallel()
	tokens := writeFile(t, "tokens.yaml", "tokens: []\n")
	for name, tc := range map[string]struct {
		keys   string
		tokens bool
		want   bool
	}{
		"no_tokens":              {"", false, false},
		"tokens_all_operators":   {"", true, true},
		"tokens_two_operators":   {", operators: [7, 8]", true, true},
		"tokens_one_operator":    {", operators: [7]", true, false},
		"tokens_off":             {", operator-folders: false", true, false},
		"no_tokens_on":           {", operator-folders: true", false, true},
		"tokens_one_operator_on": {", operators: [7], operator-folders: true", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"-config=" + writeFile(t, "c.yaml", "destinations:\n  x: {kind: folder, folder: /x"+tc.keys+"}\n")}
			if tc.tokens {
				args = append(args, "-tokens-file="+tokens, "-own-database-source")
			}
			c, err := loadConfig(args, getenv(twoDSNs), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.destinations["x"].OperatorFolders; got != tc.want {
				t.Errorf("got %t, want %t", got, tc.want)
			}
		})
	}
}

func TestLoadDestinations_shared_folder(t *testing.T) {
	t.Parallel()
	tokens := writeFile(t, "tokens.yaml", "tokens: []\n")
	key := writeFile(t, "key", strings.Repeat("k", 32))
	s3 := func(prefix string) string {
		return "kind: s3, endpoint: \"https://s3.example.com\", region: r, bucket: b, access-key-file: " + key + ", secret-key-file: " + key + prefix
	}
	for name, tc := range map[string]struct{ a, b, want string }{
		"same_folder":        {"kind: folder, folder: /srv/x, operators: [7]", "kind: folder, folder: /srv/x/, operators: [8]", "true true"},
		"folder_above":       {"kind: folder, folder: /srv, operators: [7]", "kind: folder, folder: /srv/x/../x, operators: [8]", "true true"},
		"other_folder":       {"kind: folder, folder: /srv/x, operators: [7]", "kind: folder, folder: /srv/xy, operators: [8]", "false false"},
		"same_operator":      {"kind: folder, folder: /srv/x, operators: [7]", "kind: folder, folder: /srv/x, operators: [7]", "false false"},
		"explicit":           {"kind: folder, folder: /srv/x, operators: [7], operator-folders: false", "kind: folder, folder: /srv/x, operators: [8]", "false true"},
		"same_bucket":        {s3("") + ", operators: [7]", s3(", prefix: a") + ", operators: [8]", "true true"},
		"other_prefix":       {s3(", prefix: b") + ", operators: [7]", s3(", prefix: a") + ", operators: [8]", "false false"},
		"one_and_all":        {"kind: folder, folder: /srv/x, operators: [7]", "kind: folder, folder: /srv/x", "true true"},
		"folder_and_webhook": {"kind: folder, folder: /srv/x, operators: [7]", "kind: webhook, url: \"https://example.com/\", secret-file: " + key + ", operators: [8]", "false false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := "destinations:\n  a: {" + tc.a + "}\n  b: {" + tc.b + "}\n"
			c, err := loadConfig([]string{"-config=" + writeFile(t, "c.yaml", text), "-tokens-file=" + tokens, "-own-database-source"}, getenv(twoDSNs), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(c.destinations["a"].OperatorFolders, c.destinations["b"].OperatorFolders); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestLoadDestinations_invalid_key(t *testing.T) {
	t.Parallel()
	for want, text := range map[string]string{
		`destinations.x.kind: "ftp", want one of email, folder, s3, sftp, webhook`: "x: {kind: ftp}",
		"destinations.x.kind: line 2: want keys":                                   "x: s3",
		"destinations.X.name: want a-z":                                            "X: {kind: folder, folder: /tmp}",
		`destinations.x.folder: "tmp", want an absolute path`:                      "x: {kind: folder, folder: tmp}",
		"field foldre not found":                                                   "x: {kind: folder, foldre: /tmp}",
		"destinations.x.slots: 101, want 1..100":                                   "x: {kind: folder, folder: /tmp, slots: 101}",
		"destinations.x.attempts: -1, want 1..100":                                 "x: {kind: folder, folder: /tmp, attempts: -1}",
		"destinations.x.timeout: 1ms, want 1s or more":                             "x: {kind: folder, folder: /tmp, timeout: 1ms}",
		"destinations.x.secret-key-file: open /none":                               "x: {kind: s3, endpoint: https://h, bucket: b, secret-key-file: /none}",
		`destinations.x.endpoint: "h"`:                                             "x: {kind: s3, endpoint: h, bucket: b}",
		`destinations.x.host: "", want HOST`:                                       "x: {kind: sftp}",
		`destinations.x.host: "h", want HOST:PORT`:                                 "x: {kind: email, host: h}",
		`destinations.x.url: "http://h/", want https://`:                           "x: {kind: webhook, url: 'http://h/'}",
	} {
		_, err := loadConfig([]string{"-config=" + writeFile(t, "c.yaml", "destinations:\n  "+text+"\n")}, getenv(twoDSNs), io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestStoreConfig_invalid_bucket(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"store-s3-bucket: empty":                    {"-store-s3-endpoint=https://h"},
		`store-s3-endpoint: "", want https://HOST`:  {"-store-s3-bucket=b"},
		`store-s3-endpoint: "h", want https://HOST`: {"-store-s3-bucket=b", "-store-s3-endpoint=h"},
		"store-s3-access-key-file: no access key":   {"-store-s3-bucket=b", "-store-s3-endpoint=https://h"},
	} {
		_, err := loadConfig(args, getenv(twoDSNs), io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", args, err, want)
		}
	}
}
