package filename

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxParts bounds the folders of a path.
const maxParts = 20

// CheckPath checks a pattern of a path: parts between slashes, each a pattern as
// Parse takes it. One that ends in a slash is a folder. It returns the names of
// the parameters that the parts use. A path that leaves its folder is refused;
// what values make of it is the business of who expands it.
func CheckPath(pattern string) (params []string, err error) {
	if pattern == "" {
		return nil, nil
	}
	parts := strings.Split(strings.TrimSuffix(pattern, "/"), "/")
	if len(parts) > maxParts {
		return nil, fmt.Errorf("%d parts between slashes, want at most %d", len(parts), maxParts)
	}
	at := 0
	for _, part := range parts {
		switch strings.TrimSpace(part) {
		case "":
			return nil, fmt.Errorf("empty part at byte %d, want a relative path", at)
		case ".", "..":
			return nil, fmt.Errorf("part %q at byte %d, want one that stays in the folder", part, at)
		}
		p, err := Parse(part)
		if err != nil {
			return nil, fmt.Errorf("part %q at byte %d: %w", part, at, err)
		}
		params = append(params, p.Params()...)
		at += len(part) + 1
	}
	return params, nil
}

// ParseLine reads a pattern of a line of text, such as a subject: any characters
// but those that would end the line, and words in braces.
func ParseLine(pattern string) (Pattern, error) {
	if !utf8.ValidString(pattern) {
		return Pattern{}, errors.New("want UTF-8")
	}
	if i := strings.IndexFunc(pattern, unicode.IsControl); i >= 0 {
		return Pattern{}, fmt.Errorf("character at byte %d: want no control characters", i)
	}
	return parse(pattern)
}
