package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"exporttask/internal/format/row"
)

const (
	// sparePool is how many released batches a cursor keeps for reuse.
	sparePool = 8
	// staleAfter is how long rows may wait in a batch that is not full; it is
	// looked at as new rows arrive.
	staleAfter = 100 * time.Millisecond
)

// Cursor gives the rows of one result, in batches. It reads within Next: what
// the server sends between two calls waits in the socket. Next is for one
// goroutine at a time; Close may be called from any.
type Cursor struct {
	conn    *conn
	cols    []row.Column
	limits  Limits
	first   int64
	size    int // of a batch's buffer
	unwatch func() bool
	spare   chan *row.Batch // released batches, from whoever releases them
	free    func(*row.Batch)

	// Of the goroutine that calls Next.
	cut      cutter
	batch    *row.Batch // being filled; nil after the last rows
	rows     int64      // in all batches so far
	ended    bool       // there are no more rows, or none are wanted; the warnings may be
	warnings []Warning
	done     error // what Next returned last
}

func newCursor(c *conn, cols []row.Column, limits Limits, first int64, size int, unwatch func() bool) *Cursor {
	cur := &Cursor{
		conn: c, cols: cols, limits: limits, first: first, size: size, unwatch: unwatch,
		spare: make(chan *row.Batch, sparePool),
		cut:   cutter{seq: c.seq, maxRow: limits.RowBytes, continued: maxPayload},
	}
	cur.free = cur.putBack
	came := c.in.Buffered() // rows that came with the columns
	cur.batch = cur.take(came)
	cur.cut.w, _ = io.ReadFull(c.in, cur.batch.Data[:came]) // they are there
	return cur
}

// Columns are the columns of the result.
func (cur *Cursor) Columns() []row.Column { return cur.cols }

// Next gives the next batch of rows, at least one row, which the caller then
// owns. What is in a row has not been looked at: see row.Batch. It returns
// io.EOF only when the server has said that the result is complete and its
// warnings tell of no damage; until then what was read is part of a result. The
// other errors are *ServerError, *LimitError, *LostError, *ProtocolError,
// *DamageError, and the cause of ctx or of the context given to Query. An error
// stays.
func (cur *Cursor) Next(ctx context.Context) (*row.Batch, error) {
	if cur.done != nil {
		return nil, cur.done
	}
	b, err := cur.next(ctx)
	cur.done = err
	return b, err
}

func (cur *Cursor) next(ctx context.Context) (*row.Batch, error) {
	if ctx.Err() != nil {
		cur.conn.abort(context.Cause(ctx))
	}
	if cause := cur.conn.aborted(); cause != nil {
		return nil, cause
	}
	stop := cur.conn.watch(ctx)
	defer stop()
	b, err := cur.read()
	if err == nil || errors.Is(err, io.EOF) {
		// Close, or a context that ended meanwhile, leaves no clean end.
		if cause := cur.conn.aborted(); cause != nil {
			return nil, cause
		}
	}
	return b, err
}

// Warnings are what the server warned of while it ran the statement, by code.
// There are none before Next has returned io.EOF or a *DamageError. It is for
// the goroutine that calls Next.
func (cur *Cursor) Warnings() []Warning { return cur.warnings }

// Close ends the cursor: a statement that still runs is killed on the server,
// and the connection is closed, which ends a Next that waits. Batches already
// given stay valid. The error is that of the kill; the rows' own is Next's. A
// second Close does nothing more.
func (cur *Cursor) Close() error {
	cur.unwatch()
	if err := cur.conn.close(); err != nil {
		return fmt.Errorf("data source %s: close cursor: %w", cur.conn.src.name, err)
	}
	return nil
}

