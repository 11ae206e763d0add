package deploy_test

import (
	"cmp"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

func TestPackages_variables_are_options(t *testing.T) {
	t.Parallel()
	known := help(t)
	for name, p := range packages(t) {
		for _, c := range []*command{&p.serve, cmp.Or(p.migrate, &command{})} {
			for variable := range c.env {
				option, ours := strings.CutPrefix(variable, "EXPORTD_")
				option = strings.ReplaceAll(strings.ToLower(option), "_", "-")
				if ours && !slices.ContainsFunc(known, func(line string) bool { return strings.HasPrefix(line, "  -"+option+" ") }) {
					t.Errorf("%s: %s is no option of exportd", name, variable)
				}
			}
		}
	}
}

func TestPackages_grace_covers_shutdown(t *testing.T) {
	t.Parallel()
	lines := help(t)
	i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "  -shutdown-grace ") })
	if i < 0 {
		t.Fatal("exportd has no shutdown-grace")
	}
	_, text, _ := strings.Cut(lines[i+1], "(default ")
	usual := duration(t, strings.TrimSuffix(text, ")"))
	rest := duration(t, match(t, "../docs/operations.md", "`shutdown-grace` and ([0-9]+ s) before SIGKILL"))
	for name, p := range packages(t) {
		var config struct {
			Grace time.Duration `yaml:"shutdown-grace"`
		}
		if err := yaml.Unmarshal([]byte(p.config), &config); err != nil {
			t.Fatal(err)
		}
		if takes := cmp.Or(config.Grace, usual) + rest; p.grace < takes {
			t.Errorf("%s: SIGKILL comes after %s, a shutdown takes up to %s", name, p.grace, takes)
		}
	}
}

// help returns the lines of exportd -h.
func help(t *testing.T) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program(t, "exportd"), "-h").CombinedOutput()
	if err != nil {
		t.Fatalf("exportd -h: %v\n%s", err, out)
	}
	return strings.Split(string(out), "\n")
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return d
}
