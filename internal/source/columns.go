package source

import (
	"encoding/binary"
	"strings"

	"exporttask/internal/format/row"
)

// Column types (MySQL protocol, enum_field_types).
const (
	typeDecimal    = 0
	typeTiny       = 1
	typeShort      = 2
	typeLong       = 3
	typeFloat      = 4
	typeDouble     = 5
	typeNull       = 6
	typeTimestamp  = 7
	typeLongLong   = 8
	typeInt24      = 9
	typeDate       = 10
	typeTime       = 11
	typeDateTime   = 12
	typeYear       = 13
	typeNewDate    = 14
	typeVarChar    = 15
	typeBit        = 16
	typeVector     = 242
	typeJSON       = 245
	typeNewDecimal = 246
	typeEnum       = 247
	typeSet        = 248
	typeTinyBlob   = 249
	typeMediumBlob = 250
	typeLongBlob   = 251
	typeBlob       = 252
	typeVarString  = 253
	typeString     = 254
	typeGeometry   = 255
)

// Column flags (MySQL protocol, Column Definition Flags).
const (
	flagKey      = 1<<1 | 1<<2 | 1<<3 // of the primary, a unique or another key
	flagUnsigned = 1 << 5
	flagZerofill = 1 << 6
	flagEnum     = 1 << 8
	flagSet      = 1 << 11
)

const (
	charsetBinary = 63
	// textBytes is the number of bytes that utf8mb4, the character set of all
	// results, counts for one character in a column's length.
	textBytes = 4
)

// definition is the part of Protocol::ColumnDefinition41 that defines the type of
// a column's values.
type definition struct {
	charset  uint16
	length   uint32
	typ      byte
	flags    uint16
	decimals byte
	extended string // MariaDB's name of the type or of its format, such as "uuid" or "json"
}

// parseColumn parses Protocol::ColumnDefinition41; extended says that it contains
// MariaDB's extended metadata.
func parseColumn(p []byte, extended bool) (row.Column, error) {
	bad := &ProtocolError{What: "column definition"}
	var fields [6][]byte // catalog, schema, table, org_table, name, org_name
	var ok bool
	for i := range fields {
		if fields[i], p, ok = lenencString(p); !ok {
			return row.Column{}, bad
		}
	}
	var d definition
	if extended {
		var meta []byte
		if meta, p, ok = lenencString(p); !ok {
			return row.Column{}, bad
		}
		if d.extended, ok = extendedType(meta); !ok {
			return row.Column{}, bad
		}
	}
	if len(p) < 13 || p[0] < 12 {
		return row.Column{}, bad
	}
	p = p[1:]
	d.charset = binary.LittleEndian.Uint16(p)
	d.length = binary.LittleEndian.Uint32(p[2:])
	d.typ = p[6]
	d.flags = binary.LittleEndian.Uint16(p[7:])
	d.decimals = p[9]
	col := d.column()
	col.Name = string(fields[4])
	col.Computed = len(fields[3]) == 0
	return col, nil
}

// extendedType parses MariaDB's extended metadata: pairs of a kind (0 = type,
// 1 = format) and a string. A column has at most one pair.
func extendedType(p []byte) (name string, ok bool) {
	for len(p) > 0 {
		var v []byte
		if v, p, ok = lenencString(p[1:]); !ok {
			return "", false
		}
		name = string(v)
	}
	return name, true
}

// column returns the column's type, named as in the server's DDL, with the
// properties that an encoder uses.
func (d *definition) column() row.Column {
	col := row.Column{Scale: -1, Length: int64(d.length)}
	switch d.typ {
	case typeTiny, typeShort, typeInt24, typeLong, typeLongLong:
		col.Type, col.Kind = intNames[d.typ], row.Int
	case typeDecimal, typeNewDecimal:
		col.Type, col.Kind, col.Scale = "DECIMAL", row.Decimal, int(d.decimals)
		col.Length = d.precision()
	case typeFloat, typeDouble:
		col.Type, col.Kind = "DOUBLE", row.Float
		if d.typ == typeFloat {
			col.Type = "FLOAT"
		}
		if d.decimals <= 30 { // 31 and 39 mean: as many as the value needs
			col.Scale = int(d.decimals)
		}
	case typeDate, typeNewDate:
		col.Type, col.Kind = "DATE", row.Date
	case typeTime, typeDateTime, typeTimestamp:
		col.Type, col.Kind = timeNames[d.typ], row.DateTime
		if d.typ == typeTime {
			col.Kind = row.Time
		}
		if d.decimals <= 6 {
			col.Scale = int(d.decimals)
		}
	case typeYear:
		col.Type, col.Kind = "YEAR", row.Year
	case typeBit:
		col.Type, col.Kind = "BIT", row.Bit
	case typeGeometry:
		col.Type, col.Kind, col.Length = "GEOMETRY", row.Geometry, 0
		if d.extended != "" {
			col.Type = strings.ToUpper(d.extended)
		}
	case typeNull:
		col.Type, col.Kind = "NULL", row.Text
	case typeVector:
		col.Type, col.Kind = "VECTOR", row.Binary
	default:
		d.stringColumn(&col)
	}
	if k := col.Kind; k == row.Int || k == row.Decimal || k == row.Float {
		col.Unsigned = d.flags&flagUnsigned != 0
		col.Zerofill = d.flags&flagZerofill != 0
		if col.Unsigned {
			col.Type += " UNSIGNED"
		}
	}
	col.Key = d.flags&flagKey != 0
	return col
}

