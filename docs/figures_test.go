package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	section = regexp.MustCompile(`(?s)<!-- make ([a-z-]+) -->\n(.*?)<!-- end -->`)
	// A quoted figure is followed by its source: 24<!-- bench-render: XLSX size -->.
	quote = regexp.MustCompile(`(?s)([0-9][0-9.,]*)<!--\s*(bench-[a-z]+|chaos|first-run):\s*(.*?)\s*-->`)
	space = regexp.MustCompile(`\s+`)
)

// figures are the rows of measurements.md by make target.
type figure struct{ name, measured string }

func figures(t *testing.T) map[string][]figure {
	t.Helper()
	text, err := os.ReadFile("measurements.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]figure{}
	for _, m := range section.FindAllStringSubmatch(string(text), -1) {
		for row := range strings.Lines(m[2]) {
			cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|")
			if len(cells) != 3 || strings.Contains(row, "---") || strings.TrimSpace(cells[0]) == "figure" {
				continue
			}
			all[m[1]] = append(all[m[1]], figure{strings.TrimSpace(cells[0]), strings.TrimSpace(cells[2])})
		}
	}
	return all
}

func TestPages_quoted_figures(t *testing.T) {
	t.Parallel()
	all := figures(t)
	for _, target := range []string{"bench-render", "bench-queue", "bench-rpc", "chaos", "first-run"} {
		if len(all[target]) == 0 {
			t.Errorf("measurements.md has no figures of make %s", target)
		}
	}
	quoted := 0
	for _, p := range pages(t) {
		for _, m := range quote.FindAllStringSubmatch(p.text, -1) {
			quoted++
			name := space.ReplaceAllString(m[3], " ")
			found := false
			for _, f := range all[m[2]] {
				if !strings.HasPrefix(f.name, name) {
					continue
				}
				found = true
				if !rounds(f.measured, m[1]) {
					t.Errorf("%s: quotes %s of %q, measurements.md has %s", p.path, m[1], f.name, f.measured)
				}
			}
			if !found {
				t.Errorf("%s: measurements.md has no figure %q of make %s", p.path, name, m[2])
			}
		}
	}
	if quoted < 3 {
		t.Errorf("%d quoted figures, want those of the README at least", quoted)
	}
}

// rounds reports whether a measured number, rounded to the digits of the quoted
// one, is the quoted one.
func rounds(measured, quoted string) bool {
	quoted = strings.ReplaceAll(quoted, ",", "")
	_, digits, _ := strings.Cut(quoted, ".")
	v, err := strconv.ParseFloat(measured, 64)
	return err == nil && strconv.FormatFloat(v, 'f', len(digits), 64) == quoted
}

// Pages other than measurements.md have no table of figures of their own.
func TestPages_one_place_for_figures(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		if p.path != "docs/measurements.md" && regexp.MustCompile(`(?m)^\|.*\| measured \|`).MatchString(p.text) {
			t.Errorf("%s has a table of measured figures; they belong in %s", p.path, filepath.Join("docs", "measurements.md"))
		}
	}
}
