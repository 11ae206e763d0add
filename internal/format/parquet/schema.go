package parquet

import (
	"strconv"
	"strings"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// physical is a physical type of Parquet, numbered as in its format.
type physical int32

const (
	typeBoolean   physical = 0
	typeInt32     physical = 1
	typeInt64     physical = 2
	typeFloat     physical = 4
	typeDouble    physical = 5
	typeByteArray physical = 6
	typeFixed     physical = 7 // of fixedSize bytes
)

// fixedSize is the size of a DECIMAL of more than 18 digits: that of 38 digits.
const fixedSize = 16

// logical is a logical type of Parquet, with the number of its field in the union
// LogicalType; 0 = none.
type logical int16

const (
	logicalNone      logical = 0
	logicalString    logical = 1
	logicalDecimal   logical = 5
	logicalDate      logical = 6
	logicalTime      logical = 7
	logicalTimestamp logical = 8
	logicalInteger   logical = 10
	logicalJSON      logical = 12
)

// conversion is how the text of a cell becomes a value.
type conversion uint8

const (
	toText    conversion = iota // UTF-8
	toBytes                     // any bytes
	toJSON                      // UTF-8 that is JSON
	toInt                       // by column.min and column.max
	toUint                      // of 64 bits
	toBits                      // BIT(n)
	toBitBool                   // BIT(1)
	toBool                      // a truth value as text
	toDecimal                   // up to 18 digits
	toDecimal38
	toFloat
	toDouble
	toDate
	toDateTime
	toInstant // a DATETIME in the time zone of the column
	toTime
)

// schema is the type of a column.
type schema struct {
	physical  physical
	logical   logical
	convert   conversion
	bits      int8 // of an integer
	signed    bool
	precision int // of a DECIMAL
	scale     int
	utc       bool // a timestamp is an instant
	// asText is true for a DECIMAL of more digits than Parquet has, whose cells are
	// counted.
	asText bool
}

var (
	textSchema   = schema{physical: typeByteArray, logical: logicalString, convert: toText}
	doubleSchema = schema{physical: typeDouble, convert: toDouble}
	boolSchema   = schema{physical: typeBoolean, convert: toBool}
	dateSchema   = schema{physical: typeInt32, logical: logicalDate, convert: toDate}
	stampSchema  = schema{physical: typeInt64, logical: logicalTimestamp, convert: toDateTime}
)

// maxPrecision is the most digits that readers know of a DECIMAL.
const maxPrecision = 38

// schemaOf returns the type of a column in the file, or why its declaration does
// not fit it.
func schemaOf(c *format.Column) (s schema, reason string) {
	if c.Type == format.AsText || c.Type == format.Auto && c.Map != nil {
		return textSchema, ""
	}
	if c.Map != nil { // the values are the texts of the map
		return declaredText(c.Type), ""
	}
	s = natural(c)
	kind := c.Source.Kind
	isNumber := kind == row.Int || kind == row.Decimal || kind == row.Float || kind == row.Year || kind == row.Bit
	switch c.Type {
	case format.Auto, format.AsText:
		return s, ""
	case format.AsNumber:
		switch {
		case s.asText, kind == row.Text:
			return doubleSchema, ""
		case s.convert == toBitBool:
			return schema{physical: typeInt32, logical: logicalInteger, convert: toBits, bits: 8}, ""
		case isNumber:
			return s, ""
		}
	case format.AsBool:
		if isNumber || kind == row.Text {
			return boolSchema, ""
		}
	case format.AsDate:
		if kind == row.Date || kind == row.DateTime || kind == row.Text {
			return dateSchema, ""
		}
	case format.AsDateTime:
		switch kind {
		case row.DateTime:
			return s, ""
		case row.Date, row.Text:
			return stampSchema, ""
		case row.Int, row.Decimal, row.Float, row.Time, row.Year, row.Bit, row.Binary, row.Geometry:
		}
	}
	return s, "the column is a " + c.Source.Type + ", whose values are not of this type in a Parquet file"
}

// declaredText is the type of a column of texts that was declared.
func declaredText(t format.Type) schema {
	switch t {
	case format.AsNumber:
		return doubleSchema
	case format.AsBool:
		return boolSchema
	case format.AsDate:
		return dateSchema
	case format.AsDateTime:
		return stampSchema
	case format.Auto, format.AsText:
	}
	return textSchema
}

// natural is the type that corresponds to that of the database.
func natural(c *format.Column) schema {
	src := &c.Source
	switch src.Kind {
	case row.Int:
		return integer(intBits(src.Type), !src.Unsigned)
	case row.Year:
		return integer(16, true)
	case row.Bit:
		if src.Length == 1 {
			return schema{physical: typeBoolean, convert: toBitBool}
		}
		s := integer(bitBits(src.Length), false)
		s.convert = toBits
		return s
	case row.Decimal:
		return decimal(int(src.Length), max(src.Scale, 0))
	case row.Float:
		if strings.HasPrefix(src.Type, "FLOAT") {
			return schema{physical: typeFloat, convert: toFloat}
		}
		return doubleSchema
	case row.Date:
		return dateSchema
	case row.DateTime:
		s := stampSchema
		if !c.Zone.IsZero() {
			s.convert, s.utc = toInstant, true
		}
		return s
	case row.Time:
		return schema{physical: typeInt64, logical: logicalTime, convert: toTime}
	case row.Binary:
		if c.BinaryDeclared {
			return textSchema
		}
		return schema{physical: typeByteArray, convert: toBytes}
	case row.Text:
		if src.Type == "JSON" {
			return schema{physical: typeByteArray, logical: logicalJSON, convert: toJSON}
		}
	case row.Geometry:
	}
	return textSchema
}

// intBits returns the width of an integer type of the server. A MEDIUMINT of 24
// bits has 32.
func intBits(name string) int8 {
	switch word, _, _ := strings.Cut(name, " "); word {
	case "TINYINT":
		return 8
	case "SMALLINT":
		return 16
	case "MEDIUMINT", "INT":
		return 32
	}
	return 64
}

// bitBits returns the width of the integer for a BIT of n bits.
func bitBits(n int64) int8 {
	switch {
	case n == 0 || n > 32:
		return 64
	case n > 16:
		return 32
	case n > 8:
		return 16
	}
	return 8
}

func integer(bits int8, signed bool) schema {
	s := schema{physical: typeInt32, logical: logicalInteger, convert: toInt, bits: bits, signed: signed}
	if bits == 64 {
		s.physical = typeInt64
		if !signed {
			s.convert = toUint
		}
	}
	return s
}

func decimal(precision, scale int) schema {
	if precision == 0 { // unknown
		precision = maxPrecision
	}
	s := schema{logical: logicalDecimal, convert: toDecimal, precision: max(precision, scale, 1), scale: scale}
	switch {
	case s.precision <= 9:
		s.physical = typeInt32
	case s.precision <= 18:
		s.physical = typeInt64
	case s.precision <= maxPrecision:
		s.physical, s.convert = typeFixed, toDecimal38
	default:
		s = textSchema
		s.asText = true
	}
	return s
}

// want describes the values of the column for an error message.
func (s *schema) want() string {
	switch s.convert {
	case toInt, toUint, toBits:
		sign := "an unsigned"
		if s.signed {
			sign = "a signed"
		}
		return sign + " integer of " + strconv.Itoa(int(s.bits)) + " bits"
	case toBitBool, toBool:
		return "a truth value"
	case toDecimal, toDecimal38:
		return "a DECIMAL(" + strconv.Itoa(s.precision) + "," + strconv.Itoa(s.scale) + ")"
	case toFloat, toDouble:
		return "a number"
	case toDate:
		return "a date"
	case toDateTime, toInstant:
		return "a date and time"
	case toTime:
		return "a time of day"
	case toJSON:
		return "JSON"
	case toText, toBytes:
	}
	return "a text"
}

// write appends the SchemaElement of the column.
func (s *schema) write(t *thrift, name string) {
	t.begin()
	t.i32(1, int32(s.physical))
	if s.physical == typeFixed {
		t.i32(2, fixedSize)
	}
	t.i32(3, 1) // OPTIONAL
	t.string(4, name)
	if c := s.converted(); c >= 0 {
		t.i32(6, c)
	}
	if s.logical == logicalDecimal {
		t.i32(7, int32(s.scale))
		t.i32(8, int32(s.precision))
	}
	if s.logical != logicalNone {
		t.structField(10)
		s.writeLogical(t)
		t.end()
	}
	t.end()
}

// converted returns the older form of the logical type, or -1 if it has none: that
// of a timestamp says that it is an instant.
func (s *schema) converted() int32 {
	switch s.logical {
	case logicalString:
		return 0
	case logicalDecimal:
		return 5
	case logicalDate:
		return 6
	case logicalTimestamp:
		if s.utc {
			return 10
		}
	case logicalInteger:
		n := int32(11) // UINT_8
		if s.signed {
			n = 15
		}
		for b := s.bits; b > 8; b /= 2 {
			n++
		}
		return n
	case logicalJSON:
		return 19
	case logicalNone, logicalTime:
	}
	return -1
}

func (s *schema) writeLogical(t *thrift) {
	t.structField(int16(s.logical))
	switch s.logical {
	case logicalDecimal:
		t.i32(1, int32(s.scale))
		t.i32(2, int32(s.precision))
	case logicalTime, logicalTimestamp:
		t.bool(1, s.utc)
		t.structField(2)
		t.structField(2) // MICROS
		t.end()
		t.end()
	case logicalInteger:
		t.i8(1, s.bits)
		t.bool(2, s.signed)
	case logicalNone, logicalString, logicalDate, logicalJSON:
	}
	t.end()
}
