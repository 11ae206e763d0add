// Package tracingtest is a collector for tests: it takes what exportd sends by
// OTLP/gRPC, as any collector does, and keeps it. Only tests call it.
package tracingtest

import (
	"context"
	"encoding/hex"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
)

// Span is a span that arrived. Ids are lower-case hexadecimal.
type Span struct {
	Trace, ID, Parent string // no Parent: the trace begins with it
	Name              string
	Failed            bool
	Message           string // of the status
	Attrs             map[string]string
	Resource          map[string]string // the process it is of
}

// Collector keeps spans.
type Collector struct {
	collector.UnimplementedTraceServiceServer

	Addr string // HOST:PORT

	mu      sync.Mutex
	spans   []Span
	conns   int
	changed chan struct{} // closed and made anew with each change
}

// patience is how long Until waits.
const patience = 30 * time.Second

// New runs a collector until the test ends.
func New(tb testing.TB, opts ...grpc.ServerOption) *Collector {
	tb.Helper()
	var listen net.ListenConfig
	listener, err := listen.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	c := &Collector{Addr: listener.Addr().String(), changed: make(chan struct{})}
	server := grpc.NewServer(opts...)
	collector.RegisterTraceServiceServer(server, c)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(counting{listener, c})
	}()
	tb.Cleanup(func() { server.Stop(); <-done })
	return c
}

// Export implements the collector's service.
func (c *Collector) Export(_ context.Context, req *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, process := range req.GetResourceSpans() {
		of := attrs(process.GetResource().GetAttributes())
		for _, scope := range process.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, Span{
					Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
					Name: s.GetName(), Attrs: attrs(s.GetAttributes()), Resource: of,
					Failed: s.GetStatus().GetCode() == trace.Status_STATUS_CODE_ERROR, Message: s.GetStatus().GetMessage(),
				})
			}
		}
	}
	close(c.changed)
	c.changed = make(chan struct{})
	return &collector.ExportTraceServiceResponse{}, nil
}

func attrs(list []*common.KeyValue) map[string]string {
	m := map[string]string{}
	for _, a := range list {
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			m[a.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			m[a.GetKey()] = strconv.FormatInt(v.IntValue, 10)
		default:
			m[a.GetKey()] = a.GetValue().String()
		}
	}
	return m
}

// Spans are those that have arrived so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Span(nil), c.spans...)
}

// Conns is how many connections there have been.
func (c *Collector) Conns() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conns
}

// Until waits until the spans of a trace are n, and returns them. More than n
// fail the test.
func (c *Collector) Until(tb testing.TB, traceID string, n int) []Span {
	tb.Helper()
	deadline := time.After(patience)
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		var found []Span
		for _, s := range c.Spans() {
			if s.Trace == traceID {
				found = append(found, s)
			}
		}
		if len(found) == n {
			return found
		}
		late := len(found) > n
		select {
		case <-changed:
		case <-deadline:
			late = true
		}
		if late {
			tb.Fatalf("%d spans of the trace %s, want %d: %+v", len(found), traceID, n, found)
		}
	}
}

// counting counts the connections that a collector is asked for.
type counting struct {
	net.Listener
	c *Collector
}

func (l counting) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.c.mu.Lock()
		l.c.conns++
		l.c.mu.Unlock()
	}
	return conn, err
}
