// Package store keeps finished files. internal/export writes and publishes
// them, internal/server and the gateway read them. It knows nothing of
// instances: a file has a key, which its caller makes.
//
// A file is either published whole or not there: nobody can open one that is
// being written.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// ErrNotExist is returned for a key that holds no published file.
var ErrNotExist = errors.New("file does not exist")

// Writer is a file that is being written. Exactly one of Publish and Abort
// ends it; Abort after Publish does nothing, so that it can be deferred.
type Writer interface {
	io.Writer
	// Publish makes the file durable and visible under its key, in the place
	// of one that was there. After an error there is no file.
	Publish() error
	// Abort throws away what was written.
	Abort()
}

// File is an open published file.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt
	// Size is the file's size in bytes.
	Size() int64
}

// Store is where files are kept.
type Store interface {
	// Create begins a file. Nothing is visible before Publish.
	Create(ctx context.Context, key string) (Writer, error)
	// Open opens a published file; ErrNotExist where there is none.
	Open(ctx context.Context, key string) (File, error)
	// Delete removes a published file; that there is none is no error.
	Delete(ctx context.Context, key string) error
}

// maxName is the longest file name in bytes that common file systems take.
const maxName = 255

// checkKey lets through relative slash-separated paths without empty, "." or
// ".." parts, control characters or parts that begin with a dot.
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
