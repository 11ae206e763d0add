package filename

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxParts is the largest number of parts of a path.
const maxParts = 20

// CheckPath checks a pattern of a relative path: parts between slashes, each a
// pattern of a file name; a path that ends in a slash is a folder. It returns the
// names of the parameters that the parts use. A path that leads out of its folder
// is an error.
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

// ExpandPath returns where the file of the given name goes, as a relative path
// between slashes whose parts are names for every common file system. pattern is
// one of CheckPath. If it is empty or ends in a slash, it is the file's folder.
// Otherwise its last part is the file's new name; the extension of file is
// appended where it is missing.
func ExpandPath(pattern, file string, v Values) string {
	var parts []string
	folder, name := path.Split(pattern)
	for part := range strings.SplitSeq(folder, "/") {
		if part != "" {
			parts = append(parts, expandPart(part, v))
		}
	}
	if name != "" {
		ext := extension(file)
		file = expandPart(strings.TrimSuffix(name, ext), v)
		file = strings.TrimSuffix(file, ext) + ext // a parameter may hold it as well
	}
	return strings.Join(append(parts, file), "/")
}

func expandPart(pattern string, v Values) string {
	p, err := Parse(pattern)
	if err != nil {
		return Safe(pattern)
	}
	return p.Name(v)
}

// extension returns the extension of a file name; ".csv.gz" and ".jsonl.zst"
// are one extension.
func extension(file string) string {
	ext := path.Ext(file)
	if ext == ".gz" || ext == ".zst" {
		ext = path.Ext(strings.TrimSuffix(file, ext)) + ext
	}
	return ext
}

// ParseLine parses a pattern of one line of text, such as a subject. It takes any
// characters but control characters, and words in braces.
func ParseLine(pattern string) (Pattern, error) {
	if !utf8.ValidString(pattern) {
		return Pattern{}, errors.New("want UTF-8")
	}
	if i := strings.IndexFunc(pattern, unicode.IsControl); i >= 0 {
		return Pattern{}, fmt.Errorf("character at byte %d: want no control characters", i)
	}
	return parse(pattern)
}
