// Package docs tests the pages of the repository: what they name exists, links
// resolve, quoted figures are those of measurements.md, and the text keeps to
// plain words and one width.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the repository, seen from this package's folder.
const root = ".."

// page is one Markdown file.
type page struct {
	path  string // relative to root, between slashes
	text  string
	prose []line // lines outside of code blocks
	code  []line // lines of code blocks
}

type line struct {
	no   int // from 1
	text string
}

// pages reads every Markdown file of the repository.
func pages(t *testing.T) []page {
	t.Helper()
	var list []page
	for path, text := range files(t, ".md") {
		p := page{path: path, text: text}
		fence := false
		for i, l := range strings.Split(text, "\n") {
			switch {
			case strings.HasPrefix(strings.TrimSpace(l), "```"):
				fence = !fence
			case fence:
				p.code = append(p.code, line{i + 1, l})
			default:
				p.prose = append(p.prose, line{i + 1, l})
			}
		}
		if fence {
			t.Errorf("%s: a code block is not closed", path)
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b page) int { return strings.Compare(a.path, b.path) })
	return list
}

// files reads the repository's files with one of the given endings, by path.
func files(t *testing.T, endings ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".ci" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case !d.Type().IsRegular() || !slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(path, e) }):
			return nil
		}
		text, err := os.ReadFile(path)
		found[filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var comment = regexp.MustCompile(`<!--.*?-->`)

// unplain are words and phrases that a plain technical text does not use.
var unplain = regexp.MustCompile(`(?i)\b(whoever|whatsoever|anew|shall|heeds|for want of|its word|what is not there|tells?|told)\b`)

func TestPages_plain_words(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		for _, l := range p.prose {
			if word := unplain.FindString(comment.ReplaceAllString(l.text, "")); word != "" {
				t.Errorf("%s:%d: %q; want the field's own term: %s", p.path, l.no, word, l.text)
			}
		}
	}
	for no, l := range strings.Split(files(t, "exporttask.proto")["api/exporttask.proto"], "\n") {
		if _, text, ok := strings.Cut(l, "//"); ok && unplain.MatchString(text) {
			t.Errorf("api/exporttask.proto:%d: %q; want the field's own term", no+1, unplain.FindString(text))
		}
	}
}