// read fills the batch at hand until it is full or its rows have waited long
// enough, and gives it away.
func (cur *Cursor) read() (*row.Batch, error) {
	if cur.ended {
		return nil, cur.finish()
	}
	b, cut := cur.batch, &cur.cut
	since := time.Now() // no row waits between two calls: a batch begins with a part of one at most
	for {
		had := len(b.Rows)
		state, err := cut.cut(b)
		if err != nil {
			return nil, err
		}
		cur.rows += int64(len(b.Rows) - had)
		if extra := cur.rows - cur.first; cur.first > 0 && extra >= 0 {
			b.Rows = b.Rows[:len(b.Rows)-int(extra)]
			cur.rows = cur.first
			if state == cutMore {
				return cur.last()
			}
		}
		if err := cur.checkLimits(cur.rows, cut.bytes); err != nil {
			return nil, err
		}
		if state != cutMore {
			if err := cur.end(state); err != nil {
				return nil, err
			}
			return cur.last()
		}
		need := cut.need(b)
		full := cut.w >= cur.size-cur.size/8 || need > len(b.Data)
		if len(b.Rows) > 0 && (full || time.Since(since) > staleAfter) {
			cur.begin(need)
			return b, nil
		}
		grow(b, need, cut.w)
		got, err := cur.conn.nc.Read(b.Data[cut.w:])
		cut.w += got
		if got == 0 && err != nil {
			return nil, cur.conn.failed("read rows", err)
		}
	}
}

// begin takes a new batch for the one that is given away and moves there what is
// not a whole row yet. It makes room for need bytes, counted from the old one's
// beginning.
func (cur *Cursor) begin(need int) {
	cut := &cur.cut
	from := cut.r - cut.big
	next := cur.take(max(need, cut.w) - from)
	cut.w = copy(next.Data, cur.batch.Data[from:cut.w])
	cut.r = cut.big
	cur.batch = next
}

// end is called at the packet that ends the rows: from here on nothing runs on
// the server that would have to be killed.
func (cur *Cursor) end(state cutState) error {
	c := cur.conn
	if cur.cut.r != cur.cut.w {
		return &ProtocolError{What: "data after the end of the rows"}
	}
	c.running.Store(false)
	if c.clock != nil {
		c.clock.Stop()
	}
	if state == cutErr {
		return c.serverError(cur.cut.errBody)
	}
	return nil
}

// last gives the last rows away; where there are none it is the end.
func (cur *Cursor) last() (*row.Batch, error) {
	b := cur.batch
	cur.batch, cur.ended = nil, true
	if len(b.Rows) > 0 {
		return b, nil
	}
	return nil, cur.finish()
}

// finish looks at the server's warnings after the last row, and is io.EOF where
// none of them tells of damage.
func (cur *Cursor) finish() error {
	if cur.cut.warned == 0 {
		return io.EOF
	}
	var err error
	cur.warnings, err = cur.conn.showWarnings(int(cur.cut.warned))
	if err != nil {
		return fmt.Errorf("show warnings: %w", err)
	}
	if err := damage(cur.warnings); err != nil {
		return err
	}
	return io.EOF
}

// checkLimits tells whether the result has passed a limit.
func (cur *Cursor) checkLimits(rows, bytes int64) error {
	if l := cur.limits.Rows; l > 0 && rows > l {
		return &LimitError{Limit: LimitRows, Max: l}
	}
	if l := cur.limits.Bytes; l > 0 && bytes > l {
		return &LimitError{Limit: LimitBytes, Max: l}
	}
	return nil
}

// take is an empty batch whose buffer holds at least need bytes.
func (cur *Cursor) take(need int) *row.Batch {
	var b *row.Batch
	select {
	case b = <-cur.spare:
	default:
		b = &row.Batch{Data: make([]byte, cur.size), Rows: make([]row.Span, 0, cur.size/64), Cols: len(cur.cols), Free: cur.free}
	}
	grow(b, need, 0)
	return b
}

// putBack takes a released batch for reuse. One that grew for a long row goes
// to the garbage collector instead.
func (cur *Cursor) putBack(b *row.Batch) {
	if len(b.Data) > 2*cur.size {
		return
	}
	b.Rows = b.Rows[:0]
	select {
	case cur.spare <- b:
	default:
	}
}

// grow makes room for need bytes in b, of which the first used are kept. Room
// at least doubles, so that a row of many packets is not copied for each.
func grow(b *row.Batch, need, used int) {
	if need <= len(b.Data) {
		return
	}
	data := make([]byte, max(need, 2*used))
	copy(data, b.Data[:used])
	b.Data = data
}
