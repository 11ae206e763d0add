package parquet

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"exporttask/internal/format"
)

// The compression codecs, numbered as in Parquet's format.
const (
	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecZstd   = 6
)

// codec compresses pages.
type codec struct {
	id   int32
	zstd *zstd.Encoder
	gzip *gzip.Writer
	out  bytes.Buffer // of gzip
}

// zstdWindow is more than most pages have, and bounds the memory of the compressor.
const zstdWindow = 1 << 20

func newCodec(opt format.Options) (*codec, error) {
	switch opt.ParquetCompression {
	case format.ParquetNone:
		return &codec{id: codecNone}, nil
	case format.ParquetSnappy:
		return &codec{id: codecSnappy}, nil
	case format.ParquetGzip:
		level := gzip.BestSpeed
		if opt.Small {
			level = gzip.BestCompression
		}
		w, err := gzip.NewWriterLevel(nil, level)
		return &codec{id: codecGzip, gzip: w}, err
	case format.ParquetZstd:
	}
	level := zstd.SpeedFastest
	if opt.Small {
		level = zstd.SpeedBetterCompression
	}
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(level),
		zstd.WithWindowSize(zstdWindow), zstd.WithEncoderCRC(false))
	return &codec{id: codecZstd, zstd: w}, err
}

// compress appends the compressed form of p to dst.
func (c *codec) compress(dst, p []byte) ([]byte, error) {
	switch c.id {
	case codecSnappy:
		n := len(dst)
		dst = append(dst, make([]byte, snappy.MaxEncodedLen(len(p)))...)
		return dst[:n+len(snappy.Encode(dst[n:], p))], nil
	case codecGzip:
		c.out.Reset()
		c.gzip.Reset(&c.out)
		_, err := c.gzip.Write(p)
		if err == nil {
			err = c.gzip.Close()
		}
		if err != nil {
			return dst, fmt.Errorf("parquet: gzip: %w", err)
		}
		return append(dst, c.out.Bytes()...), nil
	case codecZstd:
		return c.zstd.EncodeAll(p, dst), nil
	}
	return append(dst, p...), nil
}
