package source

import (
	"fmt"

	"exporttask/internal/format/row"
)

// cutter cuts the packets of a result into rows where they lie in a batch's
// buffer. It reads nothing itself: the cursor fills Data[:w] and calls cut
// again.
type cutter struct {
	seq       byte   // of the next packet
	maxRow    int64  // bytes of one row
	continued int    // length of a packet that the next one continues: maxPayload
	r, w      int    // Data[r:w] has not been cut yet
	big       int    // bytes of a row's first packets, which lie before r without their heads; 0 = none
	bytes     int64  // of all rows so far
	errBody   []byte // the error packet's payload, where cut returned cutErr
	warned    uint16 // warnings of the statement, where cut returned cutEnd
}

// cutState is why cut returned.
type cutState uint8

const (
	cutMore cutState = iota // a packet is incomplete
	cutEnd                  // the end of the result
	cutErr                  // an error packet
)

// packetHead is the length of a packet's head: three bytes of payload length,
// one of sequence.
const packetHead = 4

// longestError is the length up to which a packet may be an error's and not
// yet a row that is too long.
const longestError = 4 << 10

// cut appends the complete rows in Data[r:w] to b.Rows. It knows them by their
// packets and looks at no cell: see row.Batch. The error is a *ProtocolError or
// a *LimitError.
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
			return 0, &LimitError{Limit: LimitRowBytes, Max: c.maxRow} // before room is made for it
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
		b.Rows = append(b.Rows, row.Span{Off: int32(r + packetHead), End: int32(end)}) //nolint:gosec // maxRow and the buffer's size keep both below 2 GiB
		c.bytes += int64(n)
		r = end
	}
	return cutMore, nil
}

// join drops the head of a packet that continues a row, so that the row's
// payload is in one piece, and returns where that piece and the data end.
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

// last reads the packet that ends the rows.
func (c *cutter) last(body []byte) (cutState, error) {
	if body[0] == headErr {
		c.errBody = body
		return cutErr, nil
	}
	if len(body) != 5 {
		return 0, &ProtocolError{What: "end of the rows"}
	}
	if status := uint16(body[3]) | uint16(body[4])<<8; status&statusMoreResults != 0 {
		return 0, &ProtocolError{What: "a second result"}
	}
	c.warned = uint16(body[1]) | uint16(body[2])<<8
	return cutEnd, nil
}

// statusMoreResults is SERVER_MORE_RESULTS_EXISTS.
const statusMoreResults = 1 << 3

// need is how many bytes Data must hold for the packet at r to be complete.
func (c *cutter) need(b *row.Batch) int {
	if c.w-c.r < packetHead {
		return c.r + packetHead
	}
	d := b.Data[c.r:]
	return c.r + packetHead + (int(d[0]) | int(d[1])<<8 | int(d[2])<<16)
}
