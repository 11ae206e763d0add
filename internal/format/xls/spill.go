package xls

import (
	"fmt"
	"io"
	"os"
)

// spillBlock is how many bytes a spill gathers before it writes them.
const spillBlock = 512 << 10

// spill is a long run of bytes that is written once and then read in order:
// the first block stays in memory, the rest goes to a temporary file. Its
// owner appends to buf and calls flushIfFull wherever what it appended needs
// no patching any more.
type spill struct {
	dir     string
	buf     []byte
	file    *os.File
	name    string // where the file still has a name
	flushed int64  // bytes in the file
}

// size is the number of bytes appended in all.
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

// open makes the temporary file at its first use. Where the system allows it
// the file loses its name at once, so that nothing is left of a process that
// is killed.
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

// patch overwrites bytes that were appended at off before.
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

// seal ends the appending: from here on all bytes are in the file or, where
// there is none, in buf.
func (s *spill) seal() error {
	if s.file == nil || len(s.buf) == 0 {
		return nil
	}
	return s.flush()
}

// readAt fills p with the bytes from off on of a sealed spill.
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

// copyTo writes the n bytes from off on of a sealed spill to w. The block of
// memory, free by now, is the buffer.
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

// close removes the file. The spill may be closed again.
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
