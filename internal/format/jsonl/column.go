package jsonl

import (
	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// column is what the encoder needs to know of an output column for each cell.
type column struct {
	index   int            // of the cell in the row
	key     []byte         // `,"label":`, and `{"label":` of the first column; for putKey
	null    []byte         // key and "null"; for putKey
	convert *format.Column // not nil: the text of the cell is that of AppendText
	zone    *format.Zone   // not nil: the time zone of an asDateTime column
	as      value
	fast    fast
	most    int // bytes of a number that row writes
	// exact is false if every number of the column is written as a number.
	exact bool
}

// value is how the text of a cell becomes a JSON value.
type value uint8

const (
	asString value = iota
	asNumber
	asBool
	asDateTime // a string
	asJSON     // the text is JSON
	asBase64   // a string; the cell is binary
)

// fast is how row writes a cell of the column.
type fast uint8

const (
	slow fast = iota
	fastText
	fastDateTime
	fastNumber
)

// newColumns returns the columns for the encoder.
func newColumns(cols []format.Column, opt format.Options) []column {
	names := format.UniqueNames(cols, false)
	out := make([]column, len(cols))
	for i := range cols {
		c := &out[i]
		*c = newColumn(&cols[i], opt)
		key, _ := appendEscaped([]byte(`,"`), []byte(names[i]))
		if i == 0 {
			key[0] = '{'
		}
		key = append(key, `":`...)
		c.key, c.null = padded(string(key)), padded(string(key)+"null")
		c.fast = c.fastest()
		c.most = maxExactLength
		if !c.exact {
			c.most = maxLength
		}
	}
	return out
}

func newColumn(c *format.Column, opt format.Options) column {
	out := column{index: c.Index, as: valueOf(c)}
	copied := *c
	switch out.as {
	case asNumber:
		isFloat := c.Source.Kind == row.Float && c.Map == nil
		out.exact = !isFloat && opt.JSONNumbers != format.JSONNumbersNumber
		if opt.JSONNumbers == format.JSONNumbersString {
			out.as = asString
		}
	case asBool:
		copied.Type = format.AsText // the text that is parsed
	case asDateTime:
		if !c.Zone.IsZero() {
			out.zone = &copied.Zone
		}
		return out
	case asJSON, asBase64:
		return out
	case asString:
		if c.Source.Kind == row.Binary && !c.BinaryDeclared && c.Binary == format.TextOrHex {
			copied.Binary = format.TextOrBase64
		}
	}
	if !copied.Plain() {
		out.convert = &copied
	}
	return out
}

// valueOf returns the kind of value that a column is written as.
func valueOf(c *format.Column) value {
	switch c.Type {
	case format.AsText:
		return asString
	case format.AsNumber:
		return asNumber
	case format.AsBool:
		return asBool
	case format.AsDate:
		return asString
	case format.Auto, format.AsDateTime:
	}
	if c.Map != nil {
		return asString
	}
	switch c.Source.Kind {
	case row.Int, row.Decimal:
		if c.Source.Zerofill {
			return asString
		}
		return asNumber
	case row.Float, row.Year, row.Bit:
		return asNumber
	case row.DateTime:
		return asDateTime
	case row.Binary:
		if c.Binary == format.Base64 || c.Binary == format.Hex && !c.BinaryDeclared {
			return asBase64
		}
		return asString
	case row.Text:
		if c.Source.Type == "JSON" {
			return asJSON
		}
		return asString
	case row.Date, row.Time, row.Geometry:
	}
	return asString
}

// fastest returns how row writes the cells of the column.
func (c *column) fastest() fast {
	if c.convert != nil || c.zone != nil {
		return slow
	}
	switch c.as {
	case asString:
		return fastText
	case asDateTime:
		return fastDateTime
	case asNumber:
		return fastNumber
	case asBool, asJSON, asBase64:
	}
	return slow
}
