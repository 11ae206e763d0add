package docs

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// names are what the sources define, as far as pages may name it.
type names struct {
	flags   map[string]bool // of all programs, without dashes
	env     map[string]bool
	keys    map[string]bool // of YAML files
	targets map[string]bool // of make
	goCode  string
	proto   string
}

var (
	flagDef   = regexp.MustCompile(`(?:Var|VarP|String|Bool|Int|Int64|Duration|Float64|Func)\((?:[^",]+, )?"([a-z][a-z0-9-]*)"(?:, "([a-z])")?`)
	secretDef = regexp.MustCompile(`\.secret\([^"]+"([a-z0-9-]+)"`)
	yamlDef   = regexp.MustCompile("(?:yaml|koanf|json|mapstructure):\"([a-z0-9-]+)")
	envDef    = regexp.MustCompile(`\b(?:EXPORTD|EXPORTCTL)_[A-Z0-9_]+\b`)
	target    = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
)

func defined(t *testing.T) names {
	t.Helper()
	n := names{flags: map[string]bool{"h": true, "help": true, "version": true}, env: map[string]bool{}, keys: map[string]bool{}, targets: map[string]bool{}}
	var code strings.Builder
	for file, text := range files(t, ".go") {
		if strings.HasPrefix(file, "docs/") {
			continue
		}
		code.WriteString(text)
		if !strings.HasSuffix(file, "_test.go") {
			for _, m := range flagDef.FindAllStringSubmatch(text, -1) {
				n.flags[m[1]] = true
				if m[2] != "" {
					n.flags[m[2]] = true
				}
			}
			for _, m := range secretDef.FindAllStringSubmatch(text, -1) {
				n.flags[m[1]], n.flags[m[1]+"-file"] = true, true
			}
			for _, m := range yamlDef.FindAllStringSubmatch(text, -1) {
				n.keys[m[1]] = true
			}
		}
	}
	n.goCode = code.String()
	scripts := files(t, "Makefile", "Dockerfile", "run", "install-parts", "version-flags", "measure", ".yaml", ".yml", ".service")
	for _, text := range append([]string{n.goCode}, values(scripts)...) {
		for _, name := range envDef.FindAllString(text, -1) {
			n.env[name] = true
		}
	}
	for name := range n.flags {
		upper := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		n.env["EXPORTD_"+upper], n.env["EXPORTCTL_"+upper] = true, true
	}
	for _, m := range target.FindAllStringSubmatch(scripts["Makefile"], -1) {
		n.targets[m[1]] = true
	}
	n.proto = files(t, "exporttask.proto")["api/exporttask.proto"]
	return n
}

func values(m map[string]string) []string {
	var list []string
	for v := range maps.Values(m) {
		list = append(list, v)
	}
	return list
}

var (
	makeCall  = regexp.MustCompile(`(?:^|[\s;(])make ([a-z][a-z-]*)`)
	flagUse   = regexp.MustCompile(`(?:^|\s)--?([a-z][a-z0-9-]*)`)
	flagSpan  = regexp.MustCompile(`^--?([a-z][a-z0-9-]+)(?:[ =].*)?$`)
	optionTag = regexp.MustCompile(`^[a-z0-9]+(?:-[a-z0-9]+)+$`)
	repoPath  = regexp.MustCompile(`^(?:\.ci|api|client|clients|cmd|deploy|docs|internal|migrations|scripts|tools)/[\w./-]*$`)
	testName  = regexp.MustCompile(`^(?:Test|Fuzz|Benchmark)[A-Z]\w*$`)
	goSymbol  = regexp.MustCompile(`^([a-z][a-z0-9]*)\.([A-Z]\w*)$`)
	protoName = regexp.MustCompile(`^(?:WshExport\w+|(?:etpl|einst|esched|edelivery)[A-Z]\w*)$`)
	enumName  = regexp.MustCompile(`\b(?:FMT|PARAM|STATE|INST|TPL|SCHED|MISSED|OVERLAP|EXTRA|DELIVERY|EMPTY_LIST)_[A-Z_]+\b`)
	program   = regexp.MustCompile(`^\s*(?:[\w./-]*/)?(exportd|exportctl|devstack)\s(.*)$`)
)

// foreign are names that look like options of ours and belong to other software.
var foreign = set(`x-request-id webhook-id webhook-timestamp webhook-signature grpc-web emptydir
		if-range content-disposition content-type mariadb-server-core php-cli php-curl php-google-protobuf
		libreoffice-calc-nogui python3-openpyxl python3-xlrd python3-grpcio python3-protobuf protobuf-compiler
		ext-grpc`)

func set(names string) map[string]bool {
	all := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		all[name] = true
	}
	return all
}

