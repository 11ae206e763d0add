package jsonl

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"

	"exporttask/internal/format"
)

// value writes the value of a cell that is not NULL.
func (e *Encoder) value(c *column, raw []byte) {
	text := raw
	if c.convert != nil {
		e.scratch = c.convert.AppendText(e.scratch[:0], raw)
		text = e.scratch
	}
	switch c.as {
	case asNumber:
		e.number(c, text)
	case asBool:
		v, ok := format.ParseBool(text)
		switch {
		case !ok:
			e.otherType(text)
		case v:
			e.raw([]byte("true"))
		default:
			e.raw([]byte("false"))
		}
	case asDateTime:
		e.dateTime(c, text)
	case asJSON:
		e.json(text)
	case asBase64:
		e.base64(text)
	case asString:
		e.string(text)
	}
}

// number writes a number, or a string if a double does not hold it.
func (e *Encoder) number(c *column, text []byte) {
	plain := text
	n, ok := parseNumber(plain)
	if !ok {
		plain = normal(text)
		n, ok = parseNumber(plain)
	}
	switch {
	case !ok:
		e.otherType(text)
	case c.exact && !n.exact():
		e.counts.LongNumber++
		e.string(text)
	default:
		e.raw(plain)
	}
}

// otherType writes a value that is not of the type of its column as a string.
func (e *Encoder) otherType(text []byte) {
	e.counts.OtherType++
	e.string(text)
}

// dateTime writes a date and time, with the offset from UTC if the column has a
// time zone.
func (e *Encoder) dateTime(c *column, text []byte) {
	switch {
	case !isDateTime(text):
	case c.zone != nil:
		e.scratch = c.zone.AppendRFC3339(e.scratch[:0], text)
		text = e.scratch
	default:
		e.scratch = append(e.scratch[:0], text...)
		e.scratch[len("2026-01-31")] = 'T'
		text = e.scratch
	}
	e.string(text)
}

// isDateTime reports whether a DATETIME of the server is a date and time and not a
// zero date.
func isDateTime(text []byte) bool {
	return len(text) >= len("2026-01-31 23:59:59") && text[4] == '-' && text[7] == '-' && text[10] == ' ' && text[13] == ':' &&
		(text[5] != '0' || text[6] != '0') && (text[8] != '0' || text[9] != '0')
}

// json writes JSON on one line.
func (e *Encoder) json(text []byte) {
	if !utf8.Valid(text) {
		e.counts.Illegal++
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	e.compact.Reset()
	if err := json.Compact(&e.compact, text); err != nil {
		e.otherType(text)
		return
	}
	e.raw(e.compact.Bytes())
}

// base64 writes a binary value.
func (e *Encoder) base64(raw []byte) {
	e.quote()
	for len(raw) > 0 && e.err == nil {
		n := min(len(raw), chunkSize)
		e.room(2 * n)
		e.buf = base64.StdEncoding.AppendEncode(e.buf, raw[:n])
		raw = raw[n:]
	}
	e.quote()
}
