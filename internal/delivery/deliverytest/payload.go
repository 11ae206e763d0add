// Package deliverytest makes payloads for the tests of destinations, and runs the
// servers that the payloads are sent to (SMTP, SFTP, S3), with the faults that a
// test chooses.
package deliverytest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"path"
	"testing"
	"time"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
)

// Payload returns a payload of one file with the given content and path, in the
// first of three attempts.
func Payload(content []byte, where string) *payload.Payload {
	sum := sha256.Sum256(content)
	return &payload.Payload{
		EventID: "event-7", Claim: 1, Attempt: 1, Attempts: 3,
		Inst: &model.Inst{
			ID: 7, TplID: 3, TplName: "订单", OperatorID: 5, State: model.StateSucceeded, RowsDone: 2,
			Created: time.Date(2026, 3, 1, 2, 30, 0, 0, time.UTC),
		},
		Files: []payload.File{{
			File: model.File{
				InstID: 7, Seq: 1, Name: path.Base(where), ContentType: "text/csv; charset=utf-8", Rows: 2,
				Bytes: int64(len(content)), SHA256: sum[:],
			},
			Path:   where,
			Source: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
		}},
	}
}

// Source returns a payload.File's Source that returns r.
func Source(r io.Reader) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(r), nil }
}

// Cut returns a reader of n bytes that then calls stopped and fails.
func Cut(n int, stopped func()) io.Reader {
	return io.MultiReader(bytes.NewReader(bytes.Repeat([]byte("x"), n)), failing(stopped))
}

type failing func()

func (f failing) Read([]byte) (int, error) {
	f()
	return 0, errors.New("the store went away")
}

// Refused checks that there is an error, and whether it is permanent.
func Refused(t *testing.T, err error, permanent bool) {
	t.Helper()
	if err == nil {
		t.Fatal("sent, want an error")
	}
	if got := payload.IsPermanent(err); got != permanent {
		t.Errorf("permanent: %t, want %t: %v", got, permanent, err)
	}
}
