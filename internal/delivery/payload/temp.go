package payload

import (
	"context"
	"errors"
	"fmt"
	"io"

	"exporttask/internal/model"
)

// maxOldTemps bounds the names that OldTempNames returns.
const maxOldTemps = 30

// TempName is the name of a file while it is written, in the folder of its
// place. It is this attempt's own: an attempt whose worker was taken for dead
// writes to another one.
func (p *Payload) TempName() string { return p.tempName(p.Claim) }

func (p *Payload) tempName(claim int64) string {
	return fmt.Sprintf(".exportd-%s-%d.part", p.EventID, claim)
}

// OldTempNames are the names that earlier attempts used. What they left is to be
// removed: one that still writes fails then, and this one takes its place.
func (p *Payload) OldTempNames() []string {
	var names []string
	for claim := max(1, p.Claim-maxOldTemps); claim < p.Claim; claim++ {
		names = append(names, p.tempName(claim))
	}
	return names
}

// WithContext reads from r until ctx ends.
func WithContext(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return r.Read(p)
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// NoMail refuses what e-mail alone has a use for.
func NoMail(to model.DeliverTo) error {
	switch {
	case len(to.Recipients) > 0:
		return errors.New("recipients: given, but the destination sends no e-mail")
	case to.Subject != "":
		return errors.New("subject: given, but the destination sends no e-mail")
	}
	return nil
}
