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

// FileOptions are the settings of a file.
type FileOptions struct {
	format.Options
	// Gzip compresses a CSV file (RFC 1952). The other formats are compressed
	// or meant to be opened as they are, and a split file is an archive that
	// compresses its parts: there it changes nothing.
	Gzip bool
	// PartRows splits the result into files of this many rows, headers not
	// counted, delivered as one ZIP archive with a manifest.json; 0 = one file.
	PartRows int64
	// PartName is what the names of parts begin with: "orders" makes
	// "orders-0001.csv"; "" = "part".
	PartName string
}

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
func New(w io.Writer, f Format, cols []format.Column, opt FileOptions) (format.Encoder, error) {
	if err := CheckColumns(f, len(cols)); err != nil {
		return nil, err
	}
	w = whole{w}
	switch {
	case opt.PartRows < 0:
		return nil, fmt.Errorf("rows a part: %d, want 0 or more", opt.PartRows)
	case opt.PartRows > 0:
		return newParts(w, f, cols, opt)
	case opt.gzips(f):
		return newGzip(w, cols, opt.Options)
	}
	return one(w, f, cols, opt.Options)
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

func (o *FileOptions) gzips(f Format) bool { return o.Gzip && f == CSV && o.PartRows == 0 }

// Ext is the end of the file's name, with its dot: ".csv", ".csv.gz", ".zip".
func Ext(f Format, opt FileOptions) string {
	switch {
	case opt.PartRows > 0:
		return ".zip"
	case opt.gzips(f):
		return ".csv.gz"
	}
	return f.shape().ext
}

// ContentType is the file's media type.
func ContentType(f Format, opt FileOptions) string {
	switch {
	case opt.PartRows > 0:
		return "application/zip"
	case opt.gzips(f):
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
