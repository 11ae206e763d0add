package docs

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	unslug   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	wrapped  = regexp.MustCompile(`\]\(\s|\]\s+\(`)
	codeSpan = regexp.MustCompile("`[^`]+`")
)

func TestPages_links(t *testing.T) {
	t.Parallel()
	all := pages(t)
	anchors := map[string]map[string]bool{}
	for _, p := range all {
		anchors[p.path] = map[string]bool{}
		for _, l := range p.prose {
			if m := heading.FindStringSubmatch(l.text); m != nil {
				anchors[p.path][slug(m[1])] = true
			}
		}
	}
	for _, p := range all {
		for _, l := range p.prose {
			text := codeSpan.ReplaceAllString(l.text, "")
			if wrapped.MatchString(text) {
				t.Errorf("%s:%d: a link is broken by white space: %s", p.path, l.no, l.text)
			}
			for _, m := range link.FindAllStringSubmatch(text, -1) {
				to, anchor, _ := strings.Cut(m[1], "#")
				switch {
				case strings.Contains(to, "://"):
				case to == "" && !anchors[p.path][anchor]:
					t.Errorf("%s:%d: no heading #%s", p.path, l.no, anchor)
				case to == "":
				default:
					file := path.Join(path.Dir(p.path), to)
					if _, err := os.Stat(path.Join(root, file)); err != nil {
						t.Errorf("%s:%d: no file %s", p.path, l.no, file)
					} else if anchor != "" && !anchors[file][anchor] {
						t.Errorf("%s:%d: %s has no heading #%s", p.path, l.no, file, anchor)
					}
				}
			}
		}
	}
}

// Every page is linked from another one, so that a reader can find it.
func TestPages_reachable(t *testing.T) {
	t.Parallel()
	all := pages(t)
	linked := map[string]bool{"README.md": true}
	for _, p := range all {
		for _, m := range link.FindAllStringSubmatch(p.text, -1) {
			to, _, _ := strings.Cut(m[1], "#")
			if file := path.Join(path.Dir(p.path), to); file != p.path {
				linked[file] = true
			}
		}
	}
	for _, p := range all {
		decision := strings.HasPrefix(p.path, "docs/adr/") && linked["docs/adr"]
		if !linked[p.path] && !decision {
			t.Errorf("no page links to %s", p.path)
		}
	}
}

// slug is the anchor that renderers give to a heading.
func slug(title string) string {
	title = strings.ReplaceAll(title, "`", "")
	return strings.ReplaceAll(unslug.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}
