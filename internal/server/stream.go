package server

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/model"
)

// watchEvery is how often an instance is read for its watchers. Together with the
// worker's heartbeat it keeps rowsDone less than a second old.
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
		in, err := s.DB.GetInst(ctx, req.GetEinstId())
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
		case <-s.draining:
			return status.Error(codes.Unavailable, "this replica shuts down; watch on at another")
		}
	}
}

// changed reports whether an instance differs in what its watchers follow.
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
	f, err := s.Tasks.OpenFile(stream.Context(), req.GetEinstId(), req.GetFileName())
	if err != nil {
		return err
	}
	defer f.Close()
	file := &f.Info
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
