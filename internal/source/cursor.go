package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"exporttask/internal/format/row"
	"exporttask/internal/memory"
)

const (
	// spareBatches is the number of released batches that a cursor keeps for reuse.
	spareBatches = 8
	// staleAfter is how long rows may wait in a batch that is not full. It is
	// checked when new rows arrive.
	staleAfter = 100 * time.Millisecond
)

// Cursor returns the rows of one result in batches. It reads from the connection
// only inside Next: what the server sends between two calls waits in the socket.
// Next must not be called concurrently; Close may be called from any goroutine.
type Cursor struct {
	conn    *conn
	cols    []row.Column
	limits  Limits
	first   int64
	size    int // of a batch's buffer, in bytes
	unwatch func() bool
	spare   chan *row.Batch // released batches; Batch.Release writes, take reads
	free    func(*row.Batch)
	memory  *memory.Share

	// The fields below belong to the goroutine that calls Next.
	cut      cutter
	batch    *row.Batch // the batch being filled; nil after the last rows
	rows     int64      // of all batches so far
	ended    bool       // all rows were read, or FirstRows of them; warnings may be unread
	warnings []Warning
	notes    []Note
	done     error // the error that Next returned last
}

func newCursor(c *conn, cols []row.Column, limits Limits, q Query, size int, unwatch func() bool) *Cursor {
	cur := &Cursor{
		conn: c, cols: cols, limits: limits, first: q.FirstRows, size: size, unwatch: unwatch, memory: q.Memory,
		spare: make(chan *row.Batch, spareBatches),
		cut:   cutter{seq: c.seq, maxRow: limits.RowBytes, continued: maxPayload},
	}
	cur.free = cur.putBack
	buffered := c.in.Buffered() // rows that arrived with the columns
	cur.batch = cur.take()
	if buffered > len(cur.batch.Data) { // at most the size of the read buffer
		grow(cur.batch, buffered, 0)
	}
	cur.cut.w, _ = io.ReadFull(c.in, cur.batch.Data[:buffered]) // reads from the buffer only
	return cur
}

// Columns returns the columns of the result.
func (cur *Cursor) Columns() []row.Column { return cur.cols }

// Next returns the next batch, of at least one row, which the caller then owns.
// The contents of a row are not checked: see row.Batch. Next returns io.EOF only
// after the server has sent the end of the result and none of its warnings is one
// of damage; rows read without io.EOF are part of a result only. Other errors are
// *ServerError, *LimitError, *LostError, *ProtocolError, *DamageError, those
// of memory.Share.Grow, and the cause of ctx or of the context given to Query. After an error or io.EOF every
// call returns the same error.
//
// With io.EOF the connection is closed, so that the transaction of the query and
// its metadata locks end with the last row and not with Close.
func (cur *Cursor) Next(ctx context.Context) (*row.Batch, error) {
	if cur.done != nil {
		return nil, cur.done
	}
	b, err := cur.next(ctx)
	cur.done = err
	if err != nil {
		b = nil
	}
	if errors.Is(err, io.EOF) {
		_ = cur.conn.close() // ends the transaction; nothing runs that needs a kill
	}
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
	b, err := cur.read(ctx)
	if err == nil || errors.Is(err, io.EOF) {
		// Close, or a context that ended meanwhile, leaves no clean end.
		if cause := cur.conn.aborted(); cause != nil {
			return nil, cause
		}
	}
	return b, err
}

// Notes returns the notes on the statement. It may be called at any time.
func (cur *Cursor) Notes() []Note { return cur.notes }

// Warnings returns the warnings of the statement, one for each code. It is empty
// before Next has returned io.EOF or a *DamageError, and must not be called
// concurrently with Next.
func (cur *Cursor) Warnings() []Warning { return cur.warnings }

// Close ends the cursor: it kills the statement if it still runs on the server and
// closes the connection, which also ends a Next that is waiting. Batches that were
// returned stay valid. The error is a *KillError; errors of the rows are returned
// by Next. Further calls have no effect.
func (cur *Cursor) Close() error {
	cur.unwatch()
	if err := cur.conn.close(); err != nil {
		return fmt.Errorf("data source %s: close cursor: %w", cur.conn.src.name, err)
	}
	return nil
}

