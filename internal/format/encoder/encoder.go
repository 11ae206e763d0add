// Package encoder creates the encoder of a file by its format: CSV (package
// csv), XLS (package xls) or XLSX (package xlsx), optionally compressed or split
// into parts. Workers call New once for each file, with columns from
// format.Resolve. The package depends on no data source and no store.
package encoder

import (
	"errors"
	"fmt"
	"io"

	"exporttask/internal/format"
	"exporttask/internal/format/csv"
	"exporttask/internal/format/xls"
	"exporttask/internal/format/xlsx"
)

// Format is a file format.
type Format uint8

// The formats. The zero value means CSV as well.
const (
	CSV  Format = iota + 1 // RFC 4180
	XLS                    // Excel 97–2003, BIFF8
	XLSX                   // Office Open XML, ECMA-376
)

// shape has the properties of a format.
type shape struct {
	ext, contentType string
	maxColumns       int
}

func (f Format) shape() shape {
	switch f {
	case XLS:
		return shape{".xls", "application/vnd.ms-excel", 256}
	case XLSX:
		return shape{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 16384}
	case CSV:
	}
	return shape{".csv", "text/csv", 16384}
}

// String returns "CSV", "XLS" or "XLSX".
func (f Format) String() string {
	switch f {
	case XLS:
		return "XLS"
	case XLSX:
		return "XLSX"
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
	switch {
	case opt.PartRows > 0:
		return newParts(w, f, cols, opt)
	case gzips(f, opt):
		return newGzip(w, cols, opt)
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
	}
	return nil, errors.New("unknown file format")
}

func gzips(f Format, opt format.Options) bool { return opt.Gzip && f == CSV && opt.PartRows == 0 }

// Ext returns the suffix of the file name with its dot: ".csv", ".csv.gz",
// ".zip".
func Ext(f Format, opt format.Options) string {
	switch {
	case opt.PartRows > 0:
		return ".zip"
	case gzips(f, opt):
		return ".csv.gz"
	}
	return f.shape().ext
}

// ContentType returns the media type of the file.
func ContentType(f Format, opt format.Options) string {
	switch {
	case opt.PartRows > 0:
		return "application/zip"
	case gzips(f, opt):
		return "application/gzip"
	case f == CSV && opt.GB18030:
		return "text/csv; charset=gb18030"
	case f == CSV:
		return "text/csv; charset=utf-8"
	}
	return f.shape().contentType
}

// CheckColumns returns an error if the format cannot hold n columns: XLS holds
// 256, XLSX 16,384, and CSV is limited to 16,384 as well so that a template can
// change its format.
func CheckColumns(f Format, n int) error {
	if most := f.shape().maxColumns; n > most {
		return fmt.Errorf("%s holds at most %d columns, got %d", f, most, n)
	}
	return nil
}
