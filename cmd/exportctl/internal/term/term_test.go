package term

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/api"
)

func TestTable_alignment(t *testing.T) {
	t.Parallel()
	table := NewTable(">ID", "NAME", "TAG")
	table.Row("1", "订单", "a")
	table.Row("200", "orders\n\x1b[2J", "")
	want := []string{
		" ID  NAME          TAG",
		"  1  订单          a",
		"200  orders\\n�[2J",
	}
	if diff := cmp.Diff(want, table.Lines()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestWidth(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, "abc": 3, "订单": 4, "ｱ": 1, "Ａ": 2, "e\u0301": 1, "é": 1} {
		if got := Width(text); got != want {
			t.Errorf("%q: %d columns, want %d", text, got, want)
		}
	}
	for _, tc := range []struct {
		text string
		most int
		want string
	}{{"abcdef", 6, "abcdef"}, {"abcdef", 5, "abcd…"}, {"订单号码", 5, "订单…"}, {"订单号码", 4, "订…"}, {"a", 0, ""}} {
		if got := Cut(tc.text, tc.most); got != tc.want || Width(got) > tc.most {
			t.Errorf("%q in %d: %q, want %q", tc.text, tc.most, got, tc.want)
		}
	}
}

func TestBytes_Count_Duration(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := Count(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 45_200_000: "45.2 MB", 3e12: "3.0 TB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 0: "0s", 59400 * time.Millisecond: "59s", 80 * time.Second: "1m 20s",
		2*time.Hour + 5*time.Minute: "2h 05m", 27 * time.Hour: "1d 3h",
	} {
		if got := Span(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	text := func(lines ...string) string { return strings.Join(lines, "\n") + "\n" }
	for name, tc := range map[string]struct{ a, b, want string }{
		"equal":      {"a\n", "a\n", ""},
		"new":        {"", "a\nb\n", "+ a\n+ b\n"},
		"gone":       {"a\n", "", "- a\n"},
		"changed":    {"a\nb\nc\n", "a\nx\nc\n", "  a\n- b\n+ x\n  c\n"},
		"far apart":  {text("1", "2", "3", "4", "5", "6", "7", "8", "9"), text("1", "2", "3", "4", "5", "6", "7", "8"), "  …\n  6\n  7\n  8\n- 9\n"},
		"in between": {text("x", "2", "3", "4", "5", "6", "7", "8", "y"), text("2", "3", "4", "5", "6", "7", "8"), "- x\n  2\n  3\n  4\n  …\n  6\n  7\n  8\n- y\n"},
		"an escape":  {"", "\x1b[2J\n", "+ �[2J\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, Diff(tc.a, tc.b)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	large := strings.Repeat("a\n", 3000)
	if got := Diff(large, large+"b\n"); strings.Count(got, "\n") != 6001 {
		t.Errorf("a large one has %d lines, want the whole of both", strings.Count(got, "\n"))
	}
}

// clock is a time that the test sets.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func TestProgress(t *testing.T) {
	t.Parallel()
	running := func(rows, attempt int64) *api.WshExportInst {
		return &api.WshExportInst{
			EinstId: 7, State: api.WshExportInstState_STATE_RUNNING, RowsDone: rows, BytesDone: 10 * rows,
			Attempt: int32(attempt), MaxAttempts: 3,
		}
	}
	c := &clock{at: time.Unix(1000, 0)}
	tell := func(p *Progress) {
		c.at = time.Unix(1000, 0)
		p.Inst(&api.WshExportInst{EinstId: 7, State: api.WshExportInstState_STATE_QUEUED, MaxAttempts: 3})
		p.Inst(running(0, 1))
		c.at = c.at.Add(2 * time.Second)
		p.Inst(running(5000, 1))
		c.at = c.at.Add(10 * time.Second)
		p.Inst(running(30000, 1))
		p.Inst(&api.WshExportInst{EinstId: 7, State: api.WshExportInstState_STATE_RETRY_WAIT, ErrMsg: "lost\nit", NextAttempt: c.at.Add(3 * time.Second).UTC().Format(time.RFC3339Nano)})
		p.Inst(running(0, 2))
		p.Done()
	}
	var plain, drawn bytes.Buffer
	tell(&Progress{Out: &plain, Expected: 100000, Now: c.now})
	want := `instance 7 QUEUED
instance 7 RUNNING  0 rows  0 B
instance 7 RUNNING  30,000 rows  300.0 kB  2,500 rows/s  about 28s left
instance 7 RETRY_WAIT  next attempt in 3s  lost\nit
instance 7 RUNNING  0 rows  0 B  attempt 2 of 3
`
	if diff := cmp.Diff(want, plain.String()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	p := &Progress{Out: &drawn, Columns: 80, Expected: 100000, Now: c.now}
	tell(p)
	p.Download(512, 1024)
	if want := "\r[######--------------] ~30%  instance 7 RUNNING  30,000 rows  300.0 kB  2,500 …\x1b[K"; !strings.Contains(drawn.String(), want) {
		t.Errorf("drawn %q, want %q in it", drawn.String(), want)
	}
	if !strings.HasSuffix(drawn.String(), "\n\r[##########----------]  50%  downloading 512 B of 1.0 kB\x1b[K") {
		t.Errorf("drawn %q", drawn.String())
	}
}

func TestTop_rates(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	inst := func(id, rows int64) *api.WshExportInst {
		return &api.WshExportInst{
			EinstId: id, State: api.WshExportInstState_STATE_RUNNING, RowsDone: rows, BytesDone: rows, Attempt: 1, MaxAttempts: 3,
			Started: "2026-03-01T11:58:40Z", Worker: "w1", EtplName: "订单", OperatorId: 3,
		}
	}
	first := Top{At: at, Running: []*api.WshExportInst{inst(5, 1000)}}
	second := first.Next(Top{
		At: at.Add(2 * time.Second), Replicas: []string{"a:1", "b:2"},
		Queue: &api.WshExportQueue{
			Operators: []*api.WshExportQueueOperator{{OperatorId: 3, Waiting: 1200, Retrying: 1, Running: 2, OldestSec: 75}, {OperatorId: 4, Waiting: 1}},
			Workers:   []*api.WshExportQueueWorker{{Worker: "w1", Running: 2}},
		},
		Running: []*api.WshExportInst{inst(6, 10), inst(5, 4000)},
	})
	want := []string{
		"exportctl top  12:00:02  waiting 1,201 (oldest 1m 15s)  retrying 1  running 2  workers 1  replicas 2",
		"",
		"OPERATOR  WAITING  OLDEST  RETRYING  RUNNING",
		"       3    1,200  1m 15s         1        2",
		"       4        1      0s         0        0",
		"",
		"INSTANCE  STATE     ROWS  ROWS/S   BYTES     FOR  ATTEMPT  OPERATOR  WORKER  TEMPLATE",
		"       5  RUNNING  4,000   1,500  4.0 kB  1m 22s      1/3         3  w1      订单",
		"       6  RUNNING     10       -    10 B  1m 22s      1/3         3  w1      订单",
		"",
		"WORKER  RUNNING",
		"w1            2",
		"",
		"REPLICA",
		"a:1",
		"b:2",
	}
	if diff := cmp.Diff(want, second.Lines(0)); diff != "" {
		t.Errorf("frame (-want +got):\n%s", diff)
	}
	second.Problem = "no answer"
	screen := second.Screen(40, 5)
	if n := strings.Count(screen, "\r\n"); n != 4 || !strings.Contains(screen, "! no answer") {
		t.Errorf("a screen of 5 rows has %d line ends: %q", n, screen)
	}
	for line := range strings.SplitSeq(strings.TrimPrefix(screen, "\x1b[H"), "\x1b[K") {
		if Width(strings.TrimPrefix(line, "\r\n")) > 40 {
			t.Errorf("a line is wider than 40 columns: %q", line)
		}
	}
}
