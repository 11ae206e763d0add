package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
)

func TestNewToken(t *testing.T) {
	t.Parallel()
	token, hash := NewToken()
	sum := sha256.Sum256([]byte(token))
	if diff := cmp.Diff(hex.EncodeToString(sum[:]), hash); diff != "" {
		t.Errorf("hash (-want +got):\n%s", diff)
	}
	if len(token) != len(tokenPrefix)+43 || !strings.HasPrefix(token, tokenPrefix) {
		t.Errorf("got the token %q, want 32 bytes in base64 after %s", token, tokenPrefix)
	}
	if other, _ := NewToken(); other == token {
		t.Error("two tokens are equal")
	}
}

func TestNewEntry_Invalid(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct{ name, operator, scope string }{
		":1: name: ":     {"a b", "7", "read"},
		":3: operator: ": {"a", "-7", "read"},
		":4: scopes: ":   {"a", "7", "write"},
	} {
		if _, _, err := NewEntry(c.name, c.operator, []string{c.scope}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", c, err, want)
		}
	}
}

func TestTokens_Identify(t *testing.T) {
	t.Parallel()
	file := newTokensFile(t)
	tokens, err := OpenTokens(file.path, slogDiscard())
	must(t, err)
	got, ok := tokens.Identify([]string{"Bearer " + file.token["shop"]})
	if diff := cmp.Diff(Identity{Name: "shop", Operator: me, Scopes: []Scope{Read, Run}}, got); diff != "" || !ok {
		t.Errorf("identity, %v (-want +got):\n%s", ok, diff)
	}
}

func TestTokens_Identify_claims(t *testing.T) {
	t.Parallel()
	file := newTokensFile(t)
	file.write(t, strings.TrimRight(file.entry(t, "eu", me, "run"), "\n")+"\n  claims: {region: eu, vip: true, code: 007, shops: [1, 2]}\n")
	tokens, err := OpenTokens(file.path, slogDiscard())
	must(t, err)
	got, ok := tokens.Identify([]string{"Bearer " + file.token["eu"]})
	want := []Claim{{Name: "region", Value: "eu"}, {Name: "vip", Value: "true"}, {Name: "code", Value: "007"}, {Name: "shops", Values: []string{"1", "2"}}}
	if diff := cmp.Diff(want, got.Claims); diff != "" || !ok {
		t.Errorf("claims, %v (-want +got):\n%s", ok, diff)
	}
}

