// Package payload is what the delivery worker hands to a destination: the files
// of one instance, where they go, and the event they belong to. Destinations
// read it; internal/delivery makes it. It sends nothing.
package payload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"exporttask/internal/model"
)

// Payload is what is sent to one destination by one attempt.
type Payload struct {
	// EventID is the same for all attempts, so that a receiver can tell a
	// second sending from a second event.
	EventID string
	// Claim counts the attempts that were begun under the event, by whatever
	// worker: no two have the same.
	Claim int64
	// Inst is the instance as it ended.
	Inst  *model.Inst
	Files []File
	// Recipients and Subject are for e-mail; the subject is one line.
	Recipients []string
	Subject    string
}

// File is one file of a payload.
type File struct {
	model.File
	// Path is where it goes in the destination: relative, between slashes, each
	// part fit to be a name on any file system.
	Path string
	// Source opens the stored file.
	Source func(ctx context.Context) (io.ReadCloser, error)
	// Link makes an address that opens the file without a token until expires;
	// nil where the server makes none.
	Link func(ctx context.Context) (url string, expires time.Time, err error)
}

// Destination is a place that files can be sent to. It is safe for concurrent
// use.
type Destination interface {
	// Kind is "s3", "folder", "sftp", "email" or "webhook".
	Kind() string
	// Check tells what is wrong with what a template asks of the destination
	// beyond its path and subject; the error begins with the field.
	Check(to model.DeliverTo) error
	// Send sends a payload and returns where it is now. It may be sent again,
	// also while an earlier attempt still sends: what is visible there must be
	// whole at any time. An error that another attempt cannot mend is
	// Permanent.
	Send(ctx context.Context, p *Payload) (location string, err error)
}

// permanent is an error that will not pass by itself.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error that another attempt cannot mend.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// IsPermanent tells whether an error was marked so.
func IsPermanent(err error) bool {
	_, is := errors.AsType[permanent](err)
	return is
}

// Open opens the file for one reading. The reader hands out the last bytes only
// once all bytes have the SHA-256 that the export wrote down, so that a damaged
// file never arrives whole.
func (f *File) Open(ctx context.Context) (io.ReadCloser, error) {
	src, err := f.Source(ctx)
	if err != nil {
		return nil, err
	}
	return verify(src, f.Bytes, f.SHA256, f.Name), nil
}

// errDamaged is a stored file that is not the one that was exported.
func errDamaged(name string) error {
	return Permanent(fmt.Errorf("the stored file %s is not the one that was exported: its SHA-256 or size differs", name))
}
