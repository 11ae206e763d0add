package xlsx

import "time"

// pace measures whether rows arrive faster than one goroutine encodes them.
// Usually they do not: a database needs more time for a row than this package.
// Additional goroutines would then not finish sooner but take CPU time from a
// database on the same machine.
type pace struct {
	ended   time.Time     // end of the last call of Encode
	waited  time.Duration // time between calls of Encode in the current span
	written time.Duration // time in Encode in the current span
	behind  int           // number of consecutive spans that waited little
}

const (
	// paceSpan is the encoding time of one span.
	paceSpan = 25 * time.Millisecond
	// paceSpans is the number of consecutive spans that decide. Rows of the first
	// span may have been buffered in the socket before the export began.
	paceSpans = 6
	// paceRatio is the ratio of written to waited below which a span counts as
	// waiting. Reading rows that have arrived takes at most a fifteenth of the
	// time of encoding them.
	paceRatio = 8
)

// begin records the arrival of a batch.
func (p *pace) begin(now time.Time) {
	if !p.ended.IsZero() {
		p.waited += now.Sub(p.ended)
	}
	p.ended = now
}

// end records the end of the encoding of a batch and reports whether encoding
// is the bottleneck.
func (p *pace) end(now time.Time) bool {
	p.written += now.Sub(p.ended)
	p.ended = now
	if p.written >= paceSpan {
		if p.waited < p.written/paceRatio {
			p.behind++
		} else {
			p.behind = 0
		}
		p.waited, p.written = 0, 0
	}
	return p.behind >= paceSpans
}
