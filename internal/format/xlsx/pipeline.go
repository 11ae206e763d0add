package xlsx

import (
	"hash/crc32"
	"sync"
	"sync/atomic"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
	"exporttask/internal/format/xlsx/deflate"
)

// blockGoal is the intended size of a job's XML in bytes: large compared with the
// Huffman codes of a block and small enough for the cache of a core. A block that
// has reached blockFull is closed.
const (
	blockGoal = 400 << 10
	blockFull = 448 << 10
)

// keepOut is the maximum size of a buffer that a job keeps for reuse.
const keepOut = 1 << 20

// job is one piece of the file: rows or finished XML. Encode passes it to a
// worker, and it is reused after its block was written.
type job struct {
	place int // sequence number among all jobs, from 0

	// The input. batch is read-only and may be shared by several jobs; the last of
	// them has it in release.
	batch    *row.Batch
	from, to int
	row      int    // number of the first row in its sheet
	xml      []byte // finished XML; the job has no rows
	begin    *entry // ZIP entry that begins with this job
	end      bool   // the ZIP entry ends with this job
	release  *row.Batch
	own      row.Batch // buffer of rows collected from small batches

	// The output.
	out    []byte // whole deflate blocks
	sum    uint32 // CRC-32 of the XML
	size   int64  // bytes of the XML
	counts format.WarningCounts
	err    error // error of a malformed row
}

// pipeline compresses jobs and writes their blocks in order: in the goroutine
// that calls send or, if parallel is set, in workers. The number of jobs is
// fixed, which limits the memory: the method job waits for a free one.
type pipeline struct {
	cols     []column
	small    bool
	workers  int
	core     string     // the part docProps/core.xml
	parallel bool       // start workers with the next job
	started  bool       // they are at work
	own      *rowWriter // of the goroutine that sends, until then
	sent     int        // jobs
	todo     chan *job
	free     chan *job
	all      sync.WaitGroup
	err      atomic.Pointer[error] // the first

	writing  sync.Mutex // guards what follows
	made     []*job     // what is done and not yet written, by place modulo its length
	written  int        // jobs
	counts   format.WarningCounts
	zip      *archive
	progress sync.Cond // a job was written
	writers  []*rowWriter
}

func newPipeline(zip *archive, cols []column, workers int, small bool) *pipeline {
	n := workers + 2
	p := &pipeline{
		zip: zip, cols: cols, workers: workers, small: small,
		todo: make(chan *job, n), free: make(chan *job, n), made: make([]*job, n),
	}
	p.progress.L = &p.writing
	for range n {
		p.free <- new(job)
	}
	return p
}

// job waits for an unused job.
func (p *pipeline) job() *job { return <-p.free }

// send passes a job to the workers or processes it. The channel has room for
// all jobs, so send does not block.
func (p *pipeline) send(j *job) {
	j.place = p.sent
	p.sent++
	switch {
	case p.started:
	case p.parallel:
		p.started, p.own = true, nil
		for range p.workers {
			p.all.Go(p.work)
		}
	default:
		if p.own == nil {
			p.own = p.writer()
		}
		p.make(p.own, j)
		return
	}
	p.todo <- j
}

// writer returns a new writer of rows.
func (p *pipeline) writer() *rowWriter {
	w := newRowWriter(p.cols, p.small)
	p.writing.Lock()
	defer p.writing.Unlock()
	p.writers = append(p.writers, w)
	return w
}

// wait waits until all jobs are written. The caller must hold the lock.
func (p *pipeline) wait() {
	for p.written < p.sent {
		p.progress.Wait()
	}
}

// tallies waits until all jobs are written and returns the totals of the columns,
// nil for a column without one.
func (p *pipeline) tallies() []*format.Tally {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.wait()
	all := make([]*format.Tally, len(p.cols))
	for i := range all {
		if all[i] = format.NewTally(p.cols[i].src); all[i] == nil {
			continue
		}
		for _, w := range p.writers {
			all[i].Merge(w.cols[i].tally)
		}
	}
	return all
}

