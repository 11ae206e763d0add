package server

import (
	"strings"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that Codec wraps
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"exporttask/internal/listener/scan"
	"exporttask/internal/model"
)

// Codec returns grpc's proto codec with one difference: a request that cannot be
// decoded, for example because a string is not UTF-8, is no error of the codec.
// grpc would answer INTERNAL before any interceptor is called. This codec keeps
// the reason in the unknown fields of an empty message instead, and undecoded
// reads it there, so that the caller gets an envelope that names the field.
func Codec() encoding.CodecV2 { return codec{encoding.GetCodecV2("proto")} }

type codec struct{ encoding.CodecV2 }

// undecodedField is the largest field number that protobuf allows; no message of
// the API uses it.
const undecodedField = protowire.MaxValidNumber

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
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
	proto.Reset(m)
	b := protowire.AppendTag(nil, undecodedField, protowire.BytesType)
	m.ProtoReflect().SetUnknown(protowire.AppendString(b, err.Error()))
	return nil
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
			return &model.Error{Kind: model.Invalid, Text: "request: " + strings.TrimPrefix(text, "request: ")}
		}
		size := protowire.ConsumeFieldValue(num, typ, unknown[n:])
		if size < 0 {
			return nil
		}
		unknown = unknown[n+size:]
	}
	return nil
}
