package delivery

import (
	"context"
	"crypto/sha256"
	"fmt"

	"exporttask/internal/model"
)

// notRequiredError is the reason for which a delivery is skipped.
type notRequiredError string

// Error implements error.
func (n notRequiredError) Error() string { return string(n) }

// checkRequire returns a notRequiredError if the condition of a delivery does not
// hold for the files of in.
func (p *Pool) checkRequire(ctx context.Context, in *model.Inst, v *model.Delivery, require model.Require) error {
	switch require {
	case model.RequireNothing:
	case model.RequireRows:
		if in.RowsDone == 0 {
			return notRequiredError("not sent: the export has no rows, require is REQUIRE_ROWS")
		}
	case model.RequireNoRows:
		if in.RowsDone > 0 {
			return notRequiredError(fmt.Sprintf("not sent: the export has %d rows, require is REQUIRE_NO_ROWS", in.RowsDone))
		}
	case model.RequireChange:
		sum := content(in.Files)
		v.Content = &sum
		last, ok, err := p.queue.LastContent(ctx, in, v)
		if err != nil {
			return err
		}
		if ok && last == sum {
			return notRequiredError("not sent: the content is what was delivered last, require is REQUIRE_CHANGE")
		}
	}
	return nil
}

// content returns the SHA-256 of the hashes of files.
func content(files []model.File) model.Content {
	h := sha256.New()
	for _, f := range files {
		h.Write(f.SHA256)
	}
	return model.Content(h.Sum(nil))
}
