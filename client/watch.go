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

// Watch calls each with the current state of an instance and after each change,
// until the instance has ended, and returns its final state. each may be nil. If
// the replica goes away, Watch continues at another one.
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

// ended reports whether a state is final. (SUCCEEDED only becomes EXPIRED.)
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

// stream watches at one replica. It always returns an error.
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
			continue // a keep-alive message, or the first message of another replica
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
