// Package csv writes rows as RFC 4180 text. Package render makes its encoders;
// the rows come as the server's own length-encoded cells (package row), and
// what the server wrote is never parsed, rounded or reformatted: only what a
// column's declaration asks for (package cell) changes a cell's text.
//
// # How it is fast
//
// A length-encoded row and a line of CSV are the same bytes but for the ones
// between two cells: a length there, a delimiter here. So a row is copied into
// the output in one chunkSize, and a walk over its cells puts a delimiter where each
// length was. Where nothing in the row asks for more, which the copy finds out on
// its way, that is all (plain.go).
//
// The other rows are written with more care, and on machines without the vector
// instructions for that copy all rows are (row.go): numbers and dates cannot hold
// anything that needs quotes and are stepped over; texts are searched eight bytes
// at a time (scan.go). A cell that needs quotes, a guard or a conversion is
// written by itself (append.go), and the rest of the row is copied behind it. The
// output goes to the writer in chunked of about 256 KiB; a row costs no
// allocation.
//
// # What is quoted
//
// A cell is quoted where it holds the delimiter, a quote, CR or LF; where it
// begins or ends with a blank or a TAB, since some readers drop those; and where
// it would read as NULL otherwise: the empty text, and a text equal to the one
// chosen for NULL. NULL itself is never quoted, so the two stay apart. The one
// exception is a file of a single column in which NULL is written as nothing:
// its line would be empty, which readers skip, so it is written as "".
package csv
