package server

import (
	"crypto/sha256"
	"fmt"

	"google.golang.org/protobuf/proto"

	"exporttask/internal/model"
)

// creating is a request that carries a requestId.
type creating interface {
	proto.Message
	GetRequestId() string
}

// idempotencyKey returns what identifies a creating request: its operator, its
// requestId, and a hash of its other fields. Without a requestId it is zero.
func idempotencyKey(operator int32, req creating) (model.Request, error) {
	id := req.GetRequestId()
	if id == "" {
		return model.Request{}, nil
	}
	body := proto.Clone(req)
	m := body.ProtoReflect()
	m.Clear(m.Descriptor().Fields().ByName("requestId"))
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(body)
	if err != nil {
		return model.Request{}, fmt.Errorf("hash request: %w", err)
	}
	return model.Request{OperatorID: operator, ID: id, Hash: sha256.Sum256(b)}, nil
}
