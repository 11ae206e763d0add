package encoder

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"exporttask/internal/format"
)

// compression is how a file is compressed as a whole.
type compression struct {
	ext, contentType string
	writer           func(w io.Writer, opt format.Options) (io.WriteCloser, error)
}

// compressionOf returns the compression of a file, or nil: spreadsheets and the
// parts of an archive are compressed by their own formats.
func compressionOf(f Format, opt format.Options) *compression {
	if !f.shape().text || opt.PartRows > 0 {
		return nil
	}
	switch {
	case opt.Gzip:
		return &compression{".gz", "application/gzip", newGzip}
	case opt.Zstd:
		return &compression{".zst", "application/zstd", newZstd}
	}
	return nil
}

func newGzip(w io.Writer, opt format.Options) (io.WriteCloser, error) {
	return gzip.NewWriterLevel(w, level(opt))
}

// level returns the gzip compression level. On typical rows the fastest level
// compresses 2.9 times and the best level 3.2 times at seven times the CPU
// time; the levels between them are hardly smaller than the fastest.
func level(opt format.Options) int {
	if opt.Small {
		return gzip.BestCompression
	}
	return gzip.BestSpeed
}

// zstdWindow is how far back the compressor looks for equal bytes, and with it
// most of its memory and the memory of a reader.
const zstdWindow = 1 << 20

// newZstd returns a compressor that works in the goroutine of its caller.
func newZstd(w io.Writer, opt format.Options) (io.WriteCloser, error) {
	level := zstd.SpeedFastest
	if opt.Small {
		level = zstd.SpeedBetterCompression
	}
	return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(level),
		zstd.WithWindowSize(zstdWindow), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true))
}

// compressed is an encoder whose output is compressed.
type compressed struct {
	format.Encoder
	to     io.WriteCloser
	ext    string
	closed bool
	err    error
}

func newCompressed(w io.Writer, f Format, cols []format.Column, opt format.Options, by *compression) (format.Encoder, error) {
	to, err := by.writer(w, opt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", by.ext, err)
	}
	enc, err := one(to, f, cols, opt)
	if err != nil {
		return nil, err
	}
	return &compressed{Encoder: enc, to: to, ext: by.ext}, nil
}

// Close completes the file. After an error the end of the compressed data is
// missing, so that readers do not take the file for a complete one.
func (c *compressed) Close() error {
	if c.closed {
		return c.err
	}
	c.closed = true
	if c.err = c.Encoder.Close(); c.err != nil {
		return c.err
	}
	if err := c.to.Close(); err != nil {
		c.err = fmt.Errorf("%s: %w", c.ext, err)
	}
	return c.err
}