func TestPages_names_exist(t *testing.T) {
	t.Parallel()
	n := defined(t)
	for _, p := range pages(t) {
		if p.path == "CHANGELOG.md" || strings.HasPrefix(p.path, "docs/adr/") {
			continue // they name what was
		}
		bad := func(l line, what, name string) { t.Errorf("%s:%d: no %s %s: %s", p.path, l.no, what, name, l.text) }
		for _, l := range p.prose {
			for _, span := range codeSpan.FindAllString(l.text, -1) {
				n.span(l, strings.Trim(span, "`"), bad)
			}
		}
		for _, l := range p.code {
			n.command(l, bad)
		}
		for _, l := range append(p.prose, p.code...) {
			for _, name := range enumName.FindAllString(l.text, -1) {
				if !strings.Contains(n.proto, name) {
					bad(l, "enum value", name)
				}
			}
			for _, name := range envDef.FindAllString(l.text, -1) {
				if !n.env[name] && name != "EXPORTD_SOURCE_NAME_DSN" {
					bad(l, "environment variable", name)
				}
			}
		}
	}
}

// The README names the version of Go that go.mod requires.
func TestReadme_go_version(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`(?m)^go (.+)$`).FindSubmatch(mod)
	if want == nil || !strings.Contains(string(readme), "Go "+string(want[1])+" or newer") {
		t.Errorf("README.md does not name go.mod's version of Go, %q", want)
	}
}

// docs/architecture.md describes every package folder below internal and cmd.
func TestArchitecture_packages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, parent := range []string{"internal", "cmd"} {
		dirs, err := os.ReadDir(filepath.Join(root, parent))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range dirs {
			if name := parent + "/" + d.Name(); d.IsDir() && name != "cmd/internal" && !strings.Contains(string(text), "`"+name+"`") {
				t.Errorf("docs/architecture.md does not describe %s", name)
			}
		}
	}
}

// span checks what a code span of prose names.
func (n names) span(l line, s string, bad func(l line, what, name string)) {
	if m := makeCall.FindStringSubmatch(s); m != nil && !n.targets[m[1]] {
		bad(l, "make target", m[1])
	}
	if m := flagSpan.FindStringSubmatch(s); m != nil && !n.flags[m[1]] {
		bad(l, "flag", m[1])
	}
	if optionTag.MatchString(s) && !n.flags[s] && !n.keys[s] && !foreign[s] && !strings.Contains(n.goCode, s) {
		bad(l, "option or key", s)
	}
	if repoPath.MatchString(s) {
		if _, err := os.Stat(filepath.Join(root, s)); err != nil {
			bad(l, "file", s)
		}
	}
	if testName.MatchString(s) && !strings.Contains(n.goCode, "func "+s+"(") {
		bad(l, "test", s)
	}
	if m := goSymbol.FindStringSubmatch(s); m != nil {
		n.symbol(l, m[1], m[2], bad)
	}
	for name := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(".,:[]{}() ", r) }) {
		if protoName.MatchString(name) && !regexp.MustCompile(`\b`+name+`\b`).MatchString(n.proto) {
			bad(l, "message or field", name)
		}
	}
	if m := program.FindStringSubmatch(s); m != nil {
		n.command(l, bad, s)
	}
}

// symbol checks an exported name of a package of this module.
func (n names) symbol(l line, pkg, name string, bad func(l line, what, name string)) {
	for _, dir := range []string{"", "internal", "internal/delivery", "internal/format", "internal/telemetry", "cmd/internal"} {
		list, _ := filepath.Glob(filepath.Join(root, dir, pkg, "*.go"))
		for _, file := range list {
			text, err := os.ReadFile(file)
			if err == nil && regexp.MustCompile(`(?m)^(?:func (?:\([^)]*\) )?|type |var |const |\t)`+name+`\b`).Match(text) {
				return
			}
		}
		if len(list) > 0 {
			bad(l, "symbol", path.Join(dir, pkg)+"."+name)
			return
		}
	}
}

// command checks the flags of our programs and the make targets in a command.
func (n names) command(l line, bad func(l line, what, name string), text ...string) {
	s := l.text
	if len(text) > 0 {
		s = text[0]
	}
	s, _, _ = strings.Cut(s, " # ")
	if m := regexp.MustCompile(`^\s*make ([a-z][a-z-]*)`).FindStringSubmatch(s); m != nil && !n.targets[m[1]] {
		bad(l, "make target", m[1])
	}
	m := program.FindStringSubmatch(s)
	if m == nil {
		return
	}
	rest := regexp.MustCompile(`'[^']*'|"[^"]*"`).ReplaceAllString(m[2], "_")
	for _, f := range flagUse.FindAllStringSubmatch(rest, -1) {
		if !n.flags[f[1]] {
			bad(l, "flag", f[1])
		}
	}
}
