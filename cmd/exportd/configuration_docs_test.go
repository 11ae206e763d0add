package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of docs/configuration.md")

// optionTable is the table of all options of one command, as it stands in
// docs/configuration.md.
func optionTable(define func(*options)) string {
	o := newOptions(io.Discard)
	define(o)
	var b strings.Builder
	b.WriteString("| option | default | meaning |\n| --- | --- | --- |\n")
	o.flags.VisitAll(func(f *flag.Flag) {
		_, usage := flag.UnquoteUsage(f)
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, cmp.Or(f.DefValue, "none"), usage)
	})
	return b.String()
}

// The tables of docs/configuration.md list every option with its default, and
// the examples of its sections name every key. `go test ./cmd/exportd -run
// TestConfigurationDocs -update` writes the tables.
func TestConfigurationDocs(t *testing.T) {
	t.Parallel()
	const file = "../../docs/configuration.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for command, define := range map[string]func(*options){
		"exportd": new(config).define, "exportd gateway": new(gatewayJob).define, "exportd render": new(renderJob).define,
	} {
		table := regexp.MustCompile(`(?s)(<!-- ` + command + ` -h -->\n).*?(<!-- end -->)`)
		if !table.MatchString(want) {
			t.Errorf("docs/configuration.md has no table for %s", command)
		}
		want = table.ReplaceAllString(want, "${1}"+strings.ReplaceAll(optionTable(define), "$", "$$")+"${2}")
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Error("the tables of docs/configuration.md differ from the flags; run go test ./cmd/exportd -run TestConfigurationDocs -update")
	}
	for f := range reflect.TypeFor[sourceConfig]().Fields() {
		if key := f.Tag.Get("yaml"); !strings.Contains(want, "| `"+key+"` |") {
			t.Errorf("docs/configuration.md does not explain the key %s of sources", key)
		}
	}
}
