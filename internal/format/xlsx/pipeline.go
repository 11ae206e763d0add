package xlsx

import (
	"hash/crc32"
	"sync"
	"sync/atomic"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
	"exporttask/internal/format/xlsx/deflate"
)

// blockGoal is the XML that a job should come to: large enough that a block's
// Huffman codes cost nothing beside it, small enough to stay in a core's cache.
// A block is closed once it has passed blockFull.
const (
	blockGoal = 400 << 10
	blockFull = 448 << 10
)

// keepOut is the largest output that a job keeps for its next use.
const keepOut = 1 << 20

// job is one piece of the file: rows, or XML that is ready. It goes from Encode
// to a worker, and back once its block is in the file.
type job struct {
	place int // among all jobs, from 0

	// What is to be done. batch is shared by the jobs it was cut into and only
	// read; release is set in the last of them.
	batch    *row.Batch
	from, to int
	row      int    // number of the first row in its sheet
	xml      []byte // instead of rows
	begin    *entry // the entry to begin before these bytes
	end      bool   // these bytes are the entry's last
	release  *row.Batch
	own      row.Batch // room for gathered rows

	// What the worker made of it.
	out    []byte // whole deflate blocks
	sum    uint32 // CRC-32 of the XML
	size   int64  // bytes of the XML
	counts format.WarningCounts
	err    error // a row that is broken
}

// pipeline makes blocks of jobs and writes them in the order of sending: in the
// goroutine that sends, or in workers where there is hurry. Then the number of
// jobs, which is fixed, bounds the memory: job blocks until one was given back.
type pipeline struct {
	cols    []column
	small   bool
	workers int
	hurry   bool       // workers are wanted
	started bool       // they are at work
	own     *rowWriter // of the goroutine that sends, until then
	sent    int        // jobs
	todo    chan *job
	free    chan *job
	all     sync.WaitGroup
	err     atomic.Pointer[error] // the first

	writing sync.Mutex // guards what follows
	made    []*job     // what is done and not yet written, by place modulo its length
	written int        // jobs
	counts  format.WarningCounts
	zip     *archive
}

func newPipeline(zip *archive, cols []column, workers int, small bool) *pipeline {
	n := workers + 2
	p := &pipeline{
		zip: zip, cols: cols, workers: workers, small: small,
		todo: make(chan *job, n), free: make(chan *job, n), made: make([]*job, n),
	}
	for range n {
		p.free <- new(job)
	}
	return p
}

// job waits for a job that nobody uses.
func (p *pipeline) job() *job { return <-p.free }

// send hands a job over. The channel cannot be full: it has room for every job
// there is.
func (p *pipeline) send(j *job) {
	j.place = p.sent
	p.sent++
	switch {
	case p.started:
	case p.hurry:
		p.started, p.own = true, nil
		for range p.workers {
			p.all.Go(p.work)
		}
	default:
		if p.own == nil {
			p.own = newRowWriter(p.cols, p.small)
		}
		p.make(p.own, j)
		return
	}
	p.todo <- j
}

// close waits until everything sent is written and all goroutines are gone.
func (p *pipeline) close() format.WarningCounts {
	close(p.todo)
	p.all.Wait()
	return p.counts
}

// failed is the file's first error.
func (p *pipeline) failed() error {
	if err := p.err.Load(); err != nil {
		return *err
	}
	return nil
}

// work is a worker.
func (p *pipeline) work() {
	w := newRowWriter(p.cols, p.small)
	for j := range p.todo {
		p.make(w, j)
	}
}

// make makes a job's block and sees it written. After a failure nothing more will
// be written, so nothing more is made; jobs go on being given back, since Encode
// may be waiting for one.
func (p *pipeline) make(w *rowWriter, j *job) {
	j.out, j.sum, j.size, j.counts, j.err = j.out[:0], 0, 0, format.WarningCounts{}, nil
	if p.failed() == nil {
		w.do(j)
	}
	p.write(j)
}

// write puts a job's output into the archive if it is next, and what was made
// before its turn had come.
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
				first := err // a variable of its own: only this one moves to the heap
				p.err.Store(&first)
			}
		}
		p.counts.Cut += j.counts.Cut
		p.counts.Illegal += j.counts.Illegal
		p.recycle(j)
	}
}

func (p *pipeline) put(j *job) error {
	if j.err != nil {
		return j.err
	}
	if len(p.zip.entries) == 0 {
		if err := p.zip.writeFirstParts(); err != nil {
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

// do turns a job into deflate blocks.
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

// emit closes the block at hand and begins an empty one.
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
