package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func getenv(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func writeFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadConfig_precedence(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "c.yaml", "workers: 7\npoll: 2s\ntimeout: 3m\ndb-dsn: u:p@tcp(h:1)/file\nreader-dsn: r:p@tcp(h:1)/d\n")
	env := map[string]string{"EXPORTD_WORKERS": "8", "EXPORTD_POLL": "4s", "EXPORTD_DB_DSN": "u:p@tcp(h:1)/env"}
	c, err := loadConfig([]string{"-config=" + file, "-workers=9"}, getenv(env), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if c.workers != 9 || c.poll.Seconds() != 4 || c.settings.Timeout.Minutes() != 3 || c.settings.MaxAttempts != 3 {
		t.Errorf("workers %d, poll %s, timeout %s, attempts %d; want flag 9, environment 4s, file 3m, default 3",
			c.workers, c.poll, c.settings.Timeout, c.settings.MaxAttempts)
	}
	if !strings.HasSuffix(c.dbDSN, "/env") {
		t.Errorf("db-dsn %q, want the environment's", c.dbDSN)
	}
}

func TestLoadConfig_invalid(t *testing.T) {
	t.Parallel()
	dsn := map[string]string{"EXPORTD_DB_DSN": "u:p@tcp(h:1)/d", "EXPORTD_READER_DSN": "r:p@tcp(h:1)/d"}
	cases := map[string]struct {
		args []string
		yaml string
		env  map[string]string
		want string
	}{
		"no database":         {env: map[string]string{"EXPORTD_READER_DSN": "x"}, want: "db-dsn-file: empty"},
		"no data source":      {env: map[string]string{"EXPORTD_DB_DSN": "x"}, want: "GRANT SELECT"},
		"number out of range": {args: []string{"-max-attempts=0"}, want: "max-attempts: 0, want 1..20"},
		"unknown zone":        {args: []string{"-zone=Mars/Base"}, want: `zone: "Mars/Base"`},
		"unknown key":         {yaml: "wrokers: 3\n", want: "wrokers: no such option"},
		"unknown source key":  {yaml: "sources:\n  shop:\n    dns: x\n", want: "dns"},
		"source without DSN":  {yaml: "sources:\n  shop: {}\n", want: "sources.shop: no DSN"},
		"odd dialect":         {yaml: "sources:\n  shop: {dsn: x, dialect: oracle}\n", want: `sources.shop.dialect: "oracle"`},
		"wildcard in etcd":    {args: []string{"-etcd-endpoints=h:1", "-grpc-addr=0.0.0.0:1"}, want: "advertise: empty"},
		"no collector's port": {args: []string{"-trace-endpoint=collector"}, want: `trace-endpoint: "collector", want HOST:PORT`},
		"a collector's URL":   {args: []string{"-trace-endpoint=http://h:4317"}, want: `trace-endpoint: "http://h:4317", want HOST:PORT`},
		"ratio out of range":  {args: []string{"-trace-ratio=2"}, want: "trace-ratio: 2, want 0..1"},
		"no ratio":            {args: []string{"-trace-ratio=NaN"}, want: "trace-ratio: NaN, want 0..1"},
		"traces with and without TLS": {
			args: []string{"-trace-insecure", "-trace-ca-file=x"}, want: "trace-insecure: true, but files for TLS",
		},
		"half a certificate":       {args: []string{"-trace-key-file=x"}, want: "trace-cert-file, trace-key-file: only one is set"},
		"oidc without the rest":    {args: []string{"-oidc-issuer=https://id.example.com"}, want: "oidc-client-id: empty"},
		"oidc without roles":       {args: []string{"-oidc-issuer=https://id.example.com", "-oidc-client-id=x"}, want: "oidc-roles: empty"},
		"oidc without tokens":      {args: []string{"-oidc-issuer=https://id.example.com", "-oidc-client-id=x"}, want: "tokens-file: empty"},
		"oidc in plain text":       {args: []string{"-oidc-issuer=http://id.example.com", "-oidc-client-id=x"}, want: "oidc-issuer: \"http://id.example.com\", want https://HOST"},
		"oidc without console":     {args: []string{"-oidc-issuer=https://id.example.com", "-console=false"}, want: "nobody can sign in"},
		"console session":          {args: []string{"-console-session-idle=13h"}, want: "console-session-idle, console-session-max: 13h0m0s and 12h0m0s"},
		"own database with tokens": {args: []string{"-tokens-file=x"}, want: `sources.default: database "d" has the name of the service's own`},
		"own database as schema": {
			args: []string{"-tokens-file=x"}, env: map[string]string{"EXPORTD_DB_DSN": "u:p@tcp(h:1)/own"},
			yaml: "sources:\n  shop: {dsn: 'r:p@tcp(other:1)/d', schemas: [OWN]}\n", want: `sources.shop: database "own"`,
		},
		"secret twice": {args: []string{"-db-dsn-file=/dev/null"}, want: "db-dsn and db-dsn-file are both given"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.env == nil {
				c.env = dsn
			}
			if c.yaml != "" {
				c.args = append(c.args, "-config="+writeFile(t, "c.yaml", c.yaml))
			}
			_, err := loadConfig(c.args, getenv(c.env), io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestLoadConfig_own_database_source(t *testing.T) {
	t.Parallel()
	env := map[string]string{"EXPORTD_DB_DSN": "u:p@tcp(h:1)/d", "EXPORTD_READER_DSN": "r:p@tcp(h:1)/d"}
	for name, args := range map[string][]string{"without_tokens": nil, "with_the_option": {"-tokens-file=x", "-own-database-source"}} {
		if _, err := loadConfig(args, getenv(env), io.Discard); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
