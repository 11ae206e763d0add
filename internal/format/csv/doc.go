// Package csv writes rows as RFC 4180 text. It takes rows in the encoding of
// the MySQL protocol (package row) and copies the text of the server unchanged:
// a value is only modified where the declaration of its column asks for it
// (package format). Package encoder creates its encoders.
//
// # Fast paths
//
// A row in the encoding of the MySQL protocol and a line of CSV differ only in
// the bytes between two cells: a length in one, a delimiter in the other. Most
// rows are therefore copied to the output as a whole while the bytes that need
// quotes are counted; a walk over the cells then replaces each length with a
// delimiter (plain.go).
//
// Other rows, and all rows on processors without the vector instructions for
// the counting copy, are written by row.go: numbers and dates cannot need
// quotes and are skipped, texts are searched eight bytes at a time (scan.go). A
// cell that needs quotes, a guard or a conversion is written separately
// (append.go), and the rest of the row is copied behind it. The output is
// written in blocks of about 256 KiB. Rows cause no allocations.
//
// # Quoting
//
// A cell is quoted if it contains the delimiter, a quote, CR or LF; if it
// begins or ends with a blank or a TAB, which some readers remove; and if it
// would otherwise be read as NULL: the empty text, and a text equal to the text
// of NULL. NULL is never quoted, with one exception: in a file of one column
// whose text of NULL is empty, NULL is written as "", because readers skip
// empty lines.
package csv
