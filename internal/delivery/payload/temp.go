package payload

import (
	"context"
	"errors"
	"fmt"
	"io"

	"exporttask/internal/model"
)

// maxOldTemps is the largest number of names that OldTempNames returns.
const maxOldTemps = 30

// TempName returns the name of a file while it is written, in the folder of its
// target. Each attempt has its own: an attempt that lost its lease may still be
// writing.
func (p *Payload) TempName() string { return p.tempName(p.Claim) }

func (p *Payload) tempName(claim int64) string {
	return fmt.Sprintf(".exportd-%s-%d.part", p.EventID, claim)
}

// OldTempNames returns the temporary names of earlier attempts. The files that
// they left are to be removed.
func (p *Payload) OldTempNames() []string {
	var names []string
	for claim := max(1, p.Claim-maxOldTemps); claim < p.Claim; claim++ {
		names = append(names, p.tempName(claim))
	}
	return names
}

// WithContext returns a reader of r whose Read fails after the end of ctx.
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

// NoMail returns an error for the fields of a delivery that only e-mail uses.
func NoMail(to model.DeliverTo) error {
	switch {
	case len(to.Recipients) > 0:
		return errors.New("recipients: given, but the destination sends no e-mail")
	case to.Subject != "":
		return errors.New("subject: given, but the destination sends no e-mail")
	}
	return nil
}
