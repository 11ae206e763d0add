// Package row has the types that data sources and encoders share: the columns
// of a result, batches of its rows, and the values bound to placeholders. It
// depends on no database and no file format, so that the packages source and
// format do not depend on each other.
package row

import "time"

// Kind is the class of a column's SQL type that decides how an encoder converts
// its values. Column.Type has the server's name of the type.
type Kind uint8

// The kinds of columns. The bytes of a cell are the server's text unless stated
// otherwise.
const (
	Text     Kind = iota // CHAR, VARCHAR, TEXT, ENUM, SET, JSON: UTF-8
	Int                  // TINYINT … BIGINT, signed or unsigned, with the zeros of ZEROFILL
	Decimal              // DECIMAL as written by the server: "-12.50"
	Float                // FLOAT, DOUBLE as written by the server: "1e-7"
	Date                 // "2026-01-31", "0000-00-00"
	Time                 // "-838:59:59.000000": a duration, not a time of day
	DateTime             // DATETIME, TIMESTAMP: "2026-01-31 23:59:59.123456"
	Year                 // "2026", "0000"
	Bit                  // BIT(n): big-endian bytes, not text
	Binary               // BINARY, VARBINARY, BLOB: bytes, not text
	Geometry             // the server's internal format: 4 bytes of SRID, then WKB
)

// Measures reports whether values of the kind are numbers of which thousands are
// counted, unlike years and bits.
func (k Kind) Measures() bool { return k == Int || k == Decimal || k == Float }

// Column is the server's description of one column of a result.
type Column struct {
	Name     string // name in the result: the alias if there is one
	Type     string // the server's name of the type: "BIGINT UNSIGNED", "VARCHAR"
	Kind     Kind
	Unsigned bool
	Computed bool // an expression, not a column of a table
	Zerofill bool
	Key      bool // part of a key of its table
	// Scale is the number of decimals of a DECIMAL, of a FLOAT or DOUBLE that
	// declares them, or of the seconds of a TIME or DATETIME; -1 if the type has
	// no scale.
	Scale int
	// Location is the time zone of a TIMESTAMP, whose text the server writes in the
	// time zone of the session; nil = UTC, or not known for other types.
	Location *time.Location
	// Length is the declared width: digits of a number, bits of a BIT,
	// characters of a text; 0 = unknown.
	Length int64
}
