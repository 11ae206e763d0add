package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"exporttask/internal/row"
)

const (
	// aheadBatches is how many full batches may wait for Next.
	aheadBatches = 1
	// sparePool is how many released batches a cursor keeps for reuse.
	sparePool = 8
	// staleAfter is how long rows may wait in a batch that is not full; it is
	// looked at as new rows arrive.
	staleAfter = 100 * time.Millisecond
)

// Cursor gives the rows of one result, in batches. Next is for one goroutine
// at a time; Close may be called from any.
type Cursor struct {
	conn     *conn
	cols     []row.Column
	limits   Limits
	first    int64
	size     int // of a batch's buffer
	unwatch  func() bool
	ready    chan *row.Batch // written and closed by the reader
	spare    chan *row.Batch // released batches, from whoever releases them
	free     func(*row.Batch)
	err      error     // why the rows ended; read after ready is closed
	warnings []Warning // the same

	done  error     // what Next returned last, of Next's goroutine
	shown []Warning // the same
}

func newCursor(c *conn, cols []row.Column, limits Limits, first int64, size int, unwatch func() bool) *Cursor {
	cur := &Cursor{
		conn: c, cols: cols, limits: limits, first: first, size: size, unwatch: unwatch,
		ready: make(chan *row.Batch, aheadBatches),
		spare: make(chan *row.Batch, sparePool),
	}
	cur.free = cur.putBack
	go cur.read()
	return cur
}

// Columns are the columns of the result.
func (cur *Cursor) Columns() []row.Column { return cur.cols }

// Next gives the next batch of rows, at least one row, which the caller then
// owns. It returns io.EOF only when the server has said that the result is
// complete and its warnings tell of no damage; until then what was read is
// part of a result. The other errors are *ServerError, *LimitError,
// *LostError, *ProtocolError, *DamageError, and the cause of ctx or of the
// context given to Query. An error stays.
func (cur *Cursor) Next(ctx context.Context) (*row.Batch, error) {
	if cur.done != nil {
		return nil, cur.done
	}
	b, err := cur.next(ctx)
	cur.done = err
	return b, err
}

func (cur *Cursor) next(ctx context.Context) (*row.Batch, error) {
	if ctx.Err() == nil && cur.conn.aborted() == nil {
		select {
		case b, ok := <-cur.ready:
			if ok {
				return b, nil
			}
			cur.shown = cur.warnings
			// Close, or a context, may have thrown a batch away that the
			// reader thought delivered: its io.EOF is then no clean end.
			if cause := cur.conn.aborted(); cause != nil && errors.Is(cur.err, io.EOF) {
				return nil, cause
			}
			return nil, cur.err
		case <-ctx.Done():
		case <-cur.conn.stopped:
		}
	}
	if ctx.Err() != nil {
		cur.conn.abort(context.Cause(ctx))
	}
	return nil, cur.conn.aborted()
}

// Warnings are what the server warned of while it ran the statement, by code.
// There are none before Next has returned io.EOF or a *DamageError. It is for
// the goroutine that calls Next.
func (cur *Cursor) Warnings() []Warning { return cur.shown }

// Close ends the cursor: a statement that still runs is killed on the server,
// and the connection is closed. Batches already given stay valid. The error
// is that of the kill; the rows' own is Next's. A second Close does nothing
// more.
func (cur *Cursor) Close() error {
	cur.unwatch()
	err := cur.conn.close()
	for range cur.ready { // until the reader has ended
	}
	if err != nil {
		return fmt.Errorf("data source %s: close cursor: %w", cur.conn.src.name, err)
	}
	return nil
}

// read is the reader goroutine: it fills batches until the result ends, one
// way or another.
func (cur *Cursor) read() {
	defer close(cur.ready)
	err := cur.readRows()
	if err == nil {
		err = io.EOF
	}
	cur.err = err
}

func (cur *Cursor) readRows() error {
	c := cur.conn
	cut := cutter{cols: len(cur.cols), seq: c.seq, maxRow: cur.limits.RowBytes, continued: maxPayload}
	b := cur.batch(0)
	if n := c.in.Buffered(); n > 0 { // rows that came with the columns
		grow(b, n, 0)
		if err := c.readFull(b.Data[:n], "read rows"); err != nil {
			return err
		}
		cut.w = n
	}
	var rows int64
	since := time.Now()
	for {
		had := len(b.Rows)
		state, err := cut.cut(b)
		rows += int64(len(b.Rows) - had)
		if err != nil {
			return err
		}
		if extra := rows - cur.first; cur.first > 0 && extra >= 0 {
			b.Rows = b.Rows[:len(b.Rows)-int(extra)]
			rows = cur.first
			if state == cutMore {
				return cur.handOver(b)
			}
		}
		if err := cur.checkLimits(rows, cut.bytes); err != nil {
			return err
		}
		if state != cutMore {
			return cur.finish(b, &cut, state)
		}
		need := cut.need(b)
		full := cut.w >= cur.size-cur.size/8 || need > len(b.Data)
		if len(b.Rows) > 0 && (full || time.Since(since) > staleAfter) {
			from := cut.r - cut.big
			next := cur.batch(max(need, cut.w) - from)
			cut.w = copy(next.Data, b.Data[from:cut.w])
			cut.r, need = cut.big, need-from
			if err := cur.handOver(b); err != nil {
				return err
			}
			b, since = next, time.Now()
		}
		grow(b, need, cut.w)
		got, err := c.nc.Read(b.Data[cut.w:])
		cut.w += got
		if got == 0 && err != nil {
			return c.failed("read rows", err)
		}
	}
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

// finish is called at the packet that ends the rows.
func (cur *Cursor) finish(b *row.Batch, cut *cutter, state cutState) error {
	c := cur.conn
	if cut.r != cut.w {
		return &ProtocolError{What: "data after the end of the rows"}
	}
	c.running.Store(false)
	if c.clock != nil {
		c.clock.Stop()
	}
	if state == cutErr {
		return c.serverError(cut.errBody)
	}
	if len(b.Rows) > 0 {
		if err := cur.handOver(b); err != nil {
			return err
		}
	}
	if cut.warned == 0 {
		return nil
	}
	var err error
	cur.warnings, err = c.showWarnings(int(cut.warned))
	if err != nil {
		return fmt.Errorf("show warnings: %w", err)
	}
	return damage(cur.warnings)
}

// handOver gives b to Next, or b up where nobody wants it any more.
func (cur *Cursor) handOver(b *row.Batch) error {
	select {
	case cur.ready <- b:
		return nil
	case <-cur.conn.stopped:
		return cur.conn.aborted()
	}
}

// batch is an empty batch whose buffer holds at least need bytes.
func (cur *Cursor) batch(need int) *row.Batch {
	var b *row.Batch
	select {
	case b = <-cur.spare:
	default:
		b = &row.Batch{Data: make([]byte, cur.size), Rows: make([]row.Span, 0, cur.size/64), Free: cur.free}
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
