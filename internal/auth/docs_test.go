package auth

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestRules_Documented compares the table in docs/security.md with the rules
// and the fields of the requests. On failure it prints the expected table.
func TestRules_Documented(t *testing.T) {
	t.Parallel()
	yes := map[bool]string{true: " yes"}
	var want strings.Builder
	want.WriteString("| RPC | scope | ids that must be the operator's | `operatorId` | admin's own for 0 |\n| --- | --- | --- | --- | --- |\n")
	for _, method := range methods() {
		ids, operators := idPaths(t, method)
		shown := ""
		if len(ids) > 0 {
			shown = " `" + strings.Join(ids, "`, `") + "`"
		}
		r := rules[method]
		fmt.Fprintf(&want, "| %s | %s |%s |%s |%s |\n", method, cmp.Or(r.scope, "any"), shown, yes[len(operators) > 0], yes[r.attributed])
	}
	text, err := os.ReadFile("../../docs/security.md")
	must(t, err)
	if !strings.Contains(string(text), want.String()) {
		t.Errorf("docs/security.md lacks this table:\n%s", want.String())
	}
}

func TestRate_Documented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/security.md")
	must(t, err)
	var r Rate
	f := flag.NewFlagSet("", flag.ContinueOnError)
	r.Define(f)
	must(t, r.Validate())
	f.VisitAll(func(opt *flag.Flag) {
		if row := fmt.Sprintf("\n| `%s` | %s | %s |\n", opt.Name, opt.DefValue, opt.Usage); !strings.Contains(string(text), row) {
			t.Errorf("docs/security.md lacks%s", row)
		}
	})
	for option, bad := range map[string]Rate{"rate-limit: -1": {PerSecond: -1}, "rate-burst: 0": {PerSecond: 1}} {
		if err := bad.Validate(); err == nil || !strings.HasPrefix(err.Error(), option) {
			t.Errorf("%+v: got %v, want %s", bad, err, option)
		}
	}
}

// TestTokens_DocumentedShellCommand runs the documented shell commands.
func TestTokens_DocumentedShellCommand(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/security.md")
	must(t, err)
	_, rest, _ := strings.Cut(string(text), "```sh\ntoken=")
	script, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/security.md has no block that sets token")
	}
	out, err := exec.CommandContext(t.Context(), "sh", "-ec", "token="+script+`echo "$token"`).Output()
	must(t, err)
	hash, token, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if len(token) != len(tokenPrefix)+43 {
		t.Errorf("got the token %q, want 32 bytes in base64 after %s", token, tokenPrefix)
	}
	file := newTokensFile(t)
	file.write(t, "- {name: shop, sha256: "+hash+", operator: 7, scopes: [read]}\n")
	tokens, err := OpenTokens(file.path, slogDiscard())
	must(t, err)
	if _, ok := tokens.Identify([]string{"Bearer " + token}); !ok {
		t.Errorf("the token %q does not have the hash %q", token, hash)
	}
}
