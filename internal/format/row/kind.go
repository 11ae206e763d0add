package row

import "strings"

// ColumnOf returns a column of the name and the server's type name, as
// Column.Type has it. Its scale, length and time zone are not known.
func ColumnOf(name, typeName string) Column {
	c := Column{Name: name, Type: typeName, Kind: Text, Scale: -1, Unsigned: strings.HasSuffix(typeName, " UNSIGNED")}
	switch strings.TrimSuffix(typeName, " UNSIGNED") {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT":
		c.Kind = Int
	case "DECIMAL":
		c.Kind = Decimal
	case "FLOAT", "DOUBLE":
		c.Kind = Float
	case "DATE":
		c.Kind = Date
	case "TIME":
		c.Kind = Time
	case "DATETIME", "TIMESTAMP":
		c.Kind = DateTime
	case "YEAR":
		c.Kind = Year
	case "BIT":
		c.Kind = Bit
	case "BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "VECTOR":
		c.Kind = Binary
	case "GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION":
		c.Kind = Geometry
	}
	return c
}
