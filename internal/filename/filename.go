// Package filename makes file names and paths from patterns such as
// "{name}-{due:2006-01-02}": it checks patterns, expands them, makes the result
// usable on every common file system, and shortens it. It imports nothing of this
// module; the caller gives the values.
package filename

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// paramWord begins the words of parameters, such as {param.from}.
const paramWord = "param."

// dates are the words that take a layout (of the package time), with the default
// layout.
var dates = map[string]string{
	"date": "2006-01-02", "time": "150405", "due": "2006-01-02", "window_start": "2006-01-02", "window_end": "2006-01-02",
}

// texts are the other words.
var texts = []string{"name", "id", "attempt"}

// unlike is a time that differs in every part from the reference time of layouts:
// a layout that it formats to itself holds no part of a date.
var unlike = time.Date(1999, time.November, 28, 9, 37, 48, 0, time.UTC)

// Pattern is a parsed pattern.
type Pattern struct{ pieces []piece }

// piece is a literal or a word. layout is set for dates.
type piece struct{ literal, word, layout string }

// Parse parses a pattern of a file name. The error names the word and its offset
// in bytes.
func Parse(pattern string) (Pattern, error) {
	if i := strings.IndexFunc(pattern, func(r rune) bool { return r < ' ' || r == 0x7f || r == '/' || r == '\\' || r == utf8.RuneError }); i >= 0 {
		return Pattern{}, fmt.Errorf("character at byte %d: want no slashes, control characters or bytes that are no UTF-8", i)
	}
	return parse(pattern)
}

// parse parses a pattern of any text.
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

// Params returns the names of the parameters that the pattern uses.
func (p Pattern) Params() []string {
	var names []string
	for _, x := range p.pieces {
		if name, ok := strings.CutPrefix(x.word, paramWord); ok {
			names = append(names, name)
		}
	}
	return names
}

// Values are the values of the words. A missing value is empty.
type Values struct {
	Texts  map[string]string    // name, id, attempt
	Times  map[string]time.Time // date, time, due, window_start, window_end; the zero time is empty
	Params map[string]string
}

// Expand returns the pattern with its words replaced. The result may hold
// characters that a file system refuses, and have any length.
func (p Pattern) Expand(v Values) string {
	var b strings.Builder
	for _, x := range p.pieces {
		b.WriteString(x.expand(v))
	}
	return b.String()
}

// Name returns the pattern with its words replaced as a name for every common
// file system, of at most 180 bytes; see Safe. Of a longer name only the
// template's name is shortened. If the rest alone is too long, it is shortened as
// well and a hash is appended; ids, attempts and dates stay.
func (p Pattern) Name(v Values) string {
	parts := make([]part, len(p.pieces))
	for i, x := range p.pieces {
		parts[i] = part{
			text: clean(x.expand(v)), name: x.word == "name",
			fixed: x.word == "id" || x.word == "attempt" || x.layout != "",
		}
	}
	return finish(shorten(parts))
}

func (x piece) expand(v Values) string {
	name, isParam := strings.CutPrefix(x.word, paramWord)
	switch {
	case x.word == "":
		return x.literal
	case isParam:
		return v.Params[name]
	case x.layout != "":
		if t := v.Times[x.word]; !t.IsZero() {
			return t.Format(x.layout)
		}
		return ""
	}
	return v.Texts[x.word]
}
