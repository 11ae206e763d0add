package model

import (
	"database/sql/driver"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// base64From is the length in bytes from which texts and binary values are
// written in base64 (4 characters for 3 bytes) instead of hexadecimal digits.
const base64From = 1 << 10

// expand returns query with every placeholder "?" replaced by the literal of
// the argument in its place, so that the statement can be sent as text: see
// the package documentation, "The text protocol". A slice other than []byte
// becomes a list such as "1, 2, 3", a tuple one such as "(1, 2)". expand returns an error if the numbers of
// placeholders and arguments differ, if a slice is empty, or if an argument has
// a type that this package does not store.
//
// Literals consist of digits, letters of the base64 alphabet and fixed
// punctuation. No character of an argument is ever copied into a statement, so
// neither sql_mode nor the character set of the connection matters.
func expand(query string, args []any) (string, error) {
	var b strings.Builder
	for i := 0; ; i++ {
		before, rest, found := strings.Cut(query, "?")
		b.WriteString(before)
		switch {
		case !found && i == len(args):
			return b.String(), nil
		case !found:
			return "", fmt.Errorf("expand statement: %d arguments for %d placeholders", len(args), i)
		case i >= len(args):
			return "", fmt.Errorf("expand statement: more placeholders than the %d arguments", len(args))
		}
		if err := writeLiteral(&b, args[i]); err != nil {
			return "", fmt.Errorf("expand argument %d: %w", i+1, err)
		}
		query = rest
	}
}

// constSQL is a constant expression that expand copies into the statement.
type constSQL string

// utcNow is the current time of the database.
const utcNow constSQL = "UTC_TIMESTAMP(6)"

// tuple is a list of arguments that expand puts in parentheses: a row of values.
type tuple []any

func writeLiteral(b *strings.Builder, arg any) error {
	if valuer, ok := arg.(driver.Valuer); ok {
		value, err := valuer.Value()
		if err != nil {
			return err
		}
		arg = value
	}
	switch arg := arg.(type) {
	case nil:
		b.WriteString("NULL")
		return nil
	case []byte:
		writeBytes(b, arg)
		return nil
	case time.Time:
		return writeTime(b, arg)
	case constSQL:
		b.WriteString(string(arg))
		return nil
	case tuple:
		b.WriteByte('(')
		err := writeList(b, reflect.ValueOf([]any(arg)))
		b.WriteByte(')')
		return err
	}
	v := reflect.ValueOf(arg)
	switch {
	case v.Kind() == reflect.Slice:
		return writeList(b, v)
	case v.Kind() == reflect.String:
		writeText(b, v.String())
	case v.CanInt():
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case v.CanUint():
		b.WriteString(strconv.FormatUint(v.Uint(), 10))
	default:
		return fmt.Errorf("type %T has no literal", arg)
	}
	return nil
}

func writeList(b *strings.Builder, list reflect.Value) error {
	if list.Len() == 0 {
		return fmt.Errorf("empty %s", list.Type())
	}
	for i := range list.Len() {
		if i > 0 {
			b.WriteString(", ")
		}
		if err := writeLiteral(b, list.Index(i).Interface()); err != nil {
			return err
		}
	}
	return nil
}

func writeText(b *strings.Builder, s string) {
	switch {
	case s == "":
		b.WriteString("''")
	case len(s) < base64From:
		b.WriteString("_utf8mb4 x'")
		b.WriteString(hex.EncodeToString([]byte(s)))
		b.WriteString("'")
	default:
		b.WriteString("CONVERT(FROM_BASE64('")
		b.WriteString(base64.StdEncoding.EncodeToString([]byte(s)))
		b.WriteString("') USING utf8mb4)")
	}
}

func writeBytes(b *strings.Builder, value []byte) {
	if len(value) < base64From {
		b.WriteString("x'")
		b.WriteString(hex.EncodeToString(value))
		b.WriteString("'")
		return
	}
	b.WriteString("FROM_BASE64('")
	b.WriteString(base64.StdEncoding.EncodeToString(value))
	b.WriteString("')")
}

// writeTime writes a DATETIME(6) in UTC.
func writeTime(b *strings.Builder, t time.Time) error {
	t = t.UTC()
	if t.Year() < 1000 || t.Year() > 9999 {
		return fmt.Errorf("time %s is not between the years 1000 and 9999", t)
	}
	b.WriteString(t.Format("'2006-01-02 15:04:05.000000'"))
	return nil
}
