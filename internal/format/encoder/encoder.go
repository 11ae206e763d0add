// Package encoder creates the encoder of a file by its format: CSV (package
// csv), JSON Lines (jsonl), Parquet (parquet), XLS (xls) or XLSX (xlsx), optionally
// compressed or split into parts. Workers call New once for each file, with columns from
// format.Resolve. The package depends on no data source and no store.
package encoder

import (
	"errors"
	"fmt"
	"io"

	"exporttask/internal/format"
	"exporttask/internal/format/csv"
	"exporttask/internal/format/jsonl"
	"exporttask/internal/format/parquet"
	"exporttask/internal/format/xls"
	"exporttask/internal/format/xlsx"
)

// Format is a file format.
type Format uint8

// The formats. The zero value means CSV as well.
const (
	CSV     Format = iota + 1 // RFC 4180
	XLS                       // Excel 97–2003, BIFF8
	XLSX                      // Office Open XML, ECMA-376
	JSONL                     // JSON Lines: RFC 8259, one object a line
	Parquet                   // Apache Parquet
)

// shape has the properties of a format.
type shape struct {
	ext, contentType string
	maxColumns       int
	text             bool // text that may be compressed as a whole
}

func (f Format) shape() shape {
	switch f {
	case XLS:
		return shape{".xls", "application/vnd.ms-excel", 256, false}
	case XLSX:
		return shape{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 16384, false}
	case JSONL:
		return shape{".jsonl", "application/x-ndjson", 16384, true}
	case Parquet:
		return shape{".parquet", "application/vnd.apache.parquet", parquet.MaxColumns, false}
	case CSV:
	}
	return shape{".csv", "text/csv", 16384, true}
}

// String returns "CSV", "XLS", "XLSX", "JSONL" or "Parquet".
func (f Format) String() string {
	switch f {
	case XLS:
		return "XLS"
	case XLSX:
		return "XLSX"
	case JSONL:
		return "JSONL"
	case Parquet:
		return "Parquet"
	case CSV:
	}
	return "CSV"
}

// New returns the encoder of one file, which writes to w and which the caller
// must close. The error names an invalid option or says that the format cannot
// hold as many columns.
func New(w io.Writer, f Format, cols []format.Column, opt format.Options) (format.Encoder, error) {
	if err := CheckColumns(f, len(cols)); err != nil {
		return nil, err
	}
	if err := format.CheckOptions(opt); err != nil {
		return nil, err
	}
	w = whole{w}
	if opt.PartRows > 0 {
		return newParts(w, f, cols, opt)
	}
	if by := compressionOf(f, opt); by != nil {
		return newCompressed(w, f, cols, opt, by)
	}
	return one(w, f, cols, opt)
}

// whole turns a short write without an error into io.ErrShortWrite, since some
// compressors ignore the returned count.
type whole struct{ w io.Writer }

func (w whole) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}

// one returns the encoder of a file that is neither compressed nor split.
func one(w io.Writer, f Format, cols []format.Column, opt format.Options) (format.Encoder, error) {
	switch f {
	case XLS:
		return xls.New(w, cols, opt)
	case XLSX:
		return xlsx.New(w, cols, opt)
	case CSV:
		return csv.New(w, cols, opt)
	case JSONL:
		return jsonl.New(w, cols, opt)
	case Parquet:
		return parquet.New(w, cols, opt)
	}
	return nil, errors.New("unknown file format")
}

// Ext returns the suffix of the file name with its dot: ".csv", ".csv.gz",
// ".jsonl.zst", ".zip".
func Ext(f Format, opt format.Options) string {
	if opt.PartRows > 0 {
		return ".zip"
	}
	ext := f.shape().ext
	if by := compressionOf(f, opt); by != nil {
		ext += by.ext
	}
	return ext
}

// ContentType returns the media type of the file.
func ContentType(f Format, opt format.Options) string {
	by := compressionOf(f, opt)
	switch {
	case opt.PartRows > 0:
		return "application/zip"
	case by != nil:
		return by.contentType
	case f == CSV && opt.GB18030:
		return "text/csv; charset=gb18030"
	case f == CSV:
		return "text/csv; charset=utf-8"
	}
	return f.shape().contentType
}

// Check returns an error if the format cannot hold the columns: too many of them,
// or one whose declared type does not fit it, which is a *format.DeclError.
func Check(f Format, cols []format.Column) error {
	if err := CheckColumns(f, len(cols)); err != nil {
		return err
	}
	if f == Parquet {
		return parquet.Check(cols)
	}
	return nil
}

// CheckColumns returns an error if the format cannot hold n columns: XLS holds
// 256, XLSX 16,384, Parquet 4,096, and CSV and JSON Lines are limited to 16,384 as
// well so that a template can change its format.
func CheckColumns(f Format, n int) error {
	if most := f.shape().maxColumns; n > most {
		return fmt.Errorf("%s holds at most %d columns, got %d", f, most, n)
	}
	return nil
}

// xlsConditions is the number of conditions of a cell in an XLS file (CondFmt,
// MS-XLS 2.4.42, ccf).
const xlsConditions = 3

// CheckLooks returns a *format.DeclError if the format cannot show a column's look.
// Formats that are no spreadsheets show none and ignore it, as they ignore widths.
func CheckLooks(f Format, specs []format.Spec) error {
	for i := range specs {
		if n := len(specs[i].Conditions); f == XLS && n > xlsConditions {
			return &format.DeclError{
				Item: i + 1, Column: specs[i].Name, Key: "conditions",
				Reason: fmt.Sprintf("%d, want at most %d in an XLS file", n, xlsConditions),
			}
		}
	}
	return nil
}
