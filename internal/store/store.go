// Package store keeps finished files, in a folder (Dir) or in a bucket of an
// S3-compatible server (S3). internal/export writes and publishes files, and
// sweeps; internal/server, internal/gateway and internal/delivery read files. The
// package knows nothing of instances: the caller chooses each file's key.
//
// A file is either complete or it does not exist: a file that is being written
// cannot be opened.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// ErrNotExist is returned for a key without a published file.
var ErrNotExist = errors.New("file does not exist")

// errEnded is returned by Publish after Publish or Abort.
var errEnded = errors.New("already published or aborted")

// Writer is a file that is being written. Exactly one of Publish and Abort takes
// effect, the first call; Abort after Publish does nothing, so that it can be
// deferred.
type Writer interface {
	io.Writer
	// Publish makes the file durable and visible under its key, in the place of
	// an earlier file of that key. After an error there is no file.
	Publish() error
	// Abort discards the file.
	Abort()
}

// File is an open published file.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt
	// Size returns the file's size in bytes.
	Size() int64
}

// Store keeps files. It is safe for concurrent use.
type Store interface {
	// Create begins a file. Nothing is visible before Publish.
	Create(ctx context.Context, key string) (Writer, error)
	// Open opens a published file, or returns ErrNotExist.
	Open(ctx context.Context, key string) (File, error)
	// Delete removes a published file. A key without a file is not an error.
	Delete(ctx context.Context, key string) error
}

// maxName is the longest file name in bytes that common file systems take.
const maxName = 255

// checkKey accepts relative slash-separated paths without empty parts, control
// characters, backslashes, and parts that begin with a dot.
func checkKey(key string) error {
	if key == "" || !utf8.ValidString(key) {
		return fmt.Errorf("store key %q: want a relative path in UTF-8", key)
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part[0] == '.' || len(part) > maxName || strings.ContainsFunc(part, isControl) || strings.Contains(part, `\`) {
			return fmt.Errorf("store key %q: part %q is not allowed", key, part)
		}
	}
	return nil
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }
