// Package payload defines what the delivery worker and a destination exchange: the
// Destination interface, the files of one instance and where they go (Payload),
// and the outcome (Receipt, errors). internal/delivery makes payloads; the
// destinations read them. The package sends nothing.
package payload

import (
	"context"
	"fmt"
	"io"
	"time"

	"exporttask/internal/model"
)

// Payload is what one attempt sends to one destination.
type Payload struct {
	// EventID is the same for all attempts of a delivery, so that a receiver can
	// tell a repeated attempt from a new event.
	EventID string
	// Claim is the number of the delivery's claim. No two attempts have the same.
	Claim int64
	// Attempt is the number of this attempt, from 1, and Attempts the largest
	// number of attempts.
	Attempt, Attempts int32
	// Inst is the instance that the files belong to and that has SUCCEEDED, or that
	// Notice is about. Its id is 0 if a due time has no instance.
	Inst  *model.Inst
	Files []File
	// Notice is set if the payload is the notice of an event. Destinations that keep files
	// then get one file, which holds the event; the others get none.
	Notice *Notice
	// Recipients and Subject are for e-mail; the subject is one line.
	Recipients []string
	Subject    string
}

// File is one file of a payload.
type File struct {
	model.File
	// Path is the file's path at the destination: relative, with slashes; each
	// part is a valid name on every common file system.
	Path string
	// Source opens the stored file.
	Source func(ctx context.Context) (io.ReadCloser, error)
	// Link returns a URL that opens the file without a token until expires. It
	// is nil if the server makes no links.
	Link func(ctx context.Context) (url string, expires time.Time, err error)
}

// Receipt is the outcome of an attempt that succeeded.
type Receipt struct {
	// Location is where the first file is now, such as "s3://bucket/key".
	Location string
	// Warning is shown with the delivery: what the destination did not do, such
	// as a recipient that a mail server refused. Empty: nothing.
	Warning string
}

// Destination is a place that files can be sent to. It is safe for concurrent
// use.
type Destination interface {
	// Kind returns "s3", "folder", "sftp", "email" or "webhook".
	Kind() string
	// Check returns an error if the destination cannot do what a template asks
	// for beyond path and subject. The error begins with the field.
	Check(to model.DeliverTo) error
	// Send sends a payload. It may be called again for the same delivery, even
	// while an earlier attempt still runs: at any time a file that is visible at
	// the destination must be complete. An error that another attempt cannot
	// avoid is Permanent.
	Send(ctx context.Context, p *Payload) (Receipt, error)
}

// Open opens the file for one reading. The reader returns the last bytes only
// after all bytes have proved to have the SHA-256 of the export, so that a
// damaged file never arrives complete.
func (f *File) Open(ctx context.Context) (io.ReadCloser, error) {
	src, err := f.Source(ctx)
	if err != nil {
		return nil, err
	}
	return verify(src, f.Bytes, f.SHA256, f.Name), nil
}

// errDamaged is the error for a stored file that differs from the export.
func errDamaged(name string) error {
	return Permanent(fmt.Errorf("the stored file %s is not the exported file: its SHA-256 or size differs", name))
}
