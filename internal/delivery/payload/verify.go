package payload

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// verified reads a file and compares its size and hash with the expected ones.
type verified struct {
	io.Closer
	from io.Reader
	hash hash.Hash
	left int64  // bytes still to read
	want []byte // SHA-256
	name string
	err  error // of all further reads
}

func verify(from io.ReadCloser, size int64, want []byte, name string) *verified {
	v := &verified{Closer: from, from: from, hash: sha256.New(), left: size, want: want, name: name}
	if size == 0 {
		v.err = v.end()
	}
	return v
}

func (v *verified) Read(p []byte) (int, error) {
	if v.err != nil || len(p) == 0 {
		return 0, v.err
	}
	n, err := v.from.Read(p[:min(int64(len(p)), v.left)])
	v.hash.Write(p[:n])
	v.left -= int64(n)
	switch {
	case v.left == 0:
		// The last bytes are in p: they are returned only if the file is right.
		if v.err = v.end(); !errors.Is(v.err, io.EOF) {
			return 0, v.err
		}
		return n, nil
	case errors.Is(err, io.EOF):
		v.err = errDamaged(v.name) // too short
		return n, v.err
	case err != nil:
		// Wrapped, since some clients take a bare io.ErrUnexpectedEOF for the end
		// of the file.
		v.err = fmt.Errorf("read the stored file: %w", err)
	}
	return n, v.err
}

// end returns io.EOF if the file is complete and has the expected hash. It is
// called when the expected number of bytes is read.
func (v *verified) end() error {
	if !bytes.Equal(v.hash.Sum(nil), v.want) {
		return errDamaged(v.name)
	}
	var one [1]byte
	n, err := io.ReadFull(v.from, one[:])
	if n > 0 {
		return errDamaged(v.name) // too long
	}
	return err
}
