package sqlcheck

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The largest DECIMAL of both servers: 65 digits, 30 of them after the point.
// 30 is the limit of MySQL; MariaDB allows 38.
const (
	maxDigits = 65
	maxScale  = 30
)

// parseValue checks v against d and returns the values to bind: one, or one for
// each element of a list, which may be none.
func parseValue(d Decl, v Value) ([]value, *ParamError) {
	bad := func(found, allowed string) ([]value, *ParamError) { return nil, &ParamError{d.Name, found, allowed} }
	switch {
	case v.Null && (v.Text != "" || len(v.Texts) > 0):
		return bad("NULL and a value", "one of the two")
	case v.Null && d.Required:
		return bad("NULL, but required", "a value of type "+string(d.Type))
	case !d.Type.IsList() && len(v.Texts) > 0:
		return bad(fmt.Sprintf("list of %d values", len(v.Texts)), "one value of type "+string(d.Type))
	case d.Type.IsList() && v.Text != "":
		return bad("single value "+quoteShort(v.Text), "a list of "+string(d.Type.Elem())+" values")
	case d.Type.IsList():
		return parseList(d, v)
	case v.Null:
		return []value{{typ: d.Type.Elem(), null: true}}, nil
	}
	arg, want := parseText(d, v.Text)
	if want != "" {
		return bad("got "+quoteShort(v.Text), want)
	}
	return []value{arg}, nil
}

func parseList(d Decl, v Value) ([]value, *ParamError) {
	if n := len(v.Texts); n > MaxList {
		return nil, &ParamError{d.Name, fmt.Sprintf("list of %d values", n), fmt.Sprintf("%d values", MaxList)}
	}
	if len(v.Texts) == 0 && d.Empty == EmptyIsError {
		return nil, &ParamError{d.Name, "empty list", `1 value or more; an empty list only where declared as "none"`}
	}
	args := make([]value, 0, len(v.Texts))
	for i, s := range v.Texts {
		arg, want := parseText(d, s)
		if want != "" {
			return nil, &ParamError{d.Name, fmt.Sprintf("value %d of the list: got %s", i+1, quoteShort(s)), want}
		}
		args = append(args, arg)
	}
	return args, nil
}

// parseText checks one value. The string want says what is allowed and is empty
// where the value is valid.
func parseText(d Decl, s string) (arg value, want string) {
	arg = value{typ: d.Type.Elem(), text: s}
	ok := false
	switch d.Type.Elem() {
	case String:
		limit := d.MaxLength
		if limit == 0 {
			limit = MaxLength
		}
		ok, want = utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit, fmt.Sprintf("UTF-8 text of at most %d characters", limit)
	case Int:
		arg.text, ok = parseInt(s)
		want = "an integer from -9223372036854775808 to 18446744073709551615"
	case Decimal:
		ok, want = validDecimal(s), fmt.Sprintf("a decimal such as -12.50, at most %d digits, %d of them after the point", maxDigits, maxScale)
	case Date:
		ok, want = validDate(s), "a day that exists, from 1000-01-01 to 9999-12-31"
	case DateTime:
		arg.text, ok = parseDateTime(s)
		want = "a date and time such as 2026-01-31 23:59:59, with at most 6 digits after the seconds and no zone"
	case Bool:
		arg.text, ok = parseBool(s)
		want = "true, false, 1 or 0"
	}
	if ok {
		want = ""
	}
	return arg, want
}

// parseInt returns the integer s in its shortest form ("007" becomes "7", "-0"
// becomes "0") and reports whether s is within the range of Int.
func parseInt(s string) (string, bool) {
	if strings.Trim(strings.TrimPrefix(s, "-"), "0123456789") != "" {
		return "", false
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return strconv.FormatInt(n, 10), true
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return strconv.FormatUint(n, 10), err == nil
}

func validDecimal(s string) bool {
	whole, frac, point := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if whole == "" || point && frac == "" || strings.Trim(whole+frac, "0123456789") != "" {
		return false
	}
	return len(strings.TrimLeft(whole, "0"))+len(frac) <= maxDigits && len(frac) <= maxScale
}

// validDate reports whether s is YYYY-MM-DD and a day that exists, from
// 1000-01-01 on.
func validDate(s string) bool {
	return len(s) == len(time.DateOnly) && exact(s, time.DateOnly) && s >= "1000"
}

// parseDateTime returns s with a blank between date and time, where s has a
// blank or a T, and reports whether s is a valid date and time.
func parseDateTime(s string) (string, bool) {
	if len(s) > 10 && s[10] == 'T' {
		s = s[:10] + " " + s[11:]
	}
	head, frac, point := strings.Cut(s, ".")
	if point && (len(frac) < 1 || len(frac) > 6 || strings.Trim(frac, "0123456789") != "") {
		return "", false
	}
	return s, len(head) == len(time.DateTime) && exact(head, time.DateTime) && s >= "1000"
}

// exact reports whether s is a time that exists, written exactly in layout.
// time.Parse also accepts other forms; those do not format back to s.
func exact(s, layout string) bool {
	t, err := time.Parse(layout, s)
	return err == nil && t.Format(layout) == s
}

func parseBool(s string) (string, bool) {
	switch s {
	case "true", "1":
		return "1", true
	case "false", "0":
		return "0", true
	}
	return "", false
}

// quoteShort returns at most 40 characters of s in quotes, for a message.
func quoteShort(s string) string { return strconv.Quote(shorten(s, maxNear)) }
