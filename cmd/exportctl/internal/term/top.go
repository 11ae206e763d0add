package term

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"exporttask/api"
	"exporttask/client"
)

// Top is one frame of `exportctl top`.
type Top struct {
	At       time.Time
	Replicas []string
	Queue    *api.WshExportQueue
	Running  []*api.WshExportInst
	// Rates are rows per second by instance id, known from the second frame on.
	Rates map[int64]float64
	// Problem is the error because of which the frame is not current; or empty.
	Problem string
}

// Next returns the frame after with the rates between t and after.
func (t *Top) Next(after Top) Top {
	after.Rates = map[int64]float64{}
	seconds := after.At.Sub(t.At).Seconds()
	for _, i := range after.Running {
		for _, before := range t.Running {
			same := i.GetEinstId() == before.GetEinstId() && i.GetAttempt() == before.GetAttempt()
			if same && seconds > 0 {
				after.Rates[i.GetEinstId()] = float64(i.GetRowsDone()-before.GetRowsDone()) / seconds
			}
		}
	}
	return after
}

// Lines returns the frame as lines of at most this many columns; 0 cuts nothing.
func (t *Top) Lines(columns int) []string {
	var waiting, retrying, running, oldest int64
	for _, o := range t.Queue.GetOperators() {
		waiting, retrying, running = waiting+o.GetWaiting(), retrying+o.GetRetrying(), running+o.GetRunning()
		oldest = max(oldest, o.GetOldestSec())
	}
	lines := []string{fmt.Sprintf("exportctl top  %s  waiting %s (oldest %s)  retrying %s  running %s  workers %d  replicas %d",
		t.At.Format("15:04:05"), Count(waiting), Span(time.Duration(oldest)*time.Second), Count(retrying), Count(running),
		len(t.Queue.GetWorkers()), len(t.Replicas))}
	if t.Problem != "" {
		lines = append(lines, "! "+Plain(t.Problem))
	}
	for _, part := range []*Table{t.operators(), t.running(), t.workers(), t.replicas()} {
		if part.Len() > 0 {
			lines = append(lines, "")
			lines = append(lines, part.Lines()...)
		}
	}
	if columns > 0 {
		for i := range lines {
			lines[i] = Cut(lines[i], columns)
		}
	}
	return lines
}

func (t *Top) operators() *Table {
	table := NewTable(">OPERATOR", ">WAITING", ">OLDEST", ">RETRYING", ">RUNNING")
	for _, o := range t.Queue.GetOperators() {
		table.Row(strconv.Itoa(int(o.GetOperatorId())), Count(o.GetWaiting()), Span(time.Duration(o.GetOldestSec())*time.Second),
			Count(o.GetRetrying()), Count(o.GetRunning()))
	}
	return table
}

func (t *Top) running() *Table {
	table := NewTable(">INSTANCE", "STATE", ">ROWS", ">ROWS/S", ">BYTES", ">FOR", ">ATTEMPT", ">OPERATOR", "WORKER", "TEMPLATE")
	slices.SortFunc(t.Running, func(a, b *api.WshExportInst) int { return cmp.Compare(a.GetEinstId(), b.GetEinstId()) })
	for _, i := range t.Running {
		perSecond := "-"
		if r, ok := t.Rates[i.GetEinstId()]; ok {
			perSecond = Count(int64(max(0, r)))
		}
		since := "-"
		if started, err := time.Parse(time.RFC3339Nano, i.GetStarted()); err == nil {
			since = Span(t.At.Sub(started))
		}
		table.Row(strconv.FormatInt(i.GetEinstId(), 10), client.StateName(i.GetState()), Count(i.GetRowsDone()), perSecond, Bytes(i.GetBytesDone()),
			since, fmt.Sprintf("%d/%d", i.GetAttempt(), i.GetMaxAttempts()), strconv.Itoa(int(i.GetOperatorId())), i.GetWorker(), i.GetEtplName())
	}
	return table
}

func (t *Top) workers() *Table {
	table := NewTable("WORKER", ">RUNNING")
	for _, w := range t.Queue.GetWorkers() {
		table.Row(w.GetWorker(), Count(w.GetRunning()))
	}
	return table
}

func (t *Top) replicas() *Table {
	table := NewTable("REPLICA")
	for _, r := range t.Replicas {
		table.Row(r)
	}
	return table
}

// Screen returns the frame with the control sequences that draw it over the
// previous frame on a terminal of this size.
func (t *Top) Screen(columns, rows int) string {
	lines := t.Lines(columns)
	if len(lines) > rows {
		lines = append(lines[:max(0, rows-1)], "…")
	}
	// Move to the top left corner, clear the rest of each line, then the rest of the
	// screen. A terminal in raw mode needs CR before LF.
	return "\x1b[H" + strings.Join(lines, "\x1b[K\r\n") + "\x1b[K\x1b[J"
}
