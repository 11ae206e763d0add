package metrics

import (
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"

	"exporttask/api"
)

// Prometheus keeps each combination of label values for the life of the process,
// and panics if a value is not UTF-8. So every label has a closed set of values,
// which no caller can extend; any other value is counted as "other".

// other is the label value for everything outside of a closed set.
const other = "other"

// labelSet is a closed set of label values.
type labelSet map[string]bool

func newLabelSet(values ...string) labelSet {
	s := labelSet{}
	for _, v := range values {
		s[strings.ToValidUTF8(v, "\uFFFD")] = true
	}
	return s
}

// of returns v if v is in the set, else "other".
func (s labelSet) of(v string) string {
	if s[v] {
		return v
	}
	return other
}

// methods returns the methods of the service by their full name.
func methods() map[string]string {
	desc := api.ExportTask_ServiceDesc
	names := map[string]string{}
	for _, m := range desc.Methods {
		names["/"+desc.ServiceName+"/"+m.MethodName] = m.MethodName
	}
	for _, s := range desc.Streams {
		names["/"+desc.ServiceName+"/"+s.StreamName] = s.StreamName
	}
	return names
}

// method returns the label of a method, "other" for methods of other services
// (health, reflection) and for methods that do not exist.
func (m *Metrics) method(fullMethod string) string {
	if name, ok := m.methods[fullMethod]; ok {
		return name
	}
	return other
}

// errCodes returns the values of the label err_code: the canonical gRPC codes as
// numbers, and the empty string of an attempt without an error.
func errCodes() labelSet {
	s := newLabelSet("")
	for c := codes.OK; c <= codes.Unauthenticated; c++ {
		s[strconv.Itoa(int(c))] = true
	}
	return s
}
