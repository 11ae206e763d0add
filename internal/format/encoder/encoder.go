// Package encoder makes the encoder of a file: CSV (package csv), XLS (package
// biff8) or XLSX (package xlsx), compressed or split into parts where that is
// wished. The worker calls it once for each file, with columns that package
// cell resolved; it knows neither where rows come from nor where bytes go.
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

// The formats. CSV is the zero value's meaning as well.
const (
	CSV  Format = iota + 1 // RFC 4180
	XLS                    // Excel 97–2003, BIFF8
	XLSX                   // Office Open XML, ECMA-376
)

// shape is a format's place in the outside world.
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

// String is the format's name: "CSV", "XLS" or "XLSX".
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

// New makes the encoder of one file, which it writes to w. An error tells which
// setting is wrong or that the format cannot hold so many columns. Whoever got
// an encoder must close it.
func New(w io.Writer, f Format, cols []format.Column, opt format.Options) (format.Encoder, error) {
	if err := CheckColumns(f, len(cols)); err != nil {
		return nil, err
	}
	w = whole{w}
	switch {
	case opt.PartRows < 0:
		return nil, fmt.Errorf("rows a part: %d, want 0 or more", opt.PartRows)
	case opt.PartRows > 0:
		return newParts(w, f, cols, opt)
	case gzips(f, opt):
		return newGzip(w, cols, opt)
	}
	return one(w, f, cols, opt)
}

// whole makes an error of a write that left bytes out without one, since not
// every compressor looks at the count.
type whole struct{ w io.Writer }

func (w whole) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}

// one makes the encoder of a single, plain file.
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

// Ext is the end of the file's name, with its dot: ".csv", ".csv.gz", ".zip".
func Ext(f Format, opt format.Options) string {
	switch {
	case opt.PartRows > 0:
		return ".zip"
	case gzips(f, opt):
		return ".csv.gz"
	}
	return f.shape().ext
}

// ContentType is the file's media type.
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

// CheckColumns refuses more columns than the format can hold: 256 in XLS,
// 16,384 in XLSX and, so that a template can change its format, in CSV.
func CheckColumns(f Format, n int) error {
	if most := f.shape().maxColumns; n > most {
		return fmt.Errorf("%s holds at most %d columns, got %d", f, most, n)
	}
	return nil
}
