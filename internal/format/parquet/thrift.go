package parquet

import "encoding/binary"

// The types of Thrift's compact protocol, in which all metadata is written.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

// thrift appends values in Thrift's compact protocol. Fields of a struct must be
// written in the order of their numbers.
type thrift struct {
	buf  []byte
	last []int16 // number of the last field of each open struct
}

// begin starts a struct that is no field: the whole value, or an element of a list.
func (t *thrift) begin() { t.last = append(t.last, 0) }

// end ends the innermost struct.
func (t *thrift) end() {
	t.buf = append(t.buf, 0)
	t.last = t.last[:len(t.last)-1]
}

func (t *thrift) field(id int16, typ byte) {
	last := &t.last[len(t.last)-1]
	t.buf = append(t.buf, byte(id-*last)<<4|typ) // all our numbers are less than 16 apart
	*last = id
}

func (t *thrift) structField(id int16) {
	t.field(id, thriftStruct)
	t.begin()
}

func (t *thrift) bool(id int16, v bool) {
	if v {
		t.field(id, thriftTrue)
	} else {
		t.field(id, thriftFalse)
	}
}

func (t *thrift) i8(id int16, v int8) {
	t.field(id, thriftByte)
	t.buf = append(t.buf, byte(v))
}

func (t *thrift) i16(id, v int16) {
	t.field(id, thriftI16)
	t.varint(int64(v))
}

func (t *thrift) i32(id int16, v int32) {
	t.field(id, thriftI32)
	t.varint(int64(v))
}

func (t *thrift) i64(id int16, v int64) {
	t.field(id, thriftI64)
	t.varint(v)
}

func (t *thrift) binary(id int16, v []byte) {
	t.field(id, thriftBinary)
	t.bytes(v)
}

func (t *thrift) string(id int16, v string) { t.binary(id, []byte(v)) }

// list starts a list of n elements.
func (t *thrift) list(id int16, typ byte, n int) {
	t.field(id, thriftList)
	if n < 15 {
		t.buf = append(t.buf, byte(n)<<4|typ)
		return
	}
	t.buf = append(t.buf, 0xf0|typ)
	t.buf = binary.AppendUvarint(t.buf, uint64(n))
}

// bytes appends an element of a list of binaries.
func (t *thrift) bytes(v []byte) {
	t.buf = binary.AppendUvarint(t.buf, uint64(len(v)))
	t.buf = append(t.buf, v...)
}

// varint appends an element of a list of integers.
func (t *thrift) varint(v int64) { t.buf = binary.AppendVarint(t.buf, v) } // zigzag

// element appends an element of a list of booleans.
func (t *thrift) element(v bool) {
	if v {
		t.buf = append(t.buf, thriftTrue)
	} else {
		t.buf = append(t.buf, thriftFalse)
	}
}
