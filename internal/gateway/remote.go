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
	"exporttask/internal/task"
)

// remote opens a file by way of the service, for a gateway without the store.
func (g *gateway) remote(ctx context.Context, id int64, name string) (*task.File, error) {
	res, err := g.client.GetInst(ctx, &api.WshExportTaskGetInstReq{EinstId: id})
	if err != nil {
		return nil, err
	}
	if code, ok := failed(res); ok {
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

// remoteFile reads a file through DownloadInst, from wherever it was sought to.
type remoteFile struct {
	ctx    context.Context //nolint:containedctx // io.Reader has no place for it
	stop   context.CancelFunc
	client api.ExportTaskClient
	id     int64
	name   string
	size   int64

	at     int64
	stream interface {
		Recv() (*api.WshExportTaskDownloadInstRes, error)
	}
	left []byte
}

func (f *remoteFile) Size() int64 { return f.size }

// Seek moves to another place; the download begins anew there when it is read.
func (f *remoteFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning of a file")
	}
	if offset != f.at {
		f.at, f.stream, f.left = offset, nil, nil
	}
	return f.at, nil
}

func (f *remoteFile) Read(p []byte) (int, error) {
	if f.at >= f.size {
		return 0, io.EOF
	}
	for len(f.left) == 0 {
		if f.stream == nil {
			stream, err := f.client.DownloadInst(f.ctx, &api.WshExportTaskDownloadInstReq{EinstId: f.id, FileName: f.name, Offset: f.at})
			if err != nil {
				return 0, err
			}
			f.stream = stream
		}
		res, err := f.stream.Recv()
		if errors.Is(err, io.EOF) {
			return 0, io.ErrUnexpectedEOF // there was more to come
		}
		if err != nil {
			return 0, err
		}
		if code, ok := failed(res); ok {
			return 0, status.Error(code, res.GetErrMsg())
		}
		f.left = res.GetData().GetContent()
	}
	n := copy(p, f.left)
	f.left, f.at = f.left[n:], f.at+int64(n)
	return n, nil
}

// ReadAt is not needed for serving.
func (f *remoteFile) ReadAt([]byte, int64) (int, error) {
	return 0, status.Error(codes.Unimplemented, "a remote file is read in its order")
}

func (f *remoteFile) Close() error {
	f.stop()
	return nil
}
