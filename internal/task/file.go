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
	Operator int32     // owner of the instance
}

// RecordDownload records in the audit log that a caller reads a file from an
// offset on. It is called before the first byte is sent; where it fails, nothing
// may be sent.
func (s *Service) RecordDownload(ctx context.Context, f *File, offset int64) error {
	e := model.AuditEntry{
		Action: model.AuditDownload, Kind: model.AuditFile, ObjectID: f.Info.InstID, Operator: f.Operator,
		Detail: fmt.Sprintf("file %d, %d bytes", f.Info.Seq, f.Info.Bytes),
	}
	if offset > 0 {
		e.Detail += fmt.Sprintf(", from byte %d", offset)
	}
	return s.db.Audit(ctx, e)
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
	live := &liveFile{File: f, db: s.db, inst: in.ID, checked: time.Now()}
	return &File{File: live, Info: *info, Finished: in.Finished.Time, Operator: in.OperatorID}, nil
}

// recheckEvery is how often a file that is being read is checked for its
// instance's end.
const recheckEvery = 2 * time.Second

// liveFile is a file that can be read for as long as its instance is SUCCEEDED. A
// download of a file that expires, or whose instance is deleted, ends with an error
// on whatever replica it runs.
type liveFile struct {
	store.File
	db      *model.DB
	inst    int64
	checked time.Time
}

// Read implements io.Reader.
func (f *liveFile) Read(p []byte) (int, error) {
	if time.Since(f.checked) > recheckEvery {
		state, err := f.db.InstState(context.Background(), f.inst)
		if err == nil && state != model.StateSucceeded {
			return 0, fmt.Errorf("instance %d is %s: its files are gone", f.inst, state)
		}
		f.checked = time.Now() // also where the database does not answer: the file is there
	}
	return f.File.Read(p)
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
