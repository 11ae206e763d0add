package source

import (
	"fmt"

	"exporttask/internal/format/row"
)

// cutter splits the packets of a result into rows, in place in a batch's buffer.
// It does not read: the cursor fills Data[:w] and calls cut again.
type cutter struct {
	seq       byte   // sequence number of the next packet
	maxRow    int64  // limit of one row, in bytes
	continued int    // payload length of a packet that the next one continues: maxPayload
	r, w      int    // Data[r:w] has not been cut yet
	big       int    // bytes of an incomplete row's first packets, which lie before r without headers; 0 = none
	bytes     int64  // payload bytes of all rows so far
	errBody   []byte // the error packet's payload, if cut returned cutErr
	warned    uint16 // number of warnings of the statement, if cut returned cutEnd
}

// cutState is the reason why cut returned.
type cutState uint8

const (
	cutMore cutState = iota // a packet is incomplete
	cutEnd                  // the end of the result
	cutErr                  // an error packet
)

// packetHead is the length of a packet's header in bytes: three of payload length,
// one of the sequence number.
const packetHead = 4

// longestError is the length in bytes up to which a packet may be an error packet
// and is not yet a row that is too long.
const longestError = 4 << 10

// cut appends the complete rows in Data[r:w] to b.Rows. It finds them by their
// packet headers and does not check their cells: see row.Batch. The error is a
// *ProtocolError or a *LimitError.
func (c *cutter) cut(b *row.Batch) (cutState, error) {
	data := b.Data
	r, w, seq := c.r, c.w, c.seq
	defer func() { c.r, c.seq = r, seq }()
	for w-r >= packetHead {
		n := int(data[r]) | int(data[r+1])<<8 | int(data[r+2])<<16
		if data[r+3] != seq {
			return 0, &ProtocolError{What: fmt.Sprintf("packet %d of the rows, want %d", data[r+3], seq)}
		}
		if size := int64(c.big + n); size > c.maxRow && size > longestError {
			return 0, &LimitError{Limit: LimitRowBytes, Max: c.maxRow} // before memory is allocated for the row
		}
		end := r + packetHead + n
		if end > w {
			return cutMore, nil
		}
		seq++
		if n == c.continued || c.big > 0 {
			if end, w = c.join(data, r, w, n); n == c.continued {
				r = end
				continue
			}
			r, n, c.big = end-c.big-packetHead, c.big, 0
		}
		body := data[r+packetHead : end : end]
		if n == 0 {
			return 0, &ProtocolError{What: "an empty row"}
		}
		if body[0] >= headEOF && (body[0] == headErr || n < 9) {
			r = end
			return c.last(body)
		}
		if int64(n) > c.maxRow {
			return 0, &LimitError{Limit: LimitRowBytes, Max: c.maxRow}
		}
		b.Rows = append(b.Rows, row.Span{Off: int32(r + packetHead), End: int32(end)}) // maxRow and the buffer's size keep both below 2 GiB
		c.bytes += int64(n)
		r = end
	}
	return cutMore, nil
}

// join removes the header of a packet that continues a row, so that the row's
// payload is contiguous, and returns where that payload and the data end.
func (c *cutter) join(data []byte, r, w, n int) (end, newW int) {
	if c.big == 0 {
		c.big = n
		return r + packetHead + n, w
	}
	copy(data[r:], data[r+packetHead:w])
	c.w -= packetHead
	c.big += n
	return r + n, c.w
}

// last parses the packet that ends the rows.
func (c *cutter) last(body []byte) (cutState, error) {
	if body[0] == headErr {
		c.errBody = body
		return cutErr, nil
	}
	if len(body) != 5 {
		return 0, &ProtocolError{What: "end of the rows"}
	}
	if status := uint16(body[3]) | uint16(body[4])<<8; status&statusMoreResults != 0 {
		return 0, &ProtocolError{What: "a second result set"}
	}
	c.warned = uint16(body[1]) | uint16(body[2])<<8
	return cutEnd, nil
}

// statusMoreResults is SERVER_MORE_RESULTS_EXISTS.
const statusMoreResults = 1 << 3

// need returns how long Data must be for the packet at r to be complete, and whether
// another packet of the same row follows.
func (c *cutter) need(b *row.Batch) (n int, more bool) {
	if c.w-c.r < packetHead {
		return c.r + packetHead, false
	}
	d := b.Data[c.r:]
	payload := int(d[0]) | int(d[1])<<8 | int(d[2])<<16
	return c.r + packetHead + payload, payload == c.continued
}
