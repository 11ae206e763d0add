package source

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format/row"
)

// packets is a stream of packets as a server sends them.
type packets struct {
	data []byte
	seq  byte
}

func (p *packets) add(payload []byte) {
	for {
		n := min(len(payload), maxPayload)
		p.data = append(p.data, byte(n), byte(n>>8), byte(n>>16), p.seq)
		p.data = append(p.data, payload[:n]...)
		p.seq++
		payload = payload[n:]
		if n < maxPayload {
			return
		}
	}
}

func (p *packets) row(cells ...string) {
	var payload []byte
	for _, c := range cells {
		if c == null {
			payload = row.AppendCell(payload, nil)
		} else {
			payload = row.AppendCell(payload, []byte(c))
		}
	}
	p.add(payload)
}

func (p *packets) end() { p.add([]byte{headEOF, 0, 0, 2, 0}) }

// memConn is a connection that returns data, at most chunk bytes for each read.
type memConn struct {
	net.Conn
	data  []byte
	chunk int
}

func (c *memConn) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.chunk)], c.data)
	c.data = c.data[n:]
	return n, nil
}

func (c *memConn) Write(p []byte) (int, error) { return len(p), nil }
func (c *memConn) Close() error                { return nil }
func (c *memConn) SetDeadline(time.Time) error { return nil }

// memCursor returns a cursor over a result in memory whose columns were read.
func memCursor(data []byte, cols, chunk, size int) *Cursor {
	nc := &memConn{data: data, chunk: chunk}
	c := &conn{nc: nc, in: newReader(nc), src: &Source{name: "memory"}, finished: make(chan struct{})}
	return newCursor(c, make([]row.Column, cols), Limits{RowBytes: defaultRowBytes}, Query{}, size, func() bool { return true })
}

