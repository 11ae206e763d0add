package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/store"
)

// watchEvery is how often an instance is looked at for its watchers: together
// with the worker's beat it keeps rowsDone less than a second old.
const watchEvery = 300 * time.Millisecond

// WatchInst implements the RPC.
func (s *Server) WatchInst(req *api.WshExportTaskWatchInstReq, stream grpc.ServerStreamingServer[api.WshExportTaskWatchInstRes]) error {
	if err := positive("einstId", req.GetEinstId()); err != nil {
		return err
	}
	ctx := stream.Context()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var seen *model.Inst
	for {
		in, err := s.db.GetInst(ctx, req.GetEinstId())
		if err != nil {
			return err
		}
		if seen == nil || changed(seen, in) {
			out, err := s.withDeliveries(ctx, in)
			if err != nil {
				return err
			}
			if err := stream.Send(&api.WshExportTaskWatchInstRes{Data: out}); err != nil {
				return err
			}
			seen = in
		}
		if in.State.Ended() {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.drain:
			return status.Error(codes.Unavailable, "this replica shuts down; watch on at another")
		}
	}
}

func changed(a, b *model.Inst) bool {
	return a.State != b.State || a.RowsDone != b.RowsDone || a.BytesDone != b.BytesDone || a.Attempt != b.Attempt || !a.RunAfter.Equal(b.RunAfter)
}

// DownloadInst implements the RPC.
func (s *Server) DownloadInst(req *api.WshExportTaskDownloadInstReq, stream grpc.ServerStreamingServer[api.WshExportTaskDownloadInstRes]) error {
	err := firstError(
		positive("einstId", req.GetEinstId()),
		text("fileName", req.GetFileName(), 0, maxName+len(".xlsx")+20),
		notNegative("offset", req.GetOffset()),
		between("chunkSize", req.GetChunkSize(), 0, int32(maxChunk)),
	)
	if err != nil {
		return err
	}
	_, file, f, err := s.OpenFile(stream.Context(), req.GetEinstId(), req.GetFileName())
	if err != nil {
		return err
	}
	defer f.Close()
	if req.GetOffset() > file.Bytes {
		return invalid("offset", "%d, want 0..%d, the size of %q", req.GetOffset(), file.Bytes, file.Name)
	}
	if _, err := f.Seek(req.GetOffset(), io.SeekStart); err != nil {
		return fmt.Errorf("download %s: %w", file.Key, err)
	}
	buf := make([]byte, cmp.Or(int(req.GetChunkSize()), defaultChunk))
	chunk := &api.WshExportChunk{Offset: req.GetOffset(), File: s.fileToProto(file)}
	for chunk.GetOffset() < file.Bytes || chunk.GetFile() != nil {
		n, err := io.ReadFull(f, buf[:min(int64(len(buf)), file.Bytes-chunk.GetOffset())])
		if err != nil {
			return fmt.Errorf("download %s at byte %d: %w", file.Key, chunk.GetOffset()+int64(n), err)
		}
		chunk.Content = buf[:n]
		if err := stream.Send(&api.WshExportTaskDownloadInstRes{Data: chunk}); err != nil {
			return err
		}
		chunk = &api.WshExportChunk{Offset: chunk.GetOffset() + int64(n)}
	}
	return nil
}

// OpenFile opens a file of an instance, the first for no name. It asks nobody
// whether the caller may.
func (s *Server) OpenFile(ctx context.Context, instID int64, name string) (*model.Inst, *model.File, store.File, error) {
	in, err := s.db.GetInst(ctx, instID)
	if err != nil {
		return nil, nil, nil, err
	}
	file, err := pickFile(in, name)
	if err != nil {
		return nil, nil, nil, err
	}
	f, err := s.open(ctx, file)
	return in, file, f, err
}

// pickFile returns the file of a name, or the first one for no name.
func pickFile(in *model.Inst, name string) (*model.File, error) {
	if in.State == model.StateExpired {
		return nil, model.Errorf(model.WrongState, "einstId: %d, its files expired at %s", in.ID, nullTime(in.Expires))
	}
	if in.State != model.StateSucceeded {
		return nil, model.Errorf(model.WrongState, "einstId: %d is %s; only one that SUCCEEDED has files", in.ID, in.State)
	}
	for i := range in.Files {
		if name == "" || in.Files[i].Name == name {
			return &in.Files[i], nil
		}
	}
	return nil, model.Errorf(model.NotFound, "fileName: %s, no such file of instance %d", shown(name), in.ID)
}

// open opens a file and makes sure that it is the one that was finished.
func (s *Server) open(ctx context.Context, file *model.File) (store.File, error) {
	f, err := s.files.Open(ctx, file.Key)
	if errors.Is(err, store.ErrNotExist) {
		return nil, fmt.Errorf("file %s of instance %d is missing in the store: %w", file.Key, file.InstID, err)
	}
	if err != nil {
		return nil, err
	}
	if f.Size() != file.Bytes {
		return nil, errors.Join(fmt.Errorf("file %s of instance %d has %d bytes in the store, want %d", file.Key, file.InstID, f.Size(), file.Bytes), f.Close())
	}
	return f, nil
}
