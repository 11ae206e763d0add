package payload

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// verified reads a file of a known size and hash.
type verified struct {
	io.Closer
	from io.Reader
	hash hash.Hash
	left int64 // bytes that from has still to give
	want []byte
	name string
	err  error // of all reads to come
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
		// The bytes in p are the last: they go out with the verdict alone.
		if v.err = v.end(); !errors.Is(v.err, io.EOF) {
			return 0, v.err
		}
		return n, nil
	case errors.Is(err, io.EOF):
		v.err = errDamaged(v.name) // it is too short
		return n, v.err
	case err != nil:
		// Wrapped, since a bare io.ErrUnexpectedEOF of a store reads like the
		// end of a file to some who ask for parts of it.
		v.err = fmt.Errorf("read the stored file: %w", err)
	}
	return n, v.err
}

// end is io.EOF where the file is whole and right, once all its bytes are read.
func (v *verified) end() error {
	if !bytes.Equal(v.hash.Sum(nil), v.want) {
		return errDamaged(v.name)
	}
	var one [1]byte
	n, err := io.ReadFull(v.from, one[:])
	if n > 0 {
		return errDamaged(v.name) // it is too long
	}
	return err
}