// entrySize waits until all jobs are written and returns the size of the last
// entry, that of its XML or of its deflated XML, whichever is larger.
func (p *pipeline) entrySize() int64 {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.wait()
	if len(p.zip.entries) == 0 { // after an error
		return 0
	}
	e := p.zip.entries[len(p.zip.entries)-1]
	return int64(max(e.size, e.packed))
}

// close waits until all jobs are written and all workers have ended.
func (p *pipeline) close() format.WarningCounts {
	close(p.todo)
	p.all.Wait()
	return p.counts
}

// failed returns the first error, or nil.
func (p *pipeline) failed() error {
	if err := p.err.Load(); err != nil {
		return *err
	}
	return nil
}

// work is the loop of a worker.
func (p *pipeline) work() {
	w := p.writer()
	for j := range p.todo {
		p.make(w, j)
	}
}

// make compresses a job and writes it if it is its turn. After an error jobs
// are only returned for reuse, since Encode may be waiting for one.
func (p *pipeline) make(w *rowWriter, j *job) {
	j.out, j.sum, j.size, j.counts, j.err = j.out[:0], 0, 0, format.WarningCounts{}, nil
	if p.failed() == nil {
		w.do(j)
	}
	p.write(j)
}

// write writes the output of a job, and of jobs that were waiting for it, in
// the order of sending.
func (p *pipeline) write(j *job) {
	p.writing.Lock()
	defer p.writing.Unlock()
	n := len(p.made)
	p.made[j.place%n] = j
	for j := p.made[p.written%n]; j != nil; j = p.made[p.written%n] {
		p.made[p.written%n] = nil
		p.written++
		if p.failed() == nil {
			if err := p.put(j); err != nil {
				first := err // err itself does not escape to the heap
				p.err.Store(&first)
			}
		}
		p.counts.Add(&j.counts)
		p.recycle(j)
	}
	p.progress.Signal()
}

func (p *pipeline) put(j *job) error {
	if j.err != nil {
		return j.err
	}
	if len(p.zip.entries) == 0 {
		if err := p.zip.writeFirstParts(p.core); err != nil {
			return err
		}
	}
	if j.begin != nil {
		if err := p.zip.begin(j.begin); err != nil {
			return err
		}
	}
	if err := p.zip.add(j.out, j.sum, j.size); err != nil {
		return err
	}
	if !j.end {
		return nil
	}
	if err := p.zip.add([]byte(deflate.End), 0, 0); err != nil {
		return err
	}
	return p.zip.end()
}

func (p *pipeline) recycle(j *job) {
	if j.release != nil {
		j.release.Release()
	}
	j.batch, j.xml, j.begin, j.end, j.release = nil, nil, nil, false, nil
	if cap(j.out) > keepOut {
		j.out = nil
	}
	j.own.Data, j.own.Rows = j.own.Data[:0], j.own.Rows[:0]
	if cap(j.own.Data) > keepOut {
		j.own = row.Batch{}
	}
	p.free <- j
}

// do compresses a job to deflate blocks.
func (w *rowWriter) do(j *job) {
	w.job = j
	if j.batch == nil {
		w.raw(j.xml)
	} else {
		j.err = w.rows(j.batch, j.from, j.to, j.row)
	}
	w.emit()
	w.job = nil
}

// emit compresses the current block and begins an empty one.
func (w *rowWriter) emit() {
	if w.n == 0 {
		return
	}
	j, xml := w.job, w.buf[:w.n]
	sum := crc32.ChecksumIEEE(xml)
	if j.size == 0 {
		j.sum = sum
	} else {
		j.sum = combineCRC(j.sum, sum, int64(len(xml)))
	}
	j.size += int64(len(xml))
	j.out = w.deflate.AppendBlock(j.out, xml)
	w.reset()
}