// precision returns the number of digits of a DECIMAL. The column's length counts
// the point and the sign as well.
func (d *definition) precision() int64 {
	n := int64(d.length)
	if d.decimals > 0 {
		n--
	}
	if d.flags&flagUnsigned == 0 {
		n--
	}
	return max(n, 0)
}

// stringColumn sets the type of a column whose values are strings on the wire.
func (d *definition) stringColumn(col *row.Column) {
	switch {
	case d.typ == typeJSON || d.extended == "json":
		col.Type, col.Kind, col.Length = "JSON", row.Text, 0
		return
	case d.extended != "": // UUID, INET4, INET6 and the like: text
		col.Type = strings.ToUpper(d.extended)
	case d.typ == typeEnum || d.flags&flagEnum != 0:
		col.Type = "ENUM"
	case d.typ == typeSet || d.flags&flagSet != 0:
		col.Type = "SET"
	case d.charset == charsetBinary:
		col.Kind = row.Binary
		col.Type = d.binaryName()
		return
	default:
		col.Type = d.textName()
	}
	col.Length /= textBytes
}

func (d *definition) binaryName() string {
	switch d.typ {
	case typeString:
		return "BINARY"
	case typeVarString, typeVarChar:
		return "VARBINARY"
	}
	return d.lobPrefix() + "BLOB"
}

func (d *definition) textName() string {
	switch d.typ {
	case typeString:
		return "CHAR"
	case typeVarString, typeVarChar:
		return "VARCHAR"
	}
	return d.lobPrefix() + "TEXT"
}

// lobPrefix returns the size class of a BLOB or TEXT. Servers send one type for
// all of them, and the length shows the declared one. The length of a text is
// counted for utf8mb4 and is therefore up to four times that of its class.
func (d *definition) lobPrefix() string {
	times := uint32(1)
	if d.charset != charsetBinary {
		times = textBytes
	}
	switch {
	case d.typ == typeTinyBlob || d.length <= 255*times:
		return "TINY"
	case d.typ == typeMediumBlob || d.length > 65535*times && d.length <= (1<<24-1)*times:
		return "MEDIUM"
	case d.typ == typeLongBlob || d.length > 65535*times:
		return "LONG"
	}
	return ""
}

var intNames = map[byte]string{typeTiny: "TINYINT", typeShort: "SMALLINT", typeInt24: "MEDIUMINT", typeLong: "INT", typeLongLong: "BIGINT"}

// typeNameTimestamp is the name of the only type whose text depends on the session's
// time zone.
const typeNameTimestamp = "TIMESTAMP"

var timeNames = map[byte]string{typeTime: "TIME", typeDateTime: "DATETIME", typeTimestamp: typeNameTimestamp}

// lenenc parses a length-encoded integer. It is not ok for the marks of NULL and
// of an error packet.
func lenenc(p []byte) (v uint64, rest []byte, ok bool) {
	if len(p) == 0 {
		return 0, nil, false
	}
	switch {
	case p[0] < 0xfb:
		return uint64(p[0]), p[1:], true
	case p[0] == 0xfc && len(p) >= 3:
		return uint64(binary.LittleEndian.Uint16(p[1:])), p[3:], true
	case p[0] == 0xfd && len(p) >= 4:
		return uint64(p[1]) | uint64(p[2])<<8 | uint64(p[3])<<16, p[4:], true
	case p[0] == 0xfe && len(p) >= 9:
		return binary.LittleEndian.Uint64(p[1:]), p[9:], true
	}
	return 0, nil, false
}

// lenencString parses a length-encoded string, which aliases p.
func lenencString(p []byte) (s, rest []byte, ok bool) {
	n, rest, ok := lenenc(p)
	if !ok || n > uint64(len(rest)) {
		return nil, nil, false
	}
	return rest[:n], rest[n:], true
}