// read fills the current batch until it is full or its rows have waited for
// staleAfter, and returns it.
func (cur *Cursor) read(ctx context.Context) (*row.Batch, error) {
	if cur.ended {
		return nil, cur.finish()
	}
	b, cut := cur.batch, &cur.cut
	since := time.Now() // no whole row waits between two calls: a batch starts with part of one at most
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
				return cur.last(ctx)
			}
		}
		if err := cur.checkLimits(cur.rows, cut.bytes); err != nil {
			return nil, err
		}
		if state != cutMore {
			if err := cur.end(state); err != nil {
				return nil, err
			}
			return cur.last(ctx)
		}
		need, more := cut.need(b)
		full := cut.w >= cur.size-cur.size/8 || need > len(b.Data)
		if len(b.Rows) > 0 && (full || time.Since(since) > staleAfter) {
			return b, cur.nextBatch(ctx)
		}
		room := need // of a long row, whose buffer shall hold nothing else
		if more {
			room += need / 4 // so that a row is not copied once per packet
		}
		if err := cur.grow(ctx, b, room, cut.w); err != nil {
			return nil, err
		}
		got, err := cur.conn.nc.Read(b.Data[cut.w:max(need, min(cur.size, len(b.Data)))])
		cut.w += got
		if got == 0 && err != nil {
			return nil, cur.conn.failed("read rows", err)
		}
	}
}

// nextBatch replaces the current batch with a new one and moves the incomplete row
// at its end there.
func (cur *Cursor) nextBatch(ctx context.Context) error {
	if err := cur.deliver(ctx, cur.batch); err != nil {
		return err
	}
	cut := &cur.cut
	from := cut.r - cut.big
	next := cur.take()
	if err := cur.grow(ctx, next, cut.w-from, 0); err != nil {
		return err
	}
	cut.w = copy(next.Data, cur.batch.Data[from:cut.w])
	cut.r = cut.big
	cur.batch = next
	return nil
}

// end handles the packet that ends the rows. From here on no statement runs on the
// server that needs a kill.
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

// last returns the last rows or, if there are none, finishes.
func (cur *Cursor) last(ctx context.Context) (*row.Batch, error) {
	b := cur.batch
	cur.batch, cur.ended = nil, true
	if len(b.Rows) > 0 {
		return b, cur.deliver(ctx, b)
	}
	return nil, cur.finish()
}

// finish reads the server's warnings after the last row. It returns io.EOF, or a
// *DamageError if one of the warnings means that the result was cut.
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

// checkLimits returns a *LimitError if the result exceeds a limit.
func (cur *Cursor) checkLimits(rows, bytes int64) error {
	if l := cur.limits.Rows; l > 0 && rows > l {
		return &LimitError{Limit: LimitRows, Max: l}
	}
	if l := cur.limits.Bytes; l > 0 && bytes > l {
		return &LimitError{Limit: LimitBytes, Max: l}
	}
	return nil
}

// take returns an empty batch.
func (cur *Cursor) take() *row.Batch {
	select {
	case b := <-cur.spare:
		return b
	default:
		return &row.Batch{Data: make([]byte, cur.size), Rows: make([]row.Span, 0, cur.size/64), Cols: len(cur.cols), Free: cur.free}
	}
}

// extra returns the bytes of a buffer that count as memory: those of a batch that
// has grown for a long row. The memory of other batches belongs to every query.
func (cur *Cursor) extra(buffer int) int64 {
	if buffer <= 2*cur.size {
		return 0
	}
	return int64(buffer)
}

// grow makes b's buffer at least size bytes long and keeps the first used bytes. It
// waits until the query's share of the memory permits that.
func (cur *Cursor) grow(ctx context.Context, b *row.Batch, size, used int) error {
	had := len(b.Data)
	if size <= had {
		return nil
	}
	if err := cur.memory.Grow(ctx, cur.extra(size)); err != nil {
		return err
	}
	grow(b, size, used)
	cur.memory.Shrink(cur.extra(had))
	return nil
}

// deliver counts the memory that the reader of a batch needs to convert a long row.
func (cur *Cursor) deliver(ctx context.Context, b *row.Batch) error {
	return cur.memory.Grow(ctx, cur.extra(len(b.Data)))
}

// putBack keeps a released batch for reuse, unless it has grown for a long row.
func (cur *Cursor) putBack(b *row.Batch) {
	if extra := cur.extra(len(b.Data)); extra > 0 {
		b.Data = nil
		cur.memory.Shrink(2 * extra) // see grow and deliver
		return
	}
	b.Rows = b.Rows[:0]
	select {
	case cur.spare <- b:
	default:
	}
}

// grow makes b's buffer size bytes long and keeps the first used bytes.
func grow(b *row.Batch, size, used int) {
	data := make([]byte, size)
	copy(data, b.Data[:used])
	b.Data = data
}
