package encoder

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/klauspost/compress/flate"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// maxParts limits the number of files in an archive, each of which takes memory
// until the archive is complete.
const maxParts = 10_000

// errClosed is the error of Encode after Close.
var errClosed = errors.New("parts: encode after close")

// Manifest is the content of manifest.json in the archive: its files in order.
type Manifest struct {
	Rows  int64  `json:"rows"` // rows of all files, headers not counted
	Files []Part `json:"files"`
}

// Part describes one file of the archive.
type Part struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // lower-case hexadecimal
}

// parts is an encoder that writes several files into one ZIP archive and the
// manifest last. One part is open at any time, even before the first row: a
// result without rows is one part with a header.
type parts struct {
	zip    *zip.Writer
	format Format
	cols   []format.Column
	opt    format.Options

	deflate  *flate.Writer  // shared by all parts, which are written one after another
	enc      format.Encoder // encoder of the open part; nil after it was closed
	entry    *entry
	left     int64 // rows that the open part has room for
	manifest Manifest
	warnings []format.Warning // of the completed parts

	closed bool
	err    error
}

// entry is the archive entry of the open part. It counts and hashes what is
// written.
type entry struct {
	name string
	w    io.Writer
	sum  hash.Hash
	n    int64
}

func (e *entry) Write(p []byte) (int, error) {
	n, err := e.w.Write(p)
	e.sum.Write(p[:n])
	e.n += int64(n)
	return n, err
}

func newParts(w io.Writer, f Format, cols []format.Column, opt format.Options) (format.Encoder, error) {
	p := &parts{zip: zip.NewWriter(w), format: f, cols: cols, opt: opt}
	p.zip.RegisterCompressor(zip.Deflate, p.compressor)
	if p.opt.PartName == "" {
		p.opt.PartName = "part"
	}
	if err := p.begin(); err != nil {
		return nil, err
	}
	return p, nil
}

// begin opens the next part.
func (p *parts) begin() error {
	n := len(p.manifest.Files) + 1
	if n > maxParts {
		return fmt.Errorf("parts: more than %d of %d rows each; choose larger ones", maxParts, p.opt.PartRows)
	}
	name := fmt.Sprintf("%s-%04d%s", p.opt.PartName, n, p.format.shape().ext)
	w, err := p.zip.CreateHeader(p.header(name))
	if err != nil {
		return fmt.Errorf("parts: %s: %w", name, err)
	}
	p.entry = &entry{name: name, w: w, sum: sha256.New()}
	p.left = p.opt.PartRows
	p.enc, err = one(p.entry, p.format, p.cols, p.opt)
	return err
}

// header returns the header of an entry that readers of streams can read: deflated,
// since they cannot find the end of a stored entry whose size follows its data.
// Programs such as unzip decode names by the system that made the entry, which is
// Unix, and by the UTF-8 flag.
func (p *parts) header(name string) *zip.FileHeader {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.opt.Created}
	if h.Modified.IsZero() {
		h.Modified = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	h.SetMode(0o644)
	return h
}

// compressor returns the deflate writer of a part.
func (p *parts) compressor(w io.Writer) (io.WriteCloser, error) {
	if p.deflate != nil {
		p.deflate.Reset(w)
		return p.deflate, nil
	}
	var err error
	l := level(p.opt)
	if p.format == XLSX || p.format == Parquet {
		l = flate.NoCompression // the part is compressed
	}
	p.deflate, err = flate.NewWriter(w, l)
	return p.deflate, err
}

// end closes the open part and adds it to the manifest.
func (p *parts) end() error {
	enc := p.enc
	p.enc = nil
	if err := enc.Close(); err != nil {
		return fmt.Errorf("%s: %w", p.entry.name, err)
	}
	sum := enc.Summary()
	p.manifest.Rows += sum.Rows
	p.manifest.Files = append(p.manifest.Files, Part{
		Name: p.entry.name, Rows: sum.Rows, Bytes: p.entry.n, SHA256: hex.EncodeToString(p.entry.sum.Sum(nil)),
	})
	p.warnings = addWarnings(p.warnings, sum.Warnings)
	return nil
}

// Encode passes the batch to the open part, or divides it if the part has not
// enough room.
func (p *parts) Encode(b *row.Batch) error {
	if p.closed && p.err == nil {
		p.err = errClosed
	}
	if p.err != nil {
		b.Release()
		return p.err
	}
	if int64(b.Len()) <= p.left {
		p.left -= int64(b.Len())
		p.err = p.named(p.enc.Encode(b))
		return p.err
	}
	p.err = p.cut(b)
	return p.err
}

// cut divides a batch between the open part and the following ones.
func (p *parts) cut(b *row.Batch) error {
	whole := share(b)
	defer whole.release(nil)
	for from := 0; from < b.Len(); {
		if p.left == 0 {
			if err := p.end(); err != nil {
				return err
			}
			if err := p.begin(); err != nil {
				return err
			}
		}
		to := from + int(min(p.left, int64(b.Len()-from)))
		p.left -= int64(to - from)
		if err := p.named(p.enc.Encode(whole.piece(from, to))); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func (p *parts) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", p.entry.name, err)
}

// Close ends the last part and the archive.
func (p *parts) Close() error {
	if p.closed {
		return p.err
	}
	p.closed = true
	if p.err != nil {
		if p.enc != nil {
			_ = p.enc.Close() // frees what it holds; p.err came first
			p.enc = nil
		}
		return p.err
	}
	p.err = p.finish()
	return p.err
}

func (p *parts) finish() error {
	if err := p.end(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(&p.manifest, "", "  ")
	if err != nil {
		return fmt.Errorf("parts: manifest: %w", err)
	}
	w, err := p.zip.CreateHeader(p.header("manifest.json"))
	if err == nil {
		_, err = w.Write(append(text, '\n'))
	}
	if err == nil {
		err = p.zip.Close()
	}
	if err != nil {
		return fmt.Errorf("parts: %w", err)
	}
	return nil
}

// Summary adds up the summaries of all parts, including the open one.
func (p *parts) Summary() format.Summary {
	sum := format.Summary{Rows: p.manifest.Rows, Warnings: addWarnings(nil, p.warnings)}
	if p.enc != nil {
		open := p.enc.Summary()
		sum.Rows += open.Rows
		sum.Warnings = addWarnings(sum.Warnings, open.Warnings)
	}
	return sum
}

// addWarnings adds the warnings of more to list, one entry for each code.
func addWarnings(list, more []format.Warning) []format.Warning {
next:
	for _, w := range more {
		for i := range list {
			if list[i].Code == w.Code {
				list[i].Count += w.Count
				continue next
			}
		}
		list = append(list, w)
	}
	return list
}
