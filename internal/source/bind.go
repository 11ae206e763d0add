package source

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"exporttask/internal/format/row"
)

// binding is a statement made ready to run: statements that bind its values
// in the session, and the one that gives the rows.
type binding struct {
	before []string
	run    string
}

// The names that a bound statement takes in its session.
const (
	stmtName  = "exportd_stmt"
	varPrefix = "@exportd_"
)

// bind prepares sql to run with args. Without values the statement runs as it
// is. With values it is prepared in SQL (PREPARE, EXECUTE … USING), because
// the binary protocol's EXECUTE answers in binary and loses the server's
// text. No value is ever part of the statement: each is set as a variable by
// a literal that cannot be left, hexadecimal for text, checked digits for
// numbers.
func bind(sql string, args []row.Arg) (binding, error) {
	if !utf8.ValidString(sql) {
		return binding{}, errors.New("statement: not valid UTF-8")
	}
	if len(args) == 0 {
		return binding{run: sql}, nil
	}
	var set, using strings.Builder
	set.WriteString("SET " + varPrefix + "sql = " + textLiteral(sql))
	using.WriteString("EXECUTE " + stmtName + " USING ")
	for i, a := range args {
		lit, err := literal(a)
		if err != nil {
			return binding{}, fmt.Errorf("placeholder %d: %w", i+1, err)
		}
		name := varPrefix + strconv.Itoa(i+1)
		set.WriteString(", " + name + " = " + lit)
		if i > 0 {
			using.WriteString(", ")
		}
		using.WriteString(name)
	}
	return binding{
		before: []string{set.String(), "PREPARE " + stmtName + " FROM " + varPrefix + "sql"},
		run:    using.String(),
	}, nil
}

// literal writes a value as a SQL literal.
func literal(a row.Arg) (string, error) {
	if a.Null {
		return "NULL", nil
	}
	switch a.Kind {
	case row.Int:
		return checkNumber(a.Text, 0)
	case row.Decimal:
		return checkNumber(a.Text, maxScale)
	case row.Text, row.Date, row.DateTime:
		if !utf8.ValidString(a.Text) {
			return "", errors.New("text is not valid UTF-8")
		}
		return textLiteral(a.Text), nil
	case row.Float, row.Time, row.Year, row.Bit, row.Binary, row.Geometry:
	}
	return "", fmt.Errorf("kind %d cannot be bound", a.Kind)
}

// textLiteral is s as a hexadecimal literal of utf8mb4.
func textLiteral(s string) string { return "_utf8mb4 X'" + hex.EncodeToString([]byte(s)) + "'" }

// The bounds of a DECIMAL (MySQL and MariaDB reference, Fixed-Point Types);
// a literal past them would be rounded without a word.
const (
	maxDigits = 65
	maxScale  = 30
)

// checkNumber gives back s where it is an optional sign and digits, with at
// most scale of them after a point.
func checkNumber(s string, scale int) (string, error) {
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	if len(s)-len(digits) > 1 {
		return "", fmt.Errorf("%.80q is not a number", s)
	}
	whole, frac, point := strings.Cut(digits, ".")
	if !allDigits(whole) || point && (scale == 0 || !allDigits(frac)) {
		return "", fmt.Errorf("%.80q is not a number", s)
	}
	if len(frac) > scale || len(whole)+len(frac) > maxDigits {
		return "", fmt.Errorf("%.80q has more digits than the server keeps", s)
	}
	return s, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
