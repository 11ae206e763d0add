package format

import (
	"fmt"
	"strings"
)

// Condition is a style for the cells whose value meets a comparison.
type Condition struct {
	Op    Op
	Value string // the operand as declared; "" for Empty
	// Number is the operand in columns of numbers, dates (a serial number) and truth
	// values (TRUE or FALSE), in the notation of a formula; "" in columns of texts.
	// Resolve sets it.
	Number string
	Style
}

// Op is a comparison of a cell with the operand of a condition.
type Op uint8

// The comparisons.
const (
	Equal Op = iota
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
	Contains // of texts
	Empty    // NULL or an empty text
)

// opSigns are the notations, longer ones first.
var opSigns = []struct {
	sign string
	op   Op
}{
	{"<>", NotEqual},
	{"<=", LessEqual},
	{">=", GreaterEqual},
	{"=", Equal},
	{"<", Less},
	{">", Greater},
	{"contains ", Contains},
	{"empty", Empty},
}

const wantCondition = `"= 5", "<> 5", "< 5", "<= 5", "> 5", ">= 5", "contains text" or "empty"`

// Sign returns the operator of a formula for the comparison.
func (o Op) Sign() string {
	for _, s := range opSigns {
		if s.op == o {
			return s.sign
		}
	}
	return ""
}

// parse parses a comparison such as "< 0" and returns why it is invalid, or "".
func (c *Condition) parse(text string) (reason string) {
	bad := fmt.Sprintf("%q, want %s", text, wantCondition)
	for _, s := range opSigns {
		rest, ok := strings.CutPrefix(strings.TrimLeft(text, " "), s.sign)
		if !ok {
			continue
		}
		c.Op, c.Value = s.op, strings.TrimSpace(rest)
		if (c.Value == "") != (c.Op == Empty) {
			return bad
		}
		if n := UTF16Len([]byte(c.Value)); n > maxOperand {
			return fmt.Sprintf("an operand of %d characters, want at most %d", n, maxOperand)
		}
		return ""
	}
	return bad
}

// fit sets Number by the type that a column is stored as, and returns why the
// operand does not fit it, or "".
func (c *Condition) fit(stored Type) (reason string) {
	if c.Op == Empty {
		return ""
	}
	want := ""
	switch stored {
	case AsNumber:
		want = "a number"
		if IsNumber([]byte(c.Value)) {
			if n, _, ok := AppendNumber(nil, []byte(c.Value)); ok {
				c.Number = string(n)
			}
		}
	case AsDate, AsDateTime:
		want = "a date such as 2026-01-31 or 2026-01-31 23:59:59, from 1900-03-01 on"
		if s, ok := CellSerial([]byte(c.Value), 1); ok {
			c.Number = string(s.Append(nil))
		}
	case AsBool:
		want = "TRUE or FALSE"
		if v, ok := ParseBool([]byte(c.Value)); ok && (c.Op == Equal || c.Op == NotEqual) {
			c.Number = string(appendBool(nil, v))
		}
	case AsText, Auto:
		if c.Op == Equal || c.Op == NotEqual || c.Op == Contains {
			return ""
		}
		return fmt.Sprintf("%q of a column of texts, want =, <>, contains or empty; \"type\": \"number\" makes it a column of numbers", c.Op.Sign()+" "+c.Value)
	}
	if c.Op == Contains {
		return fmt.Sprintf("%q of a column that holds no texts, want =, <>, <, <=, >, >= or empty", "contains "+c.Value)
	}
	if c.Number == "" {
		return fmt.Sprintf("%q, want a comparison with %s", c.Op.Sign()+" "+c.Value, want)
	}
	return ""
}
