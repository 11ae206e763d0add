package format

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// CheckFormat checks a number format in Excel's notation (ECMA-376 part 1, section
// 18.8.31; the grammar is in MS-XLS 2.4.126). Excel refuses a whole file for one
// invalid format.
func CheckFormat(format string) error {
	if n := UTF16Len([]byte(format)); n > maxFormat {
		return badFormat("%d characters, want at most %d", n, maxFormat)
	}
	p := formatParser{rest: format}
	for {
		more, err := p.section()
		if err != nil {
			return err
		}
		if p.sections++; p.sections > 4 {
			return badFormat("more than 4 sections")
		}
		if !more {
			return nil
		}
	}
}

// formatParser parses the sections of a number format.
type formatParser struct {
	rest       string
	at         int // offset of rest in the format
	sections   int
	conditions int

	// The current section.
	digits, points, exponents, slashes int
	general, text, date                bool
	denominator                        bool // digits after a slash
	last                               byte // letter of the last date token directly before rest; 0 = none
}

// section parses one section and its semicolon. more reports whether another one
// follows.
func (p *formatParser) section() (more bool, err error) {
	*p = formatParser{rest: p.rest, at: p.at, sections: p.sections, conditions: p.conditions}
	for p.rest != "" {
		if p.rest[0] == ';' {
			p.skip(1)
			return true, p.checkSection()
		}
		n, err := p.token()
		if err != nil {
			return false, err
		}
		p.skip(n)
	}
	return false, p.checkSection()
}

func (p *formatParser) skip(n int) {
	p.rest = p.rest[n:]
	p.at += n
}

// checkSection checks the parts of a section against each other.
func (p *formatParser) checkSection() error {
	kinds := 0
	for _, is := range []bool{p.general, p.text, p.date, p.digits > 0} {
		if is {
			kinds++
		}
	}
	switch {
	case kinds > 1:
		return badFormat("a section mixes digits, dates, General or @; put literal text in double quotes")
	case p.exponents > 0 && p.slashes > 0:
		return badFormat("a section has an exponent and a fraction, want at most one of the two")
	case p.digits > 0 && p.slashes > 0 && !p.denominator:
		return badFormat("a fraction without digits after the slash")
	}
	return nil
}

// token checks the token that rest begins with and returns its length in bytes.
func (p *formatParser) token() (int, error) {
	last := p.last
	p.last = 0
	switch c := p.rest[0]; {
	case c == '"':
		end := strings.IndexByte(p.rest[1:], '"')
		if end < 0 {
			return 0, badFormat("the quote at byte %d has no end", p.at+1)
		}
		return end + 2, nil
	case c == '[':
		return p.bracket()
	case c == '\\' || c == '_' || c == '*':
		if len(p.rest) == 1 {
			return 0, badFormat("%q at the end, want a character behind it", c)
		}
		_, n := utf8.DecodeRuneInString(p.rest[1:])
		return 1 + n, nil
	case c == '0' || c == '#' || c == '?':
		p.digits++
		p.denominator = p.slashes > 0
		return 1, nil
	case c >= '1' && c <= '9':
		p.denominator = p.slashes > 0
		return 1, nil
	case c == '.':
		return p.point(last)
	case c == '/':
		if p.digits > 0 {
			if p.slashes++; p.slashes > 1 {
				return 0, badFormat("a second fraction slash at byte %d", p.at+1)
			}
		}
		return 1, nil
	case c == '@':
		p.text = true
		return 1, nil
	case c < 0x20 || c == 0x7f:
		return 0, badFormat("control character at byte %d", p.at+1)
	case c|0x20 >= 'a' && c|0x20 <= 'z':
		return p.word()
	}
	_, n := utf8.DecodeRuneInString(p.rest)
	return n, nil
}

// point checks a decimal point. Behind seconds it begins their decimals.
func (p *formatParser) point(last byte) (int, error) {
	if last == 's' && strings.HasPrefix(p.rest, ".0") {
		zeros := len(p.rest) - 1 - len(strings.TrimLeft(p.rest[1:], "0"))
		if zeros > 3 {
			return 0, badFormat("%d decimals of a second at byte %d, want at most 3", zeros, p.at+1)
		}
		return 1 + zeros, nil
	}
	if p.date {
		return 1, nil // a separator, as in dd.mm.yyyy
	}
	// A point before any digit may be a decimal point or the separator of a date.
	if p.points++; p.points > 1 && p.digits > 0 {
		return 0, badFormat("a second decimal point at byte %d; put literal text in double quotes", p.at+1)
	}
	return 1, nil
}

