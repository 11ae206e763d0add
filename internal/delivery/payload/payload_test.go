package payload

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"exporttask/internal/model"
)

func fileOf(kept []byte, exported []byte) *File {
	sum := sha256.Sum256(exported)
	return &File{
		File: model.File{Name: "a.csv", Bytes: int64(len(exported)), SHA256: sum[:]},
		Source: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(kept)), nil
		},
	}
}

func TestFile_Open(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 511, 512, 513, 100_000} {
		want := bytes.Repeat([]byte("x"), size)
		r, err := fileOf(want, want).Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r, want); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestFile_Open_damaged(t *testing.T) {
	t.Parallel()
	exported := bytes.Repeat([]byte("0123456789"), 1000)
	flipped := bytes.Clone(exported)
	flipped[0] ^= 1
	for name, kept := range map[string][]byte{
		"bit_flipped": flipped, "cut": exported[:len(exported)-1], "empty": nil, "longer": append(bytes.Clone(exported), 'x'),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := fileOf(kept, exported).Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if !IsPermanent(err) {
				t.Errorf("got %v, want a permanent error", err)
			}
			if len(got) >= len(exported) {
				t.Errorf("%d bytes came out, want fewer than %d", len(got), len(exported))
			}
		})
	}
}

func TestFile_Open_store_fails(t *testing.T) {
	t.Parallel()
	f := fileOf(nil, []byte("abc"))
	f.Source = func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(iotest.ErrReader(errors.New("connection reset"))), nil
	}
	r, err := f.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); err == nil || IsPermanent(err) {
		t.Errorf("got %v, want a passing error", err)
	}
	if !IsPermanent(fmt.Errorf("send: %w", Permanent(io.ErrClosedPipe))) || IsPermanent(Permanent(nil)) {
		t.Error("Permanent is not seen through wrapping, or marks no error")
	}
}
