// Package filename makes the names of files from patterns such as
// "{name}-{due:2006-01-02}". A template is checked with it, an attempt names its
// file with it. It knows words and dates, not where the values come from.
package filename

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// paramWord begins the words that stand for parameters: {param.from}.
const paramWord = "param."

// dates are the words that take a layout, with the layout they have without one.
var dates = map[string]string{
	"date": "2006-01-02", "time": "150405", "due": "2006-01-02", "window_start": "2006-01-02", "window_end": "2006-01-02",
}

// texts are the other words.
var texts = []string{"name", "id", "attempt"}

// unlike is a time that shares no part with the one that layouts are written
// as, so that a layout that it leaves unchanged holds no part of a date.
var unlike = time.Date(1999, time.November, 28, 9, 37, 48, 0, time.UTC)

// Pattern is a parsed pattern.
type Pattern struct{ pieces []piece }

// piece is a literal or a word.
type piece struct{ literal, word, layout string }

// Parse reads a pattern. The error names the word and its place in bytes.
func Parse(pattern string) (Pattern, error) {
	if i := strings.IndexFunc(pattern, func(r rune) bool { return r < ' ' || r == 0x7f || r == '/' || r == '\\' || r == utf8.RuneError }); i >= 0 {
		return Pattern{}, fmt.Errorf("character at byte %d: want no slashes, control characters or bytes that are no UTF-8", i)
	}
	return parse(pattern)
}

// parse reads the words of a pattern.
func parse(pattern string) (Pattern, error) {
	var p Pattern
	for at := 0; at < len(pattern); {
		open := strings.IndexAny(pattern[at:], "{}")
		if open < 0 {
			p.pieces = append(p.pieces, piece{literal: pattern[at:]})
			break
		}
		if open > 0 {
			p.pieces = append(p.pieces, piece{literal: pattern[at : at+open]})
		}
		at += open
		end := strings.IndexByte(pattern[at:], '}')
		if pattern[at] == '}' || end < 0 {
			return p, fmt.Errorf("brace at byte %d: want pairs of { and }", at)
		}
		word, layout, hasLayout := strings.Cut(pattern[at+1:at+end], ":")
		one, err := readWord(word, layout, hasLayout)
		if err != nil {
			return p, fmt.Errorf("{%s} at byte %d: %w", pattern[at+1:at+end], at, err)
		}
		p.pieces = append(p.pieces, one)
		at += end + 1
	}
	return p, nil
}

func readWord(word, layout string, hasLayout bool) (piece, error) {
	usual, isDate := dates[word]
	switch {
	case isDate && !hasLayout:
		return piece{word: word, layout: usual}, nil
	case isDate && unlike.Format(layout) == layout:
		return piece{}, fmt.Errorf("layout %q holds no part of a date, want such as 2006-01-02", layout)
	case isDate:
		return piece{word: word, layout: layout}, nil
	case hasLayout:
		return piece{}, fmt.Errorf("%q takes no layout", word)
	case strings.HasPrefix(word, paramWord) && len(word) > len(paramWord):
		return piece{word: word}, nil
	}
	if slices.Contains(texts, word) {
		return piece{word: word}, nil
	}
	return piece{}, errors.New("no such word, want name, id, attempt, date, time, due, window_start, window_end or param.NAME")
}

// Params are the names of the parameters that the pattern uses.
func (p Pattern) Params() []string {
	var names []string
	for _, x := range p.pieces {
		if name, ok := strings.CutPrefix(x.word, paramWord); ok {
			names = append(names, name)
		}
	}
	return names
}

// Values are what the words stand for.
type Values struct {
	Texts  map[string]string    // name, id, attempt
	Times  map[string]time.Time // date, time, due, window_start, window_end; a zero time is written as nothing
	Params map[string]string
}

// Expand writes the name. It is not yet fit for a file system: values hold what
// they hold.
func (p Pattern) Expand(v Values) string {
	var b strings.Builder
	for _, x := range p.pieces {
		name, isParam := strings.CutPrefix(x.word, paramWord)
		switch {
		case x.word == "":
			b.WriteString(x.literal)
		case isParam:
			b.WriteString(v.Params[name])
		case x.layout != "":
			if t := v.Times[x.word]; !t.IsZero() {
				b.WriteString(t.Format(x.layout))
			}
		default:
			b.WriteString(v.Texts[x.word])
		}
	}
	return b.String()
}
