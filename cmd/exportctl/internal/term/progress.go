package term

import (
	"fmt"
	"io"
	"strings"
	"time"

	"exporttask/api"
	"exporttask/client"
)

const (
	barWidth = 20
	// plainEvery is the interval of lines where lines cannot be redrawn.
	plainEvery = 10 * time.Second
)

// Progress shows the progress of an instance: one line that is redrawn on a
// terminal; elsewhere a line for every change of state and every ten seconds. Its
// methods must not be called concurrently.
type Progress struct {
	// Out receives the lines.
	Out io.Writer
	// Columns is the width of the terminal; 0 if Out is not a terminal.
	Columns int
	// Expected is the estimated number of rows, from which the bar and the
	// remaining time are computed; 0 if it is unknown.
	Expected int64
	// Now is the clock.
	Now func() time.Time

	state   api.WshExportInstState
	attempt int32
	printed time.Time // when the last plain line was printed
	rate    rate
	drawn   bool // the last line on the terminal has no line end
}

// Inst shows the current state of an instance.
func (p *Progress) Inst(i *api.WshExportInst) {
	now := p.Now()
	changed := i.GetState() != p.state || i.GetAttempt() != p.attempt
	if i.GetAttempt() != p.attempt {
		p.rate = rate{}
	}
	p.state, p.attempt = i.GetState(), i.GetAttempt()
	if i.GetState() == api.WshExportInstState_STATE_RUNNING {
		p.rate.add(now, i.GetRowsDone())
	}
	switch {
	case p.Columns > 0:
		p.draw(p.line(i, now))
	case changed || now.Sub(p.printed) >= plainEvery:
		p.printed = now
		fmt.Fprintln(p.Out, p.line(i, now))
	}
}

// Download shows how many bytes of a file are downloaded.
func (p *Progress) Download(done, whole int64) {
	if p.Columns == 0 {
		return
	}
	share := 1.0
	if whole > 0 {
		share = float64(done) / float64(whole)
	}
	p.draw(fmt.Sprintf("%s %3.0f%%  downloading %s of %s", bar(share), 100*share, Bytes(done), Bytes(whole)))
}

// Done ends the line on a terminal.
func (p *Progress) Done() {
	if p.drawn {
		fmt.Fprintln(p.Out)
		p.drawn = false
	}
}

func (p *Progress) draw(line string) {
	// Return to the first column, print the line, clear the rest of the old line.
	fmt.Fprintf(p.Out, "\r%s\x1b[K", Cut(line, p.Columns-1))
	p.drawn = true
}

func (p *Progress) line(i *api.WshExportInst, now time.Time) string {
	parts := []string{fmt.Sprintf("instance %d %s", i.GetEinstId(), client.StateName(i.GetState()))}
	if i.GetState() == api.WshExportInstState_STATE_RUNNING || i.GetRowsDone() > 0 {
		parts = append(parts, Count(i.GetRowsDone())+" rows", Bytes(i.GetBytesDone()))
	}
	switch i.GetState() {
	case api.WshExportInstState_STATE_RUNNING:
		perSecond := p.rate.perSecond()
		if perSecond > 0 {
			parts = append(parts, Count(int64(perSecond))+" rows/s")
		}
		if left, ok := p.left(i.GetRowsDone(), perSecond); ok {
			parts = append(parts, "about "+Span(left)+" left")
		}
		if p.Columns > 0 && p.Expected > i.GetRowsDone() {
			share := float64(i.GetRowsDone()) / float64(p.Expected)
			parts[0] = fmt.Sprintf("%s ~%2.0f%%  %s", bar(share), 100*share, parts[0])
		}
	case api.WshExportInstState_STATE_RETRY_WAIT:
		if at, err := time.Parse(time.RFC3339Nano, i.GetNextAttempt()); err == nil {
			parts = append(parts, "next attempt in "+Span(at.Sub(now)))
		}
	default:
	}
	if i.GetMaxAttempts() > 1 && i.GetAttempt() > 1 {
		parts = append(parts, fmt.Sprintf("attempt %d of %d", i.GetAttempt(), i.GetMaxAttempts()))
	}
	if why := i.GetErrMsg(); why != "" {
		parts = append(parts, Plain(why))
	}
	return strings.Join(parts, "  ")
}

// left estimates the time until the expected rows are done.
func (p *Progress) left(rows int64, perSecond float64) (time.Duration, bool) {
	if p.Expected <= rows || perSecond <= 0 {
		return 0, false
	}
	return time.Duration(float64(p.Expected-rows) / perSecond * float64(time.Second)), true
}

func bar(share float64) string {
	full := min(barWidth, max(0, int(share*barWidth)))
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", barWidth-full) + "]"
}

// rate computes rows per second over the last rateSpan.
type rate struct {
	at   []time.Time
	rows []int64
}

// rateSpan is the time over which a rate is computed.
const rateSpan = 15 * time.Second

func (r *rate) add(now time.Time, rows int64) {
	r.at, r.rows = append(r.at, now), append(r.rows, rows)
	for len(r.at) > 2 && now.Sub(r.at[0]) > rateSpan {
		r.at, r.rows = r.at[1:], r.rows[1:]
	}
}

func (r *rate) perSecond() float64 {
	if len(r.at) < 2 {
		return 0
	}
	last := len(r.at) - 1
	seconds := r.at[last].Sub(r.at[0]).Seconds()
	if seconds <= 0 {
		return 0
	}
	return float64(r.rows[last]-r.rows[0]) / seconds
}
