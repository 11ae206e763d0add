// Package row holds the plain types that travel from a data source through an
// encoder: the columns of a result, batches of its rows, and values bound to
// placeholders. It knows no database and no file format and imports nothing
// of ours, so that source and render need not know each other.
package row

// Kind is what an encoder must know of a column's values; the server's own
// name of the type is in Column.Type.
type Kind uint8

// The kinds. A cell's bytes are the server's text unless the kind says
// otherwise.
const (
	Text     Kind = iota // CHAR, VARCHAR, TEXT, ENUM, SET, JSON: UTF-8
	Int                  // TINYINT … BIGINT, signed or not, with ZEROFILL's zeros
	Decimal              // DECIMAL as written by the server: "-12.50"
	Float                // FLOAT, DOUBLE as written by the server: "1e-7"
	Date                 // "2026-01-31", "0000-00-00"
	Time                 // "-838:59:59.000000": a span, not a time of day
	DateTime             // DATETIME, TIMESTAMP: "2026-01-31 23:59:59.123456"
	Year                 // "2026", "0000"
	Bit                  // BIT(n): big-endian bytes, not text
	Binary               // BINARY, VARBINARY, BLOB: bytes, not text
	Geometry             // the server's internal form: 4 bytes SRID, then WKB
)

// Column describes one column of a result, as the server announced it.
type Column struct {
	Name     string // the name in the result: the alias where there is one
	Type     string // the server's name of the type: "BIGINT UNSIGNED", "VARCHAR"
	Kind     Kind
	Unsigned bool
	Zerofill bool
	// Scale is the number of digits after the point of a DECIMAL, of a FLOAT
	// or DOUBLE declared with one, or of the seconds of a TIME or DATETIME;
	// -1 where the type has none.
	Scale int
	// Length is the declared width: digits of a number, bits of a BIT,
	// characters of a text (0 where unknown).
	Length int64
}

// Arg is a value bound to one "?" placeholder, never text in SQL.
type Arg struct {
	Kind Kind   // Text, Int, Decimal, Date or DateTime
	Text string // the value as text, already checked to be of the kind
	Null bool   // NULL; Text is ignored
}
