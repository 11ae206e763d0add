// Package format holds what the encoders of all file formats share: the
// declared output columns, the conversion of a cell's bytes to the text, number
// or date that a file shows, the formula guard, the options of a file and the
// warnings of an export.
//
// The encoders are the subpackages csv, jsonl, parquet, xls and xlsx; package encoder
// selects one of them by format. Package format reads no database and writes no file.
package format

import (
	"fmt"
	"time"

	"exporttask/internal/format/row"
)

// Encoder writes the rows of one result to one file. An Encoder is not safe for
// concurrent use; an implementation may use several goroutines internally.
type Encoder interface {
	// Encode writes the rows of the batch and takes ownership of it: the encoder
	// releases the batch during this call or a later one. A malformed row is
	// reported by this call or a later one with the error of row.Batch.Check.
	// After an error every further call returns the same error.
	Encode(b *row.Batch) error
	// Close completes the file and waits for the encoder's goroutines. The file
	// is complete only if Close returned nil. After a failed Encode, Close frees
	// the encoder's resources and returns the error of Encode. A second Close
	// has no effect.
	Close() error
	// Summary returns the counts of written rows and of warnings, which are final
	// after Close.
	Summary() Summary
}

// Summary counts what an encoder wrote.
type Summary struct {
	Rows     int64 // rows of data, headers not counted
	Warnings []Warning
}

// Warning is a change of values that an encoder made in a file whose export
// succeeded.
type Warning struct {
	Code  WarningCode
	Count int64 // number of affected cells
}

// WarningCode names a kind of warning.
type WarningCode string

// The warnings of the encoders.
const (
	GuardedFormula WarningCode = "guarded_formula" // an apostrophe was put before a text that a spreadsheet would run as a formula
	CutText        WarningCode = "cut_text"        // a text was cut after the 32,767 characters that a spreadsheet cell holds
	IllegalChar    WarningCode = "illegal_char"    // characters that the format cannot represent were replaced
	RoundedNumber  WarningCode = "rounded_number"  // a number of a column declared as number was rounded to 15 significant digits
	NumberText     WarningCode = "number_as_text"  // a number that a spreadsheet would change (more than 15 significant digits) was stored as text
	NotNumber      WarningCode = "not_a_number"    // a value of a column declared as number is no number and was stored as text
	ZeroDate       WarningCode = "zero_date"       // a zero date or a day that does not exist became NULL
	LongDecimal    WarningCode = "decimal_as_text" // a DECIMAL of a column of more than 38 digits was stored as text
	LongNumber     WarningCode = "long_number"     // a number that a double does not hold exactly was written as a string
	OtherType      WarningCode = "other_type"      // a value that is not of its column's type was written as a string
)

// Column is one output column: a column of the result and how it is shown.
type Column struct {
	Source row.Column // the column of the result
	Index  int        // index of the source column in the rows of the result, from 0

	Label   string            // text of the header
	Type    Type              // how a spreadsheet stores the values
	Format  string            // number or date format in Excel's notation; "" = default of the type
	Width   float64           // column width in characters; 0 = measured on the first rows
	Map     map[string]string // the server's text → the text shown; nil = none
	Zone    Zone              // time zone conversion of DATETIME and TIMESTAMP values; zero = none
	Unguard bool              // true: no formula guard in this column
	Binary  BinaryText        // text encoding of BINARY and BLOB values
	// BinaryDeclared reports that Binary was declared, so that it applies to formats
	// that have an encoding of their own.
	BinaryDeclared bool
	Look
}

// Type is how a column is stored in a spreadsheet.
type Type uint8

// The types that a column can be declared with. Auto selects by row.Kind.
const (
	Auto Type = iota
	AsText
	AsNumber
	AsDate
	AsDateTime
	AsBool
)

// BinaryText is the text encoding of binary values.
type BinaryText uint8

// The text encodings of binary values.
const (
	Hex          BinaryText = iota // upper-case hexadecimal digits without a prefix
	Base64                         // RFC 4648, section 4
	PlainText                      // the bytes are text
	TextOrHex                      // PlainText for a value that is valid UTF-8 without control characters, otherwise Hex
	TextOrBase64                   // PlainText for the same values, otherwise Base64
)

