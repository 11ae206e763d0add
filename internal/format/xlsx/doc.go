// Package xlsx writes Office Open XML workbooks (ECMA-376, transitional) while
// the rows are still coming. It is called by package render. It never holds a
// table in memory, never writes a temporary file, never seeks in its output
// and never changes a value to make it fit: what a cell of the wished type
// cannot hold exactly is written as text.
//
// # The way of a row
//
//	Encode ─ batches, cut or gathered into jobs of about one block
//	   └─→ rows → XML and its repeats (rows.go, cells.go) → one deflate block
//	       → the jobs' blocks in their order → zip entry → io.Writer
//
// Jobs are done where Encode is called as long as rows are waited for, and by
// workers from when they come faster than that (pace.go).
//
// Each block is compressed on its own and ends on a byte boundary, so blocks
// made at the same time are laid end to end and still are one deflate stream;
// their checksums are combined (crc.go).
//
// # What becomes of a value
//
//   - NULL is no cell; an empty string is a cell with an empty text.
//   - A number is a number with the server's own digits, unless a spreadsheet
//     would not give it back: past 15 significant digits, with leading zeros, of
//     a ZEROFILL column. Then it is text, as written. FLOAT and DOUBLE are
//     always numbers: a spreadsheet stores the same doubles.
//   - DATE and DATETIME are serials of the 1900 date system with a number
//     format, from 1900-03-01 on; before that day the system counts a 29 February
//     that never was, and readers disagree. Earlier days, zero dates and days
//     that do not exist are text. Parts of a second are kept to the microsecond
//     in the value and shown to the millisecond, the most Excel's formats have.
//   - TIME is text: it is a span that may be negative or longer than a day.
//   - Text is always text, "=1+1" too: an inline string is never run, so no
//     guard is put in front of it.
//   - A text past 32,767 UTF-16 units is cut there (cell.CutText). What XML 1.0
//     cannot hold and what is no UTF-8 becomes U+FFFD (cell.IllegalChar).
package xlsx
