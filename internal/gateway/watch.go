package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/model/errcode"
)

// keepAliveInterval is the maximum time between two messages of a watch: proxies
// close connections without traffic, nginx after 60 s.
const keepAliveInterval = 15 * time.Second

// watch serves GET /v1/inst/{id}/watch: the instance now and after each change,
// until it has ended. The reply is server-sent events if the client accepts
// text/event-stream, else one line of JSON for each state.
func (g *gateway) watch(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r)
	if err != nil {
		writeError(w, err)
		return
	}
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	stream, err := g.client.WatchInst(ctx, &api.WshExportTaskWatchInstReq{EinstId: id})
	if err != nil {
		writeError(w, err)
		return
	}
	first, err := stream.Recv()
	if err != nil {
		writeError(w, err)
		return
	}
	if code, failed := errcode.OfReply(first); failed {
		writeCode(w, code, first.GetErrMsg())
		return
	}
	out := &stateWriter{w: w, flush: http.NewResponseController(w), events: strings.Contains(r.Header.Get("Accept"), "text/event-stream")}
	out.begin()
	if r.Method == http.MethodHead {
		return
	}
	received := make(chan result)
	go receive(ctx, stream.Recv, received)
	out.copy(ctx, first, received)
}

type result struct {
	res *api.WshExportTaskWatchInstRes
	err error
}

// receive sends the results of recv to a channel, up to and including the first
// error, or until ctx ends.
func receive(ctx context.Context, recv func() (*api.WshExportTaskWatchInstRes, error), to chan<- result) {
	for {
		res, err := recv()
		select {
		case to <- result{res, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// stateWriter writes the states of an instance in one of the two forms.
type stateWriter struct {
	w      http.ResponseWriter
	flush  *http.ResponseController
	events bool // server-sent events

	n    int // states written
	last *api.WshExportInst
}

func (s *stateWriter) begin() {
	h := s.w.Header()
	h.Set("Content-Type", "application/x-ndjson")
	if s.events {
		h.Set("Content-Type", "text/event-stream")
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // disables the reply buffer of nginx
}

// copy writes the first state and the received ones, and something after each
// keepAliveInterval without a change. It returns when the watch ends or the
// client disconnects.
func (s *stateWriter) copy(ctx context.Context, first *api.WshExportTaskWatchInstRes, received <-chan result) {
	if err := s.state(first.GetData()); err != nil {
		return
	}
	tick := time.NewTicker(keepAliveInterval)
	defer tick.Stop()
	for {
		var err error
		select {
		case got := <-received:
			if got.err != nil {
				s.end(got.err)
				return
			}
			if proto.Equal(got.res.GetData(), s.last) {
				err = s.keepAlive() // the service's own keep-alive message
			} else {
				err = s.state(got.res.GetData())
			}
			tick.Reset(keepAliveInterval)
		case <-tick.C:
			err = s.keepAlive()
		case <-ctx.Done():
			return
		}
		if err != nil {
			return // the client disconnected
		}
	}
}

func (s *stateWriter) state(inst *api.WshExportInst) error {
	text, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}.Marshal(inst)
	if err != nil {
		return err
	}
	s.n, s.last = s.n+1, inst
	if s.events {
		return s.put("id: %d\nevent: change\ndata: %s\n\n", s.n, text)
	}
	return s.put("%s\n", text)
}

// keepAlive writes a comment to an event stream. Lines of JSON have no comments,
// and clients may not accept empty lines, so the last state is written again.
func (s *stateWriter) keepAlive() error {
	if s.events {
		return s.put(":\n\n")
	}
	return s.state(s.last)
}

// end writes the last event of an event stream: "end", or "error" if the stream
// ended before the instance did and the client should watch again.
func (s *stateWriter) end(err error) {
	if !s.events {
		return
	}
	if errors.Is(err, io.EOF) {
		_ = s.put("event: end\ndata: {}\n\n") // an error means that the client disconnected
		return
	}
	_ = s.put("event: error\ndata: %q\n\n", err.Error()) // as above
}

func (s *stateWriter) put(format string, args ...any) error {
	if _, err := fmt.Fprintf(s.w, format, args...); err != nil {
		return err
	}
	return s.flush.Flush()
}

// pathID returns the instance id in a path.
func pathID(r *http.Request) (int64, error) {
	text := r.PathValue("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, model.Errorf(model.Invalid, "einstId: %.40q, want 1 or more", text)
	}
	return id, nil
}
