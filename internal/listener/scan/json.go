// Package scan limits the number of elements and the nesting of a request before
// the request is decoded. Decoded requests take up to several hundred times the
// memory of their encoded form: {"params":[{},{},…]} of 1 MiB has 350,000 elements.
//
// The gateway scans JSON bodies, the gRPC codec scans protobuf messages. A scan
// takes no memory of its own and reads each byte once.
package scan

import "fmt"

const (
	// MaxElements is the maximum number of elements of a request: values of JSON,
	// or fields and list entries of a protobuf message. The largest valid request
	// is a parameter list of 10,000 values.
	MaxElements = 50_000
	// MaxDepth is the maximum nesting of a request's objects and arrays.
	MaxDepth = 32
)

// JSON returns an error if a JSON text has more than MaxElements elements or is
// nested deeper than MaxDepth. It does not validate the text otherwise.
func JSON(text []byte) error {
	elements, depth := 1, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = endOfString(text, i)
		case '[', '{':
			if depth++; depth > MaxDepth {
				return errDepth()
			}
			elements++
		case ']', '}':
			depth--
		case ',':
			elements++
		}
		if elements > MaxElements {
			return errElements()
		}
	}
	return nil
}

// endOfString returns the index of the quote that ends the string that begins at
// i, or the last index of the text.
func endOfString(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text) - 1
}

func errDepth() error {
	return fmt.Errorf("request: more than %d levels of nesting, want at most %d", MaxDepth, MaxDepth)
}

func errElements() error {
	return fmt.Errorf("request: more than %d elements, want at most %d", MaxElements, MaxElements)
}
