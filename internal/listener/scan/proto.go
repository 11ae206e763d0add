package scan

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Proto returns an error if an encoded message of the given type has more than
// MaxElements fields and list entries, counting those of nested messages, or is
// nested deeper than MaxDepth. Malformed messages get no error here: decoding
// reports what is wrong.
func Proto(data []byte, desc protoreflect.MessageDescriptor) error {
	s := protoScan{left: MaxElements}
	return s.message(data, desc, 1)
}

type protoScan struct{ left int }

func (s *protoScan) take(n int) error {
	if s.left -= n; s.left < 0 {
		return errElements()
	}
	return nil
}

func (s *protoScan) message(data []byte, desc protoreflect.MessageDescriptor, depth int) error {
	if depth > MaxDepth {
		return errDepth()
	}
	fields := desc.Fields()
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return nil
		}
		data = data[n:]
		if err := s.take(1); err != nil {
			return err
		}
		n = protowire.ConsumeFieldValue(num, typ, data)
		if n < 0 {
			return nil
		}
		value := data[:n]
		data = data[n:]
		field := fields.ByNumber(num)
		if field == nil {
			continue
		}
		if err := s.field(value, typ, field, depth); err != nil {
			return err
		}
	}
	return nil
}

// field scans the value of a field that contains further elements.
func (s *protoScan) field(value []byte, typ protowire.Type, field protoreflect.FieldDescriptor, depth int) error {
	if typ == protowire.StartGroupType && field.Message() != nil {
		return s.message(value, field.Message(), depth+1)
	}
	if typ != protowire.BytesType {
		return nil
	}
	content, n := protowire.ConsumeBytes(value)
	switch {
	case n < 0:
		return nil
	case field.Message() != nil:
		return s.message(content, field.Message(), depth+1)
	case field.IsList():
		return s.take(packed(content, field.Kind()))
	}
	return nil
}

// packed returns the number of entries of a packed list.
func packed(content []byte, kind protoreflect.Kind) int {
	switch kind {
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind, protoreflect.GroupKind:
		return 0 // never packed
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return len(content) / 4
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return len(content) / 8
	default: // bool, enum and the integers of variable length
		return varints(content)
	}
}

// varints returns the number of varints in an encoding: of bytes below 0x80, with
// which varints end.
func varints(content []byte) int {
	n := 0
	for _, b := range content {
		if b < 0x80 {
			n++
		}
	}
	return n
}
