package server

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that Codec wraps
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"exporttask/internal/listener/scan"
	"exporttask/internal/memory"
	"exporttask/internal/model"
)

// Codec returns grpc's proto codec with one difference: a request that cannot be
// decoded, for example because a string is not UTF-8, is no error of the codec.
// grpc would answer INTERNAL before any interceptor is called. This codec keeps
// the reason in the unknown fields of an empty message instead, and undecoded
// reads it there, so that the caller gets an envelope that names the field.
//
// Large requests wait for memory of the budget before they are decoded.
func Codec(calls *memory.Budget) encoding.CodecV2 { return codec{encoding.GetCodecV2("proto"), calls} }

type codec struct {
	encoding.CodecV2
	calls *memory.Budget
}

const (
	// smallRequest is the size up to which requests do not count as memory.
	smallRequest = 64 << 10
	// decodeMemory is the memory for each byte of a request while it is decoded: as one
	// piece, and decoded.
	decodeMemory = 3
	// decodeTimeout is how long a request waits to be decoded.
	decodeTimeout = 5 * time.Second
)

// undecodedField is the largest field number that protobuf allows; no message of
// the API uses it.
const undecodedField = protowire.MaxValidNumber

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	if data.Len() > smallRequest {
		ctx, stop := context.WithTimeout(context.Background(), decodeTimeout)
		defer stop()
		share, err := c.calls.Acquire(ctx, int64(decodeMemory*data.Len()))
		if err != nil {
			keepError(m, model.Quota, "no memory is free to decode it; try again")
			return nil
		}
		defer share.Release()
	}
	buf := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer buf.Free()
	err := scan.Proto(buf.ReadOnlyData(), m.ProtoReflect().Descriptor())
	if err == nil {
		err = proto.Unmarshal(buf.ReadOnlyData(), m)
	}
	if err == nil {
		return nil
	}
	keepError(m, model.Invalid, strings.TrimPrefix(err.Error(), "request: "))
	return nil
}

// keepError replaces the content of a request by the reason why it was not decoded.
func keepError(m proto.Message, kind model.ErrorKind, text string) {
	proto.Reset(m)
	b := protowire.AppendTag(nil, undecodedField, protowire.BytesType)
	m.ProtoReflect().SetUnknown(protowire.AppendString(b, string(rune(kind))+text))
}

// undecoded returns why a request could not be decoded, nil for one that was.
func undecoded(req any) *model.Error {
	m, ok := req.(proto.Message)
	if !ok {
		return nil
	}
	unknown := m.ProtoReflect().GetUnknown()
	for len(unknown) > 0 {
		num, typ, n := protowire.ConsumeTag(unknown)
		if n < 0 {
			return nil
		}
		if num == undecodedField && typ == protowire.BytesType {
			text, _ := protowire.ConsumeString(unknown[n:])
			if text == "" {
				return nil
			}
			return &model.Error{Kind: model.ErrorKind(text[0]), Text: "request: " + text[1:]}
		}
		size := protowire.ConsumeFieldValue(num, typ, unknown[n:])
		if size < 0 {
			return nil
		}
		unknown = unknown[n+size:]
	}
	return nil
}
