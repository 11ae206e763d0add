// Package xlsx writes Office Open XML workbooks (ECMA-376, transitional) as a
// stream: it does not hold the table in memory, writes no temporary file and
// does not seek in its output. Package encoder creates its encoders.
//
// # Processing of rows
//
//	Encode ─ batches, divided or collected into jobs of about one block
//	   └─→ rows → XML and its repeats (rows.go, cells.go) → one deflate block
//	       → the blocks in the order of the jobs → ZIP entry → io.Writer
//
// Jobs are processed in the goroutine that calls Encode as long as Encode waits
// for rows most of the time, and by workers once rows arrive faster (load.go).
//
// Each block is compressed independently and ends on a byte boundary, so that
// blocks that were compressed concurrently can be concatenated to one deflate
// stream; their checksums are combined (crc.go).
//
// # Values
//
//   - NULL has no cell; an empty string is a cell with an empty text.
//   - A number is stored with the digits of the server. A number that a spreadsheet would change (more than 15 significant digits, leading zeros, a ZEROFILL column) is stored as text. FLOAT and DOUBLE are always numbers: spreadsheets store the same doubles.
//   - DATE and DATETIME are serial numbers of the 1900 date system with a number format, from 1900-03-01 on; programs disagree about earlier days because that system has a 29 February 1900. Earlier days, zero dates and days that do not exist are stored as text. Values have microseconds; number formats show milliseconds, the limit of Excel.
//   - TIME is stored as text: it is a duration that may be negative or longer than a day.
//   - Text is always stored as an inline string. Spreadsheets do not run inline strings as formulas, so there is no formula guard.
//   - A text is cut after 32,767 UTF-16 code units (format.CutText). Characters that XML 1.0 cannot represent and invalid UTF-8 become U+FFFD (format.IllegalChar).
package xlsx
