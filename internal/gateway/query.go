package gateway

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// strictQuery is a query parser that rejects parameters that are not fields of
// the request. The default parser ignores them, so that a misspelt filter would
// filter nothing.
type strictQuery struct{ runtime.DefaultQueryParser }

// Parse implements runtime.QueryParameterParser.
func (q *strictQuery) Parse(msg proto.Message, values url.Values, filter *utilities.DoubleArray) error {
	fields := msg.ProtoReflect().Descriptor().Fields()
	for name := range values {
		first, _, _ := strings.Cut(name, ".")
		if fields.ByName(protoreflect.Name(first)) == nil {
			return fmt.Errorf("query parameter %q: no such field, want of %s", name, fieldNames(fields))
		}
	}
	return q.DefaultQueryParser.Parse(msg, values, filter)
}

func fieldNames(fields protoreflect.FieldDescriptors) string {
	names := make([]string, fields.Len())
	for i := range names {
		names[i] = string(fields.Get(i).Name())
	}
	return strings.Join(names, ", ")
}
