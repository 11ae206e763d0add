package xlsx

import "time"

// pace tells whether rows come faster than they are written. Mostly they do not:
// a database takes longer for a row than this package does. Then more goroutines
// would end no sooner, and take the processor from a database beside them.
type pace struct {
	ended   time.Time     // of the last batch
	waited  time.Duration // for batches, in the span at hand
	written time.Duration // at them
	behind  int           // spans in succession without much of a wait
}

const (
	// paceSpan is the work after which the waits are looked at.
	paceSpan = 25 * time.Millisecond
	// paceSpans is how many spans decide. The rows of the first one may have
	// waited in the socket while the statement's columns were looked at.
	paceSpans = 6
	// paceRatio: to read rows that are there takes a fifteenth of the time that
	// writing them does, or less; what is more was waiting.
	paceRatio = 8
)

// begin notes that a batch has come.
func (p *pace) begin(now time.Time) {
	if !p.ended.IsZero() {
		p.waited += now.Sub(p.ended)
	}
	p.ended = now
}

// end notes that the batch is written and tells whether the writing is what takes
// the time.
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
