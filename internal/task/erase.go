package task

import (
	"context"
	"errors"
	"fmt"

	"exporttask/internal/model"
)

// DeleteInst erases what an ended instance produced: nobody can open its files
// from now on, and they leave the store before DeleteInst returns. The instance
// stays, with an event that names operator and reason. A file that cannot be
// removed is an error; the call can be repeated, and the sweep removes the file
// otherwise.
func (s *Service) DeleteInst(ctx context.Context, id int64, e model.Erasure) (*model.Inst, error) {
	in, files, err := s.db.EraseInst(ctx, id, e)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, f := range files {
		if err := s.files.Delete(ctx, f.Key); err != nil {
			errs = append(errs, fmt.Errorf("erase instance %d: remove file %d from the store: %w", id, f.Seq, err))
		}
	}
	return in, errors.Join(errs...)
}
