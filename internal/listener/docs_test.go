package listener

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestLimits_Documented compares the table in docs/security.md with the
// flags. On failure it prints the expected table.
func TestLimits_Documented(t *testing.T) {
	t.Parallel()
	var l Limits
	var files TLS
	f := flag.NewFlagSet("", flag.ContinueOnError)
	l.Define(f)
	var want strings.Builder
	want.WriteString("| option | default | what it bounds |\n| --- | --- | --- |\n")
	f.VisitAll(func(opt *flag.Flag) {
		_, usage := flag.UnquoteUsage(opt)
		fmt.Fprintf(&want, "| `%s` | %s | %s |\n", opt.Name, opt.DefValue, usage)
	})
	text, err := os.ReadFile("../../docs/security.md")
	must(t, err)
	if !strings.Contains(string(text), want.String()) {
		t.Errorf("docs/security.md lacks this table:\n%s", want.String())
	}
	tls := flag.NewFlagSet("", flag.ContinueOnError)
	files.Define(tls)
	tls.VisitAll(func(opt *flag.Flag) {
		if !strings.Contains(string(text), "\n| `"+opt.Name+"` |") {
			t.Errorf("docs/security.md lacks %s", opt.Name)
		}
	})
}
