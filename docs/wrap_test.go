package docs

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "wrap the pages")

// width is the longest line of prose, in characters.
const width = 80

// Paragraphs and list items are wrapped at one width. `go test ./docs -update`
// wraps them.
func TestPages_wrapped(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		want := wrap(p.text)
		if *update && want != p.text {
			if err := os.WriteFile(filepath.Join(root, p.path), []byte(want), 0o600); err != nil {
				t.Error(err)
			}
			continue
		}
		wrapped := map[string]bool{} // lines that cannot be wrapped any more
		for l := range strings.SplitSeq(want, "\n") {
			wrapped[l] = true
		}
		for _, l := range p.prose {
			if n := utf8.RuneCountInString(comment.ReplaceAllString(l.text, "")); n > width && !wrapped[l.text] {
				t.Errorf("%s:%d: %d characters, want at most %d; go test ./docs -update wraps the pages", p.path, l.no, n, width)
			}
		}
	}
}

var (
	verbatim = regexp.MustCompile(`^\s*(?:\||#|<!--)`)
	item     = regexp.MustCompile(`^(\s*(?:[-*+]|\d+\.) )(.*)$`)
)

// wrap breaks the paragraphs and list items of a page into lines of the width.
// Code blocks, tables, headings and comments stay as they are.
func wrap(text string) string {
	var out, words []string
	first, rest := "", "" // what stands before the first line and the others
	flush := func() {
		if len(words) > 0 {
			out = append(out, fill(words, first, rest)...)
			words = nil
		}
	}
	fence := false
	for l := range strings.SplitSeq(text, "\n") {
		code := strings.HasPrefix(strings.TrimSpace(l), "```")
		if code {
			fence = !fence
		}
		if code || fence || strings.TrimSpace(l) == "" || verbatim.MatchString(l) {
			flush()
			out = append(out, l)
			continue
		}
		body := strings.TrimLeft(l, " ")
		if m := item.FindStringSubmatch(l); m != nil {
			flush()
			first, rest, body = m[1], strings.Repeat(" ", len(m[1])), m[2]
		} else if len(words) == 0 {
			first = l[:len(l)-len(body)]
			rest = first
		}
		words = append(words, body)
	}
	flush()
	return strings.Join(out, "\n")
}

// unbroken are code spans and comments, within which no line ends.
var unbroken = regexp.MustCompile("`[^`]+`|<!--.*?-->")

func fill(lines []string, first, rest string) []string {
	const blank = "\x00"
	text := strings.Join(strings.Fields(strings.Join(lines, " ")), " ")
	text = unbroken.ReplaceAllStringFunc(text, func(s string) string { return strings.ReplaceAll(s, " ", blank) })
	var out []string
	line := first
	for i, word := range strings.Split(text, " ") {
		shown := utf8.RuneCountInString(comment.ReplaceAllString(line, "")) + 1 + utf8.RuneCountInString(comment.ReplaceAllString(word, ""))
		switch {
		case i == 0:
			line += word
		case shown <= width:
			line += " " + word
		default:
			out, line = append(out, line), rest+word
		}
	}
	out = append(out, line)
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], blank, " ")
	}
	return out
}
