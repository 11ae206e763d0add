package xls

import (
	"fmt"
	"io"
	"os"
)

// spillBlock is the number of bytes that a spill buffers.
const spillBlock = 512 << 10

// spill is a sequence of bytes that is written once and then read. Up to
// spillBlock bytes stay in memory, more are written to a temporary file. The
// owner appends to buf and calls flushIfFull at positions before which it only
// changes bytes with patch.
type spill struct {
	dir     string
	buf     []byte
	file    *os.File
	name    string // name of the file if it could not be unlinked; "" otherwise
	flushed int64  // number of bytes in the file
}

// size returns the number of bytes appended.
func (s *spill) size() int64 { return s.flushed + int64(len(s.buf)) }

func (s *spill) flushIfFull() error {
	if len(s.buf) < spillBlock {
		return nil
	}
	return s.flush()
}

func (s *spill) flush() error {
	if err := s.open(); err != nil {
		return err
	}
	n, err := s.file.Write(s.buf)
	s.flushed += int64(n)
	if err != nil {
		return fmt.Errorf("xls: spill: %w", err)
	}
	s.buf = s.buf[:0]
	return nil
}

// open creates the temporary file at its first use. On systems that allow it
// the file is unlinked at once, so that a killed process leaves no file behind.
func (s *spill) open() error {
	if s.file != nil {
		return nil
	}
	f, err := os.CreateTemp(s.dir, "exportd-xls-*")
	if err != nil {
		return fmt.Errorf("xls: spill: %w", err)
	}
	s.file = f
	if os.Remove(f.Name()) != nil {
		s.name = f.Name()
	}
	return nil
}

// patch overwrites bytes at off that were appended before.
func (s *spill) patch(off int64, p []byte) error {
	if off >= s.flushed {
		copy(s.buf[off-s.flushed:], p)
		return nil
	}
	if _, err := s.file.WriteAt(p, off); err != nil {
		return fmt.Errorf("xls: spill: %w", err)
	}
	return nil
}

// seal ends the appending: afterwards all bytes are in the file or, without a
// file, in buf.
func (s *spill) seal() error {
	if s.file == nil || len(s.buf) == 0 {
		return nil
	}
	return s.flush()
}

// readAt fills p with the bytes of a sealed spill at off.
func (s *spill) readAt(p []byte, off int64) error {
	if s.file == nil {
		copy(p, s.buf[off:])
		return nil
	}
	if _, err := s.file.ReadAt(p, off); err != nil {
		return fmt.Errorf("xls: spill: %w", err)
	}
	return nil
}

// copyTo writes n bytes of a sealed spill at off to w. buf serves as the copy
// buffer.
func (s *spill) copyTo(w io.Writer, off, n int64) error {
	if s.file == nil {
		_, err := w.Write(s.buf[off : off+n])
		return err
	}
	for n > 0 {
		p := s.buf[:min(n, int64(cap(s.buf)))]
		if err := s.readAt(p, off); err != nil {
			return err
		}
		if _, err := w.Write(p); err != nil {
			return err
		}
		off += int64(len(p))
		n -= int64(len(p))
	}
	return nil
}

// close removes the file. It may be called more than once.
func (s *spill) close() error {
	s.buf = nil
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	if s.name != "" {
		if rm := os.Remove(s.name); err == nil {
			err = rm
		}
	}
	if err != nil {
		return fmt.Errorf("xls: spill: %w", err)
	}
	return nil
}