// letterRuns are the lengths of runs of a letter that are tokens of a date: years,
// eras, Buddhist years, months or minutes, days, weekdays, hours and seconds.
var letterRuns = map[byte][]int{
	'y': {1, 2, 3, 4}, 'e': {1, 2}, 'g': {1, 2, 3}, 'b': {1, 2, 4}, 'm': {1, 2, 3, 4, 5},
	'd': {1, 2, 3, 4}, 'a': {3, 4}, 'h': {1, 2}, 's': {1, 2},
}

// word checks a keyword or a run of date letters.
func (p *formatParser) word() (int, error) {
	for _, word := range []string{"General", "AM/PM", "A/P"} {
		if len(p.rest) < len(word) || !strings.EqualFold(p.rest[:len(word)], word) {
			continue
		}
		if word == "General" {
			p.general = true
		} else {
			p.date = true
		}
		return len(word), nil
	}
	letter := p.rest[0] | 0x20
	if letter == 'e' && p.digits > 0 && !p.date {
		return p.exponent()
	}
	n := 1
	for n < len(p.rest) && p.rest[n]|0x20 == letter {
		n++
	}
	if slices.Contains(letterRuns[letter], n) {
		p.date = true
		p.last = letter
		return n, nil
	}
	return 0, badFormat("%q at byte %d is not part of the notation; put literal text in double quotes", p.rest[:n], p.at+1)
}

// exponent checks E+00 or E-00.
func (p *formatParser) exponent() (int, error) {
	if len(p.rest) < 3 || p.rest[1] != '+' && p.rest[1] != '-' || !strings.ContainsRune("0#?", rune(p.rest[2])) {
		return 0, badFormat("an exponent at byte %d, want E+ or E- and digits", p.at+1)
	}
	if p.exponents++; p.exponents > 1 {
		return 0, badFormat("a second exponent at byte %d", p.at+1)
	}
	return 2, nil
}

// formatColors are the names of colors.
var formatColors = []string{"Black", "Blue", "Cyan", "Green", "Magenta", "Red", "White", "Yellow"}

// bracket checks a color, a condition, an elapsed time, a currency with a locale
// ([$¥-804], [$-804], [$-zh-CN]) or a numeral shape ([DBNum1]).
func (p *formatParser) bracket() (int, error) {
	end := strings.IndexByte(p.rest, ']')
	if end < 2 {
		return 0, badFormat("the bracket at byte %d is empty or has no end", p.at+1)
	}
	content := p.rest[1:end]
	lower := strings.ToLower(content)
	switch {
	case content[0] == '$':
		if end == 2 || strings.ContainsAny(content, "[\"") {
			return 0, badFormat("%q at byte %d, want a currency or a locale such as [$¥-804]", p.rest[:end+1], p.at+1)
		}
		return end + 1, nil
	case strings.ContainsRune("<>=", rune(content[0])):
		return end + 1, p.condition(content)
	case strings.Trim(lower, "h") == "" || strings.Trim(lower, "m") == "" || strings.Trim(lower, "s") == "":
		p.date = true
		p.last = lower[0]
		return end + 1, nil
	case strings.HasPrefix(lower, "dbnum") && len(lower) == 6 && lower[5] >= '1' && lower[5] <= '4':
		return end + 1, nil
	}
	for _, color := range formatColors {
		if strings.EqualFold(content, color) {
			return end + 1, nil
		}
	}
	if number, ok := strings.CutPrefix(lower, "color"); ok {
		if n, err := strconv.Atoi(strings.TrimSpace(number)); err == nil && n >= 1 && n <= 56 {
			return end + 1, nil
		}
	}
	return 0, badFormat("%q at byte %d, want a color, a condition, an elapsed time ([h], [mm], [s]), a locale ([$-804]) or [DBNum1] to [DBNum4]", p.rest[:end+1], p.at+1)
}

// condition checks a condition such as >=100.
func (p *formatParser) condition(content string) error {
	number := content
	for _, op := range []string{"<=", ">=", "<>", "<", ">", "="} {
		if rest, ok := strings.CutPrefix(content, op); ok {
			number = rest
			break
		}
	}
	if !IsNumber([]byte(strings.TrimSpace(number))) {
		return badFormat("[%s] at byte %d, want a comparison with a number such as [>=100]", content, p.at+1)
	}
	if p.conditions++; p.conditions > 2 {
		return badFormat("more than 2 conditions")
	}
	return nil
}
