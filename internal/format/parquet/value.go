package parquet

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/bits"
	"strconv"
	"unicode/utf8"

	"exporttask/internal/format"
)

// fault says why a cell does not fit the type of its column; "" = it does.
type fault string

const (
	noNumber   fault = "a text that is no number"
	outOfRange fault = "a number out of the range"
	noTruth    fault = "a text that is no truth value"
	noDate     fault = "a text that is no date"
	noTime     fault = "a text that is no time"
	longTime   fault = "a time that is negative or of 24 hours or more"
	noJSON     fault = "a text that is not JSON"
	longBits   fault = "more bits than the column has"
)

// add adds a cell that is not NULL to the open page.
func (c *column) add(cell []byte, counts *format.WarningCounts) fault {
	if c.shown != nil {
		c.scratch = c.shown.AppendText(c.scratch[:0], cell)
		cell = c.scratch
	}
	var v int64
	ok := true
	switch c.schema.convert {
	case toText:
		return c.addText(cell, counts)
	case toBytes:
		c.addBytes(cell)
		return ""
	case toJSON:
		if !json.Valid(bytes.ToValidUTF8(cell, []byte("\uFFFD"))) {
			return noJSON
		}
		return c.addText(cell, counts)
	case toInt:
		v, ok = parseInt(cell)
		if !ok && len(cell) < 19 {
			return noNumber
		}
		if !ok || v < c.least || v > c.most {
			return outOfRange
		}
	case toUint:
		u, err := strconv.ParseUint(string(cell), 10, 64)
		if v = int64(u); err != nil {
			return noNumber
		}
	case toBits, toBitBool:
		v, ok = parseBits(cell)
		if !ok || c.schema.convert == toBitBool && v > 1 || c.schema.bits < 64 && c.schema.bits > 0 && v>>c.schema.bits != 0 {
			return longBits
		}
	case toBool:
		truth, ok := format.ParseBool(cell)
		if !ok {
			return noTruth
		}
		if truth {
			v = 1
		}
	case toDecimal:
		if v, ok = shortDecimal(cell, c.schema.scale, c.schema.precision); ok {
			break
		}
		d, f := parseDecimal(cell, c.schema.scale, c.schema.precision)
		if f != "" {
			return f
		}
		ok = true
		if v = int64(d.lo); d.negative {
			v = -v
		}
	case toDecimal38:
		d, f := parseDecimal(cell, c.schema.scale, c.schema.precision)
		if f != "" {
			return f
		}
		c.addFixed(d)
		return ""
	case toFloat:
		f, err := strconv.ParseFloat(string(cell), 32)
		if err != nil || !format.IsNumber(cell) {
			return noNumber
		}
		v = int64(math.Float32bits(float32(f)))
	case toDouble:
		if v, ok = shortDouble(cell); ok {
			break
		}
		f, err := strconv.ParseFloat(string(cell), 64)
		if err != nil || !format.IsNumber(cell) {
			return noNumber
		}
		v, ok = int64(math.Float64bits(f)), true
	case toDate, toDateTime, toInstant:
		return c.addDate(cell, counts)
	case toTime:
		return c.addTime(cell)
	}
	if !ok {
		return noNumber
	}
	c.addNumber(v)
	return ""
}

func (c *column) addNumber(v int64) {
	c.present()
	c.nums = append(c.nums, v)
}

func (c *column) addBytes(v []byte) {
	c.present()
	c.data = append(c.data, v...)
	c.ends = append(c.ends, uint32(len(c.data)))
}

// addText adds a text whose invalid bytes are replaced and counted.
func (c *column) addText(text []byte, counts *format.WarningCounts) fault {
	if c.schema.asText {
		counts.LongDecimal++
	}
	if !utf8.Valid(text) {
		counts.Illegal++
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	c.addBytes(text)
	return ""
}

// addFixed adds a DECIMAL as a big-endian number of 128 bits.
func (c *column) addFixed(d unscaled) {
	hi, lo := d.hi, d.lo
	if d.negative {
		lo = -lo
		hi = ^hi
		if lo == 0 {
			hi++
		}
	}
	var b [fixedSize]byte
	binary.BigEndian.PutUint64(b[:], hi)
	binary.BigEndian.PutUint64(b[8:], lo)
	c.addBytes(b[:])
}

// parseInt parses a decimal integer of up to 19 digits.
func parseInt(p []byte) (v int64, ok bool) {
	digits := p
	if len(p) > 0 && (p[0] == '-' || p[0] == '+') {
		digits = p[1:]
	}
	if len(digits) == 0 {
		return 0, false
	}
	if len(digits) > 18 {
		v, err := strconv.ParseInt(string(p), 10, 64)
		return v, err == nil
	}
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = 10*v + int64(c)
	}
	if p[0] == '-' {
		v = -v
	}
	return v, true
}

// parseBits parses the big-endian bytes of a BIT.
func parseBits(p []byte) (v int64, ok bool) {
	for _, c := range p {
		v = v<<8 | int64(c)
	}
	return v, len(p) <= 8
}

// unscaled is a decimal number without its point: hi·2^64 + lo.
type unscaled struct {
	hi, lo   uint64
	negative bool
}

// parseDecimal parses a decimal number of at most precision digits, scale of them
// after the point. More digits than scale after the point must be zeros.
func parseDecimal(p []byte, scale, precision int) (d unscaled, f fault) {
	rest := p
	if len(p) > 0 && (p[0] == '-' || p[0] == '+') {
		d.negative = p[0] == '-'
		rest = p[1:]
	}
	digits, significant, after := 0, 0, -1 // after the point; -1 = before it
	for _, c := range rest {
		if c == '.' && after < 0 {
			after = 0
			continue
		}
		if c -= '0'; c > 9 {
			return d, noNumber
		}
		digits++
		if after >= 0 {
			if after++; after > scale {
				if c != 0 {
					return d, outOfRange
				}
				continue
			}
		}
		d.shift(uint64(c))
		if significant > 0 || c != 0 {
			significant++
		}
	}
	if digits == 0 {
		return d, noNumber
	}
	for after = max(after, 0); after < scale; after++ {
		d.shift(0)
		if significant > 0 {
			significant++
		}
	}
	if significant > precision {
		return d, outOfRange
	}
	return d, ""
}

// shift appends a digit. Numbers of more than 38 digits wrap.
func (d *unscaled) shift(digit uint64) {
	if d.hi == 0 && d.lo < math.MaxUint64/10 {
		d.lo = 10*d.lo + digit
		return
	}
	carry, lo := bits.Mul64(d.lo, 10)
	var c uint64
	d.lo, c = bits.Add64(lo, digit, 0)
	d.hi = 10*d.hi + carry + c
}
