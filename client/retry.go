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

// repeatable are the methods that may be retried although the first call may have
// been executed: methods that read, and idempotent ones. Methods that create an
// object are idempotent because of their requestId, which setRequestID sets.
// Watch and Download reopen their streams themselves.
var repeatable = []string{
	"ListTpl", "ListTplVersion", "GetInst", "ListInst", "ListInstEvent", "ListSched", "ListDelivery", "ListAudit",
	"ListSource", "ListTable", "ListTableColumn", "GetQueue", "GetSession", "PreviewTpl", "PreviewSched",
	"CreateTpl", "CreateInst", "RetryInst", "CreateSched", "RunSched",
	"DeleteTpl", "DeleteInst", "DeleteSched",
}

// serviceConfig returns the gRPC service configuration: round-robin over all
// replicas, and retries of the repeatable methods after UNAVAILABLE and
// RESOURCE_EXHAUSTED.
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

// setRequestID is a unary interceptor that sets the requestId of requests without
// one, so that the service recognizes a retry.
func setRequestID(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
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
	// firstTimeout is the time for which Watch and Download retry before any
	// replica has ever answered, so that a wrong address is reported soon.
	firstTimeout = 2 * time.Second
	minPause     = 100 * time.Millisecond
	maxPause     = 2 * time.Second
)

// patience decides how long a stream is reopened while no replica answers.
type patience struct {
	limit time.Duration // after a replica has answered once
	known bool          // a replica has answered once
	tries int           // failed attempts since the last answer
	since time.Time     // the first of them
}

func newPatience(limit time.Duration, known bool) *patience {
	return &patience{limit: limit, known: known}
}

// answered records an answer of a replica.
func (p *patience) answered() { p.known, p.tries = true, 0 }

// again waits before the next attempt. It returns an error if there must not be
// one: err is not UNAVAILABLE, the time is over, or ctx has ended.
func (p *patience) again(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if p.tries == 0 {
		p.since = time.Now()
	}
	limit := p.limit
	if !p.known {
		limit = min(limit, firstTimeout)
	}
	if status.Code(err) != codes.Unavailable || time.Since(p.since) > limit {
		return err
	}
	pause := min(maxPause, minPause<<min(p.tries, 10))
	p.tries++
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(pause/2 + mathrand.N(pause/2)): //nolint:gosec // jitter needs no secure randomness
		return nil
	}
}
