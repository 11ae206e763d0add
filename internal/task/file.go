package task

import (
	"context"
	"errors"
	"fmt"
	"time"

	"exporttask/internal/model"
	"exporttask/internal/store"
)

// File is an open file of an instance. The caller closes it.
type File struct {
	store.File
	Info     model.File
	Finished time.Time // when the instance ended
}

// OpenFile opens a file of an instance, the first one where name is empty. It
// does not check whether a caller may read it. An instance without files is a
// WrongState, an unknown name is a NotFound. A file that is missing in the store
// or has another size than the exported one is an error of the service.
func (s *Service) OpenFile(ctx context.Context, instID int64, name string) (*File, error) {
	in, err := s.db.GetInst(ctx, instID)
	if err != nil {
		return nil, err
	}
	info, err := findFile(in, name)
	if err != nil {
		return nil, err
	}
	f, err := s.files.Open(ctx, info.Key)
	if errors.Is(err, store.ErrNotExist) {
		return nil, fmt.Errorf("file %s of instance %d is missing in the store: %w", info.Key, in.ID, err)
	}
	if err != nil {
		return nil, err
	}
	if f.Size() != info.Bytes {
		return nil, errors.Join(fmt.Errorf("file %s of instance %d has %d bytes in the store, want %d", info.Key, in.ID, f.Size(), info.Bytes), f.Close())
	}
	return &File{File: f, Info: *info, Finished: in.Finished.Time}, nil
}

// findFile returns the file of a name, the first one where name is empty.
func findFile(in *model.Inst, name string) (*model.File, error) {
	if in.State == model.StateExpired {
		return nil, model.Errorf(model.WrongState, "einstId: %d, its files expired at %s", in.ID, in.Expires.Time.UTC().Format(time.RFC3339))
	}
	if in.State != model.StateSucceeded {
		return nil, model.Errorf(model.WrongState, "einstId: %d is %s; only one that SUCCEEDED has files", in.ID, in.State)
	}
	for i := range in.Files {
		if name == "" || in.Files[i].Name == name {
			return &in.Files[i], nil
		}
	}
	return nil, model.Errorf(model.NotFound, "fileName: %.80q, no such file of instance %d", name, in.ID)
}
