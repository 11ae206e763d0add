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
	"exporttask/internal/task"
)

// defaultKeepAlive is less than the 60 s after which nginx closes a stream without
// traffic.
const defaultKeepAlive = 10 * time.Second

// WatchInst implements the RPC.
func (s *Server) WatchInst(req *api.WshExportTaskWatchInstReq, stream grpc.ServerStreamingServer[api.WshExportTaskWatchInstRes]) error {
	if err := positive("einstId", req.GetEinstId()); err != nil {
		return err
	}
	ctx := stream.Context()
	watch, err := s.watcher.Watch(ctx, req.GetEinstId())
	if err != nil {
		return err
	}
	defer watch.Close()
	keepAlive := time.NewTicker(s.KeepAlive)
	defer keepAlive.Stop()
	var state task.WatchState[*api.WshExportInst]
	for {
		select {
		case state = <-watch.States:
			if state.Err != nil {
				return state.Err
			}
			keepAlive.Reset(s.KeepAlive)
		case <-keepAlive.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.draining:
			return status.Error(codes.Unavailable, "this replica shuts down; watch on at another")
		}
		if err := stream.Send(&api.WshExportTaskWatchInstRes{Data: state.View}); err != nil {
			return err
		}
		if state.Ended {
			return nil
		}
	}
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
	if err := s.Tasks.RecordDownload(stream.Context(), f, req.GetOffset()); err != nil {
		return err
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
