package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	mathrand "math/rand/v2"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"exporttask/api"
)

// repeatable are the calls that may be sent again although the first may have
// arrived: they read, or do nothing the second time. Those that create do
// nothing the second time for their requestId, which giveRequestID sees to.
// Streams are opened anew by Watch and Download, who know where they were.
var repeatable = []string{
	"ListTpl", "GetInst", "ListInst", "ListInstEvent", "ListSched", "ListDelivery", "GetQueue", "PreviewTpl",
	"CreateTpl", "CreateInst", "RetryInst", "CreateSched", "RunSched",
	"DeleteTpl", "DeleteSched",
}

// serviceConfig balances over all replicas, and repeats what is repeatable at
// the next one: where a replica goes away, and where one asks for fewer calls.
func serviceConfig() string {
	type object = map[string]any
	names := make([]object, len(repeatable))
	for i, method := range repeatable {
		names[i] = object{"service": api.ExportTask_ServiceDesc.ServiceName, "method": method}
	}
	text, err := json.Marshal(object{
		"loadBalancingConfig": []object{{"round_robin": object{}}},
		"methodConfig": []object{{"name": names, "retryPolicy": object{
			"maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
			"retryableStatusCodes": []string{"UNAVAILABLE", "RESOURCE_EXHAUSTED"},
		}}},
	})
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return string(text)
}

// giveRequestID gives a request that has none its own id, so that the service
// knows it again.
func giveRequestID(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if msg, ok := req.(proto.Message); ok {
		field := msg.ProtoReflect().Descriptor().Fields().ByName("requestId")
		if field != nil && !msg.ProtoReflect().Has(field) {
			msg = proto.Clone(msg)
			msg.ProtoReflect().Set(field, protoreflect.ValueOfString(rand.Text()))
			req = msg
		}
	}
	return invoke(ctx, method, req, reply, conn, opts...)
}

const (
	// firstTry is how long the first answer is waited for: an address where
	// nothing listens should show soon.
	firstTry = 2 * time.Second
	minPause = 100 * time.Millisecond
	maxPause = 2 * time.Second
)

// patience decides how long a stream is opened anew without an answer.
type patience struct {
	limit time.Duration // once something has answered
	known bool          // something has answered
	tries int           // since then
	since time.Time     // the first of them
}

func newPatience(limit time.Duration, known bool) *patience {
	return &patience{limit: limit, known: known}
}

// answered takes note of an answer.
func (p *patience) answered() { p.known, p.tries = true, 0 }

// again waits before another try. It returns the error where there is to be
// none: it is not one that passes, the patience is at an end, or ctx is.
func (p *patience) again(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if p.tries == 0 {
		p.since = time.Now()
	}
	limit := p.limit
	if !p.known {
		limit = min(limit, firstTry)
	}
	if status.Code(err) != codes.Unavailable || time.Since(p.since) > limit {
		return err
	}
	pause := min(maxPause, minPause<<min(p.tries, 10))
	p.tries++
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(pause/2 + mathrand.N(pause/2)): //nolint:gosec // spreads tries, guards nothing
		return nil
	}
}
