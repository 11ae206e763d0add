// Package parquet encodes the rows of a result as an Apache Parquet file, as the
// specification apache/parquet-format 2.11 describes it. docs/formats.md describes
// the types, docs/adr/0015-own-parquet-writer.md why the writer is our own.
//
// Package encoder calls New once for each file. Every column is optional and flat.
// The cells of a column are parsed into an open page (column.go, value.go); a full
// page is encoded (page.go), compressed and kept until its row group is complete
// (rowgroup.go), because a row group holds its columns one after another. Row
// groups are bounded by bytes, so that memory is. The schema comes last in a file,
// with the places of all row groups (footer.go).
package parquet