func TestCutter_cut_anySplit(t *testing.T) {
	var p packets
	var want [][]string
	add := func(cells ...string) {
		p.row(cells...)
		want = append(want, cells)
	}
	add("1", "", null)
	add(null, null, null)
	add(string(bytes.Repeat([]byte("a"), 250)), string(bytes.Repeat([]byte("b"), 251)), "\xfe\xff\xfb")
	add(string(bytes.Repeat([]byte("c"), 65535)), "x", string(bytes.Repeat([]byte("d"), 65536)))
	add("", "", "")
	for i := range 500 {
		add("row", string(bytes.Repeat([]byte("é"), i)), null)
	}
	p.end()
	for _, chunk := range []int{1, 3, 4, 5, 1000, 4096, 1 << 20} {
		for _, size := range []int{minBatchBytes, defaultBatchBytes} {
			got, err := drain(memCursor(bytes.Clone(p.data), 3, chunk, size))
			if err != nil {
				t.Fatalf("reads of %d, batches of %d: %v", chunk, size, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("reads of %d, batches of %d (-want +got):\n%.1000s", chunk, size, diff)
			}
		}
	}
}

// The first packet of a long row is in the batch when the rows before it fill the
// batch: the joined part moves to the next batch.
func TestCursor_Next_longRowAfterFullBatch(t *testing.T) {
	const before = 42
	var p packets
	short, long := string(bytes.Repeat([]byte("s"), 1<<20)), string(bytes.Repeat([]byte("l"), 20<<20))
	for range before {
		p.row(short)
	}
	p.row(long)
	p.row("last")
	p.end()
	got, err := drain(memCursor(p.data, 1, 60<<20, maxBatchBytes))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != before+2 || got[before-1][0] != short || got[before][0] != long || got[before+1][0] != "last" {
		t.Errorf("got %d rows, want %d, the long one whole", len(got), before+2)
	}
}

func TestCutter_cut_malformed(t *testing.T) {
	good := func(p *packets) { p.row("a", "b") }
	for name, build := range map[string]func(p *packets){
		"an empty packet":             func(p *packets) { p.add(nil) },
		"packets out of order":        func(p *packets) { p.seq++; p.row("a", "b") },
		"an end of the wrong length":  func(p *packets) { p.add([]byte{headEOF, 0, 0}) },
		"a second result":             func(p *packets) { p.add([]byte{headEOF, 0, 0, statusMoreResults, 0}) },
		"an error packet of one byte": func(p *packets) { p.add([]byte{headErr}) },
		"data after the end":          func(p *packets) { p.end(); p.row("a", "b") },
	} {
		t.Run(name, func(t *testing.T) {
			var p packets
			good(&p)
			build(&p)
			cur := memCursor(p.data, 2, 1<<20, minBatchBytes)
			cur.conn.running.Store(false)
			_, err := drain(cur)
			var pe *ProtocolError
			if !errors.As(err, &pe) || Classify(err) != (Verdict{Retry, Server}) {
				t.Errorf("got %v, want a *ProtocolError", err)
			}
		})
	}
}

func TestCursor_Close_whileNextWaits(t *testing.T) {
	const rows = 400
	var p packets
	for range rows {
		p.row(string(bytes.Repeat([]byte("x"), 100)))
	}
	p.end()
	for range 2000 {
		cur := memCursor(p.data, 1, 1<<20, minBatchBytes)
		closed := make(chan error, 1)
		go func() { closed <- cur.Close() }()
		var got int
		for {
			b, err := cur.Next(context.Background())
			if err == nil {
				got += b.Len()
				b.Release()
				continue
			}
			if errors.Is(err, io.EOF) && got != rows {
				t.Fatalf("io.EOF after %d of %d rows", got, rows)
			}
			break
		}
		if err := <-closed; err != nil {
			t.Fatal(err)
		}
	}
}

func TestCursor_Next_errorPacketAfterRows(t *testing.T) {
	var p packets
	p.row("a", "b")
	p.add([]byte("\xff\x51\x04#HY000went wrong"))
	_, err := drain(memCursor(p.data, 2, 1<<20, minBatchBytes))
	var se *ServerError
	if !errors.As(err, &se) {
		t.Fatalf("got %v, want a *ServerError", err)
	}
	if diff := cmp.Diff(ServerError{Code: 1105, State: "HY000", Message: "went wrong"}, *se); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func TestCursor_putBack_reuse(t *testing.T) {
	const rows = 50_000
	var p packets
	for range rows {
		p.row("900000000001", "SO20240101", null, "王小明", "12.50")
	}
	p.end()
	read := func() {
		cur := memCursor(p.data, 5, 1<<20, minBatchBytes)
		for {
			b, err := cur.Next(context.Background())
			if err != nil {
				break
			}
			b.Release()
		}
		if err := cur.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// A cursor allocates a few dozen times, whatever the number of rows.
	if got := testing.AllocsPerRun(5, read); got > 100 {
		t.Errorf("got %v allocations for %d rows, want the cursor's own only", got, rows)
	}
}

func TestCursor_putBack_longRow(t *testing.T) {
	var p packets
	p.row(string(bytes.Repeat([]byte("x"), 1<<20)))
	for range 50_000 {
		p.row("short")
	}
	p.end()
	cur := memCursor(p.data, 1, 1<<20, minBatchBytes)
	var grown int
	for {
		b, err := cur.Next(context.Background())
		if err != nil {
			break
		}
		if len(b.Data) > 2*minBatchBytes {
			grown++
		}
		b.Release()
	}
	if err := cur.Close(); err != nil {
		t.Fatal(err)
	}
	if grown != 1 {
		t.Errorf("got %d grown batches, want the long row's alone", grown)
	}
}

// FuzzCut cuts random bytes at once and in two parts. The cutter must not panic and
// must find the same rows both ways.
func FuzzCut(f *testing.F) {
	var p packets
	p.row("1", "abc", null)
	p.row("", string(bytes.Repeat([]byte("x"), 300)), "y")
	p.end()
	f.Add(p.data, uint16(7))
	f.Add([]byte("\x01\x00\x00\x00\xfb\x09\x00\x00\x01\xff\x51\x04#HY000x"), uint16(2))
	f.Add([]byte("\x10\x00\x00\x00\x12abcdefghijklmno\x03\x00\x00\x01pqr\x01\x00\x00\x02\xfb"), uint16(20))
	f.Fuzz(func(t *testing.T, data []byte, split uint16) {
		first := min(int(split), len(data))
		whole, wholeErr := cutAll(data, len(data))
		parts, partsErr := cutAll(data, first)
		if (wholeErr == nil) != (partsErr == nil) {
			t.Fatalf("whole: %v, in parts: %v", wholeErr, partsErr)
		}
		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Fatalf("rows (-whole +parts):\n%s", diff)
		}
	})
}

// cutAll cuts data in two steps, after its first bytes and after all of them.
func cutAll(data []byte, first int) (rows []string, err error) {
	b := &row.Batch{Data: bytes.Clone(data)}
	const continued = 16 // instead of 16 MiB, so that rows of several packets occur
	c := cutter{maxRow: 1 << 20, continued: continued, w: first}
	state, err := c.cut(b)
	if err == nil && state == cutMore {
		c.w += copy(b.Data[c.w:], data[first:]) // where a read would place them
		_, err = c.cut(b)
	}
	for i := range b.Len() {
		rows = append(rows, string(b.Row(i)))
	}
	return rows, err
}

func FuzzColumn(f *testing.F) {
	f.Add([]byte("\x03def\x00\x00\x00\x01c\x00\x0c\x2d\x00\xff\x00\x00\x00\xfd\x00\x00\x00\x00\x00"), false)
	f.Add([]byte("\x03def\x00\x00\x00\x01c\x00\x06\x00\x04uuid\x0c\x2d\x00\xff\x00\x00\x00\xfd\x00\x00\x00\x00\x00"), true)
	f.Fuzz(func(t *testing.T, p []byte, extended bool) {
		if col, err := parseColumn(p, extended); err == nil && (col.Type == "" || col.Scale < -1 || col.Length < 0) {
			t.Errorf("got %+v", col)
		}
	})
}

func FuzzGreeting(f *testing.F) {
	f.Add([]byte("\x0a8.4.0\x00\x01\x00\x00\x00abcdefgh\x00\xff\xff\xff\x02\x00\xff\xff\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00ijklmnopqrst\x00mysql_native_password\x00"))
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) == 0 {
			return // readPacket returns no empty packet
		}
		if s, err := parseGreeting(p); err == nil && len(s.salt) != 20 {
			t.Errorf("salt of %d bytes, want 20", len(s.salt))
		}
	})
}

func BenchmarkRowsFromMemory(b *testing.B) {
	var p packets
	for range 100_000 {
		p.row("900000000001", "1234567", "SO2024010100048271", "王伟", "010-12345678", "1047.29", "0.0655", "3", "2024-01-01 00:01:01", null)
	}
	p.end()
	b.SetBytes(int64(len(p.data)))
	b.ReportAllocs()
	for b.Loop() {
		cur := memCursor(p.data, 10, 1<<20, defaultBatchBytes)
		for {
			batch, err := cur.Next(context.Background())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			batch.Release()
		}
		if err := cur.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzServerError(f *testing.F) {
	f.Add([]byte("\xff\x51\x04#HY000x"))
	f.Fuzz(func(t *testing.T, p []byte) {
		var se *ServerError
		if err := parseServerError(p); errors.As(err, &se) && se.Code != binary.LittleEndian.Uint16(p[1:]) {
			t.Errorf("code: got %d", se.Code)
		}
	})
}
