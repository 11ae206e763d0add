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

// binding is a statement that is ready to run: the statements that set its values
// in the session, and the statement that returns the rows.
type binding struct {
	before []string
	run    string
}

// The names of the prepared statement and of the user variables in the session.
const (
	stmtName  = "exportd_stmt"
	varPrefix = "@exportd_"
)

// bind returns the binding of sql with args. Without args the statement runs as
// it is. With args it is prepared in SQL (PREPARE, EXECUTE … USING), because
// COM_STMT_EXECUTE returns rows in the binary protocol, which loses the server's
// text of each value. No value becomes part of the statement: each is set as a
// user variable by a literal without quoting rules, hexadecimal for text and
// checked digits for numbers.
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

// literal returns a value as a SQL literal. The error says why the value cannot
// be bound.
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

// textLiteral returns s as a hexadecimal literal of utf8mb4.
func textLiteral(s string) string { return "_utf8mb4 X'" + hex.EncodeToString([]byte(s)) + "'" }

// The maximum digits of a DECIMAL, in total and after the point (MySQL and MariaDB
// reference, Fixed-Point Types). The server rounds a longer literal silently.
const (
	maxDigits = 65
	maxScale  = 30
)

// checkNumber returns s if it is an optional sign and digits, with at most scale
// digits after a point.
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
