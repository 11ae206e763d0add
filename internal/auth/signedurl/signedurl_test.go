package signedurl

import (
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	keyA = "a1: 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
	keyB = "b2: ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\n"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func signer(t *testing.T, keys string) (*Signer, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte(keys), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(file, time.Hour, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s, file
}

// parts splits a URL like the routes of the gateway.
func parts(t *testing.T, link string) (Parts, bool) {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		return Parts{}, false
	}
	f := strings.Split(u.EscapedPath(), "/")
	if len(f) != 7 || f[1] != "d" {
		return Parts{}, false
	}
	for i := range f {
		if f[i], err = url.PathUnescape(f[i]); err != nil {
			return Parts{}, false
		}
	}
	return Parts{f[2], f[3], f[4], f[5], f[6]}, true
}

func TestSigner_Verify(t *testing.T) {
	t.Parallel()
	s, _ := signer(t, keyA)
	link, expires := s.URL("https://x.test/", 7, "订单 /../a%b.csv", now)
	p, ok := parts(t, link)
	if !ok || p.Name != "订单 /../a%b.csv" {
		t.Fatalf("link %s: parts %v", link, p)
	}
	for _, method := range []string{"GET", "HEAD"} {
		if inst, err := s.Verify(method, p, now); inst != 7 || err != nil {
			t.Errorf("%s: %d, %v", method, inst, err)
		}
	}
	if _, err := s.Verify("POST", p, now); !errors.Is(err, ErrInvalid) {
		t.Errorf("POST: %v, want ErrInvalid", err)
	}
	if !expires.Equal(now.Add(time.Hour)) {
		t.Errorf("expires %s", expires)
	}
	if _, err := s.Verify("GET", p, expires.Add(-time.Second)); err != nil {
		t.Errorf("in its last second: %v", err)
	}
	if _, err := s.Verify("GET", p, expires); !errors.Is(err, ErrExpired) {
		t.Errorf("when it expires: %v, want ErrExpired", err)
	}
}

func TestSigner_Verify_FlippedBits(t *testing.T) {
	t.Parallel()
	s, _ := signer(t, keyA+keyB)
	link, _ := s.URL("https://x.test", 12345, "orders.csv", now)
	begin := strings.Index(link, "/d/")
	for i := begin; i < len(link); i++ {
		for bit := range 8 {
			changed := []byte(link)
			changed[i] ^= 1 << bit
			p, ok := parts(t, string(changed))
			if !ok {
				continue
			}
			if _, err := s.Verify("GET", p, now); err == nil {
				t.Errorf("bit %d of byte %d flipped still opens: %s", bit, i, changed)
			}
		}
	}
}

func TestSigner_Verify_Invalid(t *testing.T) {
	t.Parallel()
	s, _ := signer(t, keyA)
	other, _ := signer(t, keyB)
	same, _ := signer(t, strings.Replace(keyB, "b2", "a1", 1))
	good, _ := parts(t, first(s.URL("", 1, "a.csv", now)))
	for name, p := range map[string]Parts{
		"another key":              must(parts(t, first(other.URL("", 1, "a.csv", now)))),
		"another key, the same id": must(parts(t, first(same.URL("", 1, "a.csv", now)))),
		"another file":             {good.Key, good.Expiry, good.Signature, good.Inst, "b.csv"},
		"another instance":         {good.Key, good.Expiry, good.Signature, "2", good.Name},
		"a later expiry":           {good.Key, "99999999999", good.Signature, good.Inst, good.Name},
		"a number with a sign":     {good.Key, "+" + good.Expiry, good.Signature, good.Inst, good.Name},
		"a number with zeros":      {good.Key, good.Expiry, good.Signature, "01", good.Name},
		"a cut signature":          {good.Key, good.Expiry, good.Signature[:20], good.Inst, good.Name},
		"no signature":             {good.Key, good.Expiry, "", good.Inst, good.Name},
		"a padded signature":       {good.Key, good.Expiry, good.Signature + "=", good.Inst, good.Name},
		"fields that shift":        {good.Key, good.Expiry, good.Signature, good.Inst + "a", ".csv"},
		"NUL":                      {good.Key, good.Expiry, good.Signature, good.Inst, "a.csv\x00"},
		"parent folder":            {good.Key, good.Expiry, good.Signature, good.Inst, "../a.csv"},
	} {
		if _, err := s.Verify("GET", p, now); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

func first(link string, _ time.Time) string { return link }

func must(p Parts, _ bool) Parts { return p }

func TestSigner_Reload(t *testing.T) {
	t.Parallel()
	s, file := signer(t, keyA)
	old, _ := parts(t, first(s.URL("", 1, "a.csv", now)))
	rotate := func(keys string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(keys), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	rotate(keyB + keyA)
	fresh, _ := parts(t, first(s.URL("", 1, "a.csv", now)))
	if fresh.Key != "b2" {
		t.Errorf("signed by %s, want the first key", fresh.Key)
	}
	for _, p := range []Parts{old, fresh} {
		if _, err := s.Verify("GET", p, now); err != nil {
			t.Errorf("key %s while both are there: %v", p.Key, err)
		}
	}
	rotate(keyB)
	if _, err := s.Verify("GET", old, now); !errors.Is(err, ErrInvalid) {
		t.Errorf("after the old key went: %v", err)
	}
}

func TestParse_Invalid(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, says string }{
		"empty":     {"", "0 keys"},
		"three":     {keyA + keyB + strings.Replace(keyA, "a1", "c3", 1), "3 keys"},
		"the same":  {keyA + keyA, "different ids"},
		"short":     {"a: 0011\n", `line 1: key "a": want at least 32 bytes`},
		"no hex":    {keyA + "b: zz\n", "line 2"},
		"no id":     {strings.TrimPrefix(keyA, "a1: "), "line 1"},
		"slash":     {strings.Replace(keyA, "a1", "a/1", 1), "line 1"},
		"secret":    {"a: 001122\n", "32 bytes"},
		"odd bytes": {keyA[:len(keyA)-2], "line 1"},
	} {
		_, err := parse(tc.text)
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", name, err, tc.says)
		}
		if err != nil && strings.Contains(err.Error(), "001122") {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
}