// JSONNumbers selects the numbers that a JSON Lines file has as strings.
type JSONNumbers string

// The ways to write numbers in JSON Lines.
const (
	JSONNumbersExact  JSONNumbers = ""       // numbers that a double does not hold exactly are strings
	JSONNumbersString JSONNumbers = "string" // all numbers are strings
	JSONNumbersNumber JSONNumbers = "number" // no number is a string
)

// ParquetCompression is the compression of the pages of a Parquet file.
type ParquetCompression string

// The compressions of Parquet files.
const (
	ParquetZstd   ParquetCompression = "" // "zstd" as well
	ParquetNone   ParquetCompression = "none"
	ParquetSnappy ParquetCompression = "snappy"
	ParquetGzip   ParquetCompression = "gzip"
)

// KeyValue is an entry of a file's metadata.
type KeyValue struct{ Key, Value string }

// ValueError is the error of a cell whose value does not fit the type of its
// column. It does not contain the value.
type ValueError struct {
	Column string
	Row    int64  // from 1
	Kind   string // what the value is: "a text that is no number"
	Want   string // what the column holds: "a DECIMAL(12,2)"
}

// Error returns a message with the column, the row and the way round.
func (e *ValueError) Error() string {
	return fmt.Sprintf(`column %q, row %d: %s, want %s; "type": "text" in the declaration of the column stores texts`, e.Column, e.Row, e.Kind, e.Want)
}

// Options are the settings of a file apart from its columns. Options of other
// formats than the file's are ignored.
type Options struct {
	NoHeader bool // omit the header row
	NoGuard  bool // no formula guard in any column

	// CSV
	Delimiter byte   // 0 = ','
	BOM       bool   // begin with a UTF-8 byte order mark
	LF        bool   // end lines with LF instead of CR LF
	QuoteAll  bool   // quote every cell except NULL
	NullText  string // text of NULL
	GB18030   bool   // encode as GB18030 instead of UTF-8

	// JSONNumbers selects the numbers that a JSON Lines file has as strings.
	JSONNumbers JSONNumbers

	// ParquetCompression is the compression of the pages of a Parquet file.
	ParquetCompression ParquetCompression
	// CreatedBy and Metadata describe the origin of a Parquet file: the program, as
	// "NAME version VERSION (build BUILD)", and entries of any names.
	CreatedBy string
	Metadata  []KeyValue

	// Gzip compresses a CSV or JSON Lines file (RFC 1952), and Zstd with Zstandard
	// (RFC 8878); at most one of them is set. A split file is a ZIP archive of
	// compressed parts, which they do not change.
	Gzip, Zstd bool

	// XLS and XLSX
	Title       string // title of the document; "" = none
	SheetName   string // "" = Title, or "Sheet1" without one; further sheets are named "Sheet1 (2)", …
	NoFreeze    bool   // do not freeze the header row
	NoFilter    bool   // no auto filter on the header row
	Thousands   bool   // thousands separators, see the function Thousands
	RightToLeft bool   // the first column is on the right
	TotalLabel  string // label of the row of totals; "" = "Total"
	Small       bool   // smaller XLSX and compressed files for more CPU time

	// PartRows splits the result into files of this many rows, headers not
	// counted, in one ZIP archive with a manifest.json; 0 = one file.
	PartRows int64
	// PartName is the prefix of the names of the parts: "orders" makes
	// "orders-0001.csv"; "" = "part".
	PartName string

	// Created is the time of creation in the document properties of a spreadsheet
	// (zero = none) and the time of the entries of an archive (zero = 1980-01-01).
	Created time.Time

	// TempDir is the directory of temporary files; "" = the system's default.
	TempDir string
	// Workers is the number of goroutines that encode an XLSX file. 0 = the
	// goroutine that calls Encode alone, and GOMAXPROCS goroutines once rows
	// arrive faster than that goroutine encodes them.
	Workers int
}
