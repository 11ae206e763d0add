// Package format holds what the encoders of every format share: the declared
// output columns, how one cell's bytes become the text or the number that a
// file shows, the formula guard, and the warnings of a run.
//
// The encoders are in the packages csv, xlsx and biff8 beside this one;
// package render picks one of them.
package format

import "exporttask/internal/format/row"

// Encoder writes the rows of one result to one file. Implementations are not
// safe for concurrent use; they may work on batches concurrently inside.
type Encoder interface {
	// Encode writes the batch's rows and takes over the batch: it is
	// released by the encoder, at once or later. Its rows are unchecked: one
	// that is not its cells is an error, that of row.Batch.Check, here or in a
	// later call. After an error every further call returns the same error.
	Encode(b *row.Batch) error
	// Close ends the file and waits for all that the encoder started. A file
	// is whole only if Close returned nil. Close after an error frees what
	// the encoder holds and returns that error; a second Close does nothing.
	Close() error
	// Summary tells what was written; it is final after Close.
	Summary() Summary
}

// Summary counts what an encoder wrote.
type Summary struct {
	Rows     int64 // rows of data, headers not counted
	Warnings []Warning
}

// Warning is something that the reader of a file should know although the
// export succeeded.
type Warning struct {
	Code  WarningCode
	Count int64 // cells concerned
}

// WarningCode names a kind of warning.
type WarningCode string

// The warnings an encoder can give.
const (
	GuardedFormula WarningCode = "guarded_formula" // a text that a spreadsheet would run as a formula was prefixed
	CutText        WarningCode = "cut_text"        // a text past the format's 32,767 characters was cut
	IllegalChar    WarningCode = "illegal_char"    // characters that the format cannot hold were removed or replaced
)

// Column is one output column: a column of the result and how it is shown.
type Column struct {
	Source row.Column // the column of the result
	Index  int        // its place in the result's rows, from 0

	Label    string            // the header's text
	Type     Type              // how a spreadsheet stores it
	Format   string            // number or date format in Excel's notation; empty = the type's own
	Width    float64           // column width in characters; 0 = by the first rows
	Map      map[string]string // the server's text → the text shown; nil = none
	Location Zone              // shift of DATETIME and TIMESTAMP values; zero = as they come
	Unguard  bool              // true: no formula guard in this column
	Binary   BinaryText        // how BINARY and BLOB are written
}

// Type is how a column is stored in a spreadsheet.
type Type uint8

// The types a column can be declared with. Auto follows row.Kind.
const (
	Auto Type = iota
	AsText
	AsNumber
	AsDate
	AsDateTime
	AsBool
)

// BinaryText is how bytes are written as text.
type BinaryText uint8

// Hex is upper-case hexadecimal without a prefix, Base64 is RFC 4648 section 4.
const (
	Hex BinaryText = iota
	Base64
)

// Options are the settings of a file, apart from its columns.
type Options struct {
	// CSV
	Delimiter byte   // 0 = ','
	BOM       bool   // UTF-8 byte order mark first
	LF        bool   // lines end in LF instead of CR LF
	QuoteAll  bool   // quote every cell, not only those that need it
	NullText  string // what stands for NULL
	NoHeader  bool   // leave the header row out
	GB18030   bool   // encode as GB18030 instead of UTF-8
	NoGuard   bool   // no formula guard in any column
	// Spreadsheets
	SheetName string // "" = "Sheet1"; further sheets get "Sheet1 (2)", …
	NoFreeze  bool   // do not freeze the header row
	NoFilter  bool   // no auto filter on the header row
	Small     bool   // smaller files for more CPU
	// TempDir is where an encoder may spill what it cannot stream.
	TempDir string
	// Workers is how many goroutines work on blocks; 0 = none besides the one
	// that calls Encode, until rows come faster than it writes them, and then
	// GOMAXPROCS.
	Workers int
}