func TestOpenTokens_Invalid(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("ab", 32)
	good := "- name: shop\n  sha256: " + hash + "\n  operator: 7\n  scopes: [read]\n"
	for name, c := range map[string]struct{ text, want string }{
		"empty":                    {"", ": want a list of one or more tokens"},
		"an empty list":            {"[]", ": want a list of one or more tokens"},
		"a mapping":                {"shop: 1", ": want a list of one or more tokens"},
		"no YAML":                  {"- {", ": yaml: "},
		"no mapping":               {"- shop", ":1: want name, sha256, operator and scopes"},
		"an unknown key":           {good + "  scope: read\n", ":5: scope: no such key"},
		"a key twice":              {good + "  name: b\n", ":5: name: given twice"},
		"no name":                  {strings.Replace(good, "name: shop\n  ", "", 1), ":1: name: missing"},
		"no scopes":                {strings.Replace(good, "  scopes: [read]\n", "", 1), ":1: scopes: missing"},
		"an odd name":              {strings.Replace(good, "shop", "a b", 1), ":1: name: \"a b\", want"},
		"a name twice":             {good + strings.Replace(good, hash, strings.Repeat("cd", 32), 1), ":5: name: shop is used twice"},
		"a hash twice":             {good + strings.Replace(good, "shop", "till", 1), ":6: sha256: used twice"},
		"a hash in capitals twice": {good + strings.NewReplacer("shop", "till", "ab", "AB").Replace(good), ":6: sha256: used twice"},
		"no hexadecimal":           {strings.Replace(good, "ab", "xy", 1), ":2: sha256: 64 characters, want"},
		"a short hash":             {strings.Replace(good, hash, "abcd", 1), ":2: sha256: 4 characters, want"},
		"operator 0":               {strings.Replace(good, "7", "0", 1), ":3: operator: \"0\", want 1..2147483647"},
		"a large operator":         {strings.Replace(good, "7", "2147483648", 1), ":3: operator: \"2147483648\", want"},
		"an unknown scope":         {strings.Replace(good, "read", "read, write", 1), ":4: scopes: \"write\", want one of [read run admin]"},
		"a scope twice":            {strings.Replace(good, "read", "read, read", 1), ":4: scopes: read given twice"},
		"scopes as a text":         {strings.Replace(good, "[read]", "read", 1), ":4: scopes: want a list"},
		"claims as a list":         {good + "  claims: [eu]\n", ":5: claims: want 1..50 names with their values"},
		"no claims":                {good + "  claims: {}\n", ":5: claims: want 1..50"},
		"a claim in capitals":      {good + "  claims: {Region: eu}\n", ":5: claims: \"Region\", want names of up to 58 of a-z"},
		"a long claim":             {good + "  claims: {" + strings.Repeat("a", 59) + ": eu}\n", ":5: claims: \"aaa"},
		"a claim twice":            {good + "  claims:\n    region: eu\n    region: us\n", ":7: claims.region: given twice"},
		"a claim without a value":  {good + "  claims:\n    region:\n", ":6: claims.region: want a text, number or boolean of 1..1000 characters"},
		"an empty claim":           {good + "  claims: {region: \"\"}\n", ":5: claims.region: want a text"},
		"a long value":             {good + "  claims: {region: " + strings.Repeat("a", 1001) + "}\n", ":5: claims.region: want a text"},
		"a claim of no values":     {good + "  claims: {shops: []}\n", ":5: claims.shops: list of 0 values, want 1..1000"},
		"a list in a list":         {good + "  claims: {shops: [1, [2]]}\n", ":5: claims.shops: want a text"},
		"a mapping as a claim":     {good + "  claims: {shops: {a: 1}}\n", ":5: claims.shops: want a text"},
		"two documents":            {good + "---\n" + good, ": more than one document"},
	} {
		path := filepath.Join(t.TempDir(), "tokens.yaml")
		must(t, os.WriteFile(path, []byte(c.text), 0o600))
		_, err := OpenTokens(path, slogDiscard())
		if err == nil || !strings.HasPrefix(err.Error(), "tokens-file "+path+c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), hash) {
			t.Errorf("%s: the error shows a hash: %v", name, err)
		}
	}
}

func TestTokens_Reload(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	code := func(token string) codes.Code {
		s.file.token["asked"] = token
		return status.Code(s.call(s.as(t.Context(), "asked"), t, "ListTpl", &api.WshExportTaskListTplReq{}).err)
	}
	old := s.file.token["shop"]
	rotated := s.file.entry(t, "shop", me, "read")
	next := s.file.token["shop"]

	s.file.write(t, rotated, "- name: broken\n")
	if err := s.tokens.Reload(); err == nil || !strings.Contains(err.Error(), ":5: sha256: missing") {
		t.Errorf("reload of a broken file: %v, want the line and the field", err)
	}
	if got := []codes.Code{code(old), code(next)}; got[0] != codes.Unimplemented || got[1] != codes.Unauthenticated {
		t.Errorf("after a broken file: old and new token are %v, want Unimplemented (it reached the handler) and Unauthenticated", got)
	}

	s.file.write(t, rotated)
	must(t, s.tokens.Reload())
	if got := []codes.Code{code(old), code(next)}; got[0] != codes.Unauthenticated || got[1] != codes.Unimplemented {
		t.Errorf("after the reload: old and new token are %v, want Unauthenticated and Unimplemented (it reached the handler)", got)
	}
}
