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

	"exporttask/api"
	"exporttask/internal/model"
)

// keepAlive is how often a silent event stream is written to, so that proxies
// between do not take it for dead.
const keepAlive = 15 * time.Second

// watch streams an instance's changes until its end: server-sent events for who
// accepts text/event-stream, else a line of JSON for each.
func (g *gateway) watch(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r)
	if err != nil {
		writeError(w, err)
		return
	}
	stream, err := g.client.WatchInst(r.Context(), &api.WshExportTaskWatchInstReq{EinstId: id})
	if err != nil {
		writeError(w, err)
		return
	}
	first, err := stream.Recv()
	if err != nil {
		writeError(w, err)
		return
	}
	if code, ok := failed(first); ok {
		write(w, httpStatus(code), code, first.GetErrMsg())
		return
	}
	out := &changes{w: w, flush: http.NewResponseController(w), events: strings.Contains(r.Header.Get("Accept"), "text/event-stream")}
	out.begin()
	next := make(chan result)
	go receive(r.Context(), stream.Recv, next)
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for res := first; ; {
		if err := out.send(res); err != nil {
			return // the client went away
		}
		for res = nil; res == nil; {
			select {
			case got := <-next:
				if got.err != nil {
					out.end(got.err)
					return
				}
				res = got.res
			case <-tick.C:
				if err := out.alive(); err != nil {
					return
				}
			case <-r.Context().Done():
				return
			}
		}
	}
}

type result struct {
	res *api.WshExportTaskWatchInstRes
	err error
}

// receive hands over what a stream gives, up to its error.
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

// changes writes an instance's changes in one of the two forms.
type changes struct {
	w      http.ResponseWriter
	flush  *http.ResponseController
	events bool
	n      int
}

func (c *changes) begin() {
	h := c.w.Header()
	h.Set("Content-Type", "application/x-ndjson")
	if c.events {
		h.Set("Content-Type", "text/event-stream")
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold the events back
}

func (c *changes) send(res *api.WshExportTaskWatchInstRes) error {
	text, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}.Marshal(res.GetData())
	if err != nil {
		return err
	}
	c.n++
	if c.events {
		return c.put("id: %d\nevent: change\ndata: %s\n\n", c.n, text)
	}
	return c.put("%s\n", text)
}

// alive is a comment that event streams allow; a stream of lines has none.
func (c *changes) alive() error {
	if c.events {
		return c.put(":\n\n")
	}
	return nil
}

// end tells a stream that ends before the instance did why, so that the client
// watches on.
func (c *changes) end(err error) {
	if errors.Is(err, io.EOF) {
		if c.events {
			_ = c.put("event: end\ndata: {}\n\n") // the client went away
		}
		return
	}
	if c.events {
		_ = c.put("event: error\ndata: %q\n\n", err.Error()) // the client went away
	}
}

func (c *changes) put(format string, args ...any) error {
	if _, err := fmt.Fprintf(c.w, format, args...); err != nil {
		return err
	}
	return c.flush.Flush()
}

// pathID is the instance that a path names.
func pathID(r *http.Request) (int64, error) {
	text := r.PathValue("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, model.Errorf(model.Invalid, "einstId: %.40q, want 1 or more", text)
	}
	return id, nil
}
