package gateway

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/model/errcode"
	"exporttask/internal/task"
)

// openRemote opens a file for a gateway without access to the store: the file's
// content comes from the service (DownloadInst).
func (g *gateway) openRemote(ctx context.Context, id int64, name string) (*task.File, error) {
	res, err := g.client.GetInst(ctx, &api.WshExportTaskGetInstReq{EinstId: id})
	if err != nil {
		return nil, err
	}
	if code, failed := errcode.OfReply(res); failed {
		return nil, status.Error(code, res.GetErrMsg())
	}
	in := res.GetData()
	if in.GetState() != api.WshExportInstState_STATE_SUCCEEDED {
		return nil, model.Errorf(model.WrongState, "einstId: %d is %s; only one that SUCCEEDED has files", id, in.GetState())
	}
	for _, f := range in.GetFiles() {
		if name != "" && f.GetName() != name {
			continue
		}
		finished, err := time.Parse(time.RFC3339Nano, in.GetFinished())
		if err != nil {
			return nil, err
		}
		sum, err := hex.DecodeString(f.GetSha256())
		if err != nil {
			return nil, err
		}
		ctx, stop := context.WithCancel(ctx)
		return &task.File{
			File:     &remoteFile{ctx: ctx, stop: stop, client: g.client, id: id, name: f.GetName(), size: f.GetBytes()},
			Info:     model.File{InstID: id, Name: f.GetName(), ContentType: f.GetContentType(), Bytes: f.GetBytes(), SHA256: sum},
			Finished: finished,
		}, nil
	}
	return nil, errNoFile(id, name)
}

// remoteFile reads a file with DownloadInst calls, beginning at the offset of the
// last Seek.
type remoteFile struct {
	ctx    context.Context //nolint:containedctx // io.Reader takes no context
	stop   context.CancelFunc
	client api.ExportTaskClient
	id     int64
	name   string
	size   int64

	offset int64 // of the next byte that Read returns
	stream interface {
		Recv() (*api.WshExportTaskDownloadInstRes, error)
	}
	buffer []byte // received and not yet read
}

func (f *remoteFile) Size() int64 { return f.size }

// Seek sets the offset of the next Read, which then starts another download.
func (f *remoteFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the start of the file")
	}
	if offset != f.offset {
		f.offset, f.stream, f.buffer = offset, nil, nil
	}
	return f.offset, nil
}

func (f *remoteFile) Read(p []byte) (int, error) {
	if f.offset >= f.size {
		return 0, io.EOF
	}
	for len(f.buffer) == 0 {
		if f.stream == nil {
			stream, err := f.client.DownloadInst(f.ctx, &api.WshExportTaskDownloadInstReq{EinstId: f.id, FileName: f.name, Offset: f.offset})
			if err != nil {
				return 0, err
			}
			f.stream = stream
		}
		res, err := f.stream.Recv()
		if errors.Is(err, io.EOF) {
			return 0, io.ErrUnexpectedEOF // the stream ended before the file
		}
		if err != nil {
			return 0, err
		}
		if code, failed := errcode.OfReply(res); failed {
			return 0, status.Error(code, res.GetErrMsg())
		}
		f.buffer = res.GetData().GetContent()
	}
	n := copy(p, f.buffer)
	f.buffer, f.offset = f.buffer[n:], f.offset+int64(n)
	return n, nil
}

// ReadAt is part of store.File and not supported: a download is sequential.
func (f *remoteFile) ReadAt([]byte, int64) (int, error) {
	return 0, status.Error(codes.Unimplemented, "a remote file can only be read sequentially")
}

func (f *remoteFile) Close() error {
	f.stop()
	return nil
}
