package client

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"exporttask/api"
)

// Watch calls each for an instance as it is now and after every change, and
// returns how it ended, well or badly; each may be nil. Where the replica that it
// watches goes away it watches on at another.
func (c *Client) Watch(ctx context.Context, instID int64, each func(*api.WshExportInst)) (*api.WshExportInst, error) {
	return c.watch(ctx, instID, each, newPatience(c.opts.Patience, false))
}

func (c *Client) watch(ctx context.Context, instID int64, each func(*api.WshExportInst), p *patience) (*api.WshExportInst, error) {
	w := &watcher{client: c, id: instID, each: each, patience: p}
	for {
		err := w.stream(ctx)
		if w.last != nil && ended(w.last.GetState()) {
			return w.last, nil
		}
		if err := p.again(ctx, err); err != nil {
			return w.last, fmt.Errorf("watch instance %d: %w", instID, err)
		}
	}
}

// ended tells whether a state never changes again, but for its file's removal.
func ended(s api.WshExportInstState) bool {
	switch s {
	case api.WshExportInstState_STATE_SUCCEEDED, api.WshExportInstState_STATE_EXPIRED, api.WshExportInstState_STATE_FAILED,
		api.WshExportInstState_STATE_CANCELED, api.WshExportInstState_STATE_TIMED_OUT:
		return true
	default:
		return false
	}
}

type watcher struct {
	client   *Client
	id       int64
	each     func(*api.WshExportInst)
	patience *patience
	last     *api.WshExportInst
}

// stream watches at one replica. It always ends with an error.
func (w *watcher) stream(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stream, err := w.client.api.WatchInst(ctx, &api.WshExportTaskWatchInstReq{EinstId: w.id})
	if err != nil {
		return err
	}
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return status.Error(codes.Unavailable, "the stream ended before the instance")
		}
		if err := Check(res, err); err != nil {
			return err
		}
		w.patience.answered()
		if proto.Equal(w.last, res.GetData()) {
			continue // told again by the next replica
		}
		w.last = res.GetData()
		if w.each != nil {
			w.each(w.last)
		}
		if ended(w.last.GetState()) {
			return io.EOF
		}
	}
}
