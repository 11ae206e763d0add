package xlsx

import (
	"hash/crc32"
	"sync"
	"sync/atomic"

	"exporttask/internal/render/cell"
	"exporttask/internal/render/xlsx/deflate"
	"exporttask/internal/row"
)

// blockGoal is the XML that a job should come to: large enough that a block's
// Huffman codes cost nothing beside it, small enough to stay in a core's cache.
// A block is closed once it has passed blockFull.
const (
	blockGoal = 320 << 10
	blockFull = 448 << 10
)

// keepOut is the largest output that a job keeps for its next use.
const keepOut = 1 << 20

// job is one piece of the file: rows, or XML that is ready. It goes from Encode
// to a worker and, in the order of sending, to the writer, which gives it back.
type job struct {
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
	out   []byte // whole deflate blocks
	sum   uint32 // CRC-32 of the XML
	size  int64  // bytes of the XML
	tally cell.Tally
	err   error         // a row that is broken
	done  chan struct{} // the worker sends, the writer receives
}

// pipeline runs the workers and the writer. Encode's goroutine sends, each job
// goes to both, and the writer waits for its worker to be done. The number of
// jobs is fixed: job blocks until the writer gave one back, which bounds the
// memory.
type pipeline struct {
	cols    []column
	small   bool
	workers int
	started int
	todo    chan *job // to the workers
	order   chan *job // to the writer
	free    chan *job // from the writer
	all     sync.WaitGroup
	err     atomic.Pointer[error] // the writer's first
	tally   cell.Tally            // the writer's until close
	zip     *archive
}

func newPipeline(zip *archive, cols []column, workers int, small bool) *pipeline {
	n := workers + 2
	p := &pipeline{
		zip: zip, cols: cols, workers: workers, small: small,
		todo: make(chan *job, n), order: make(chan *job, n), free: make(chan *job, n),
	}
	for range n {
		p.free <- &job{done: make(chan struct{}, 1)}
	}
	return p
}

// job waits for a job that nobody uses.
func (p *pipeline) job() *job { return <-p.free }

// send hands a job over. Goroutines are started as they are needed, so that a
// small export starts few. Neither channel can be full: both have room for
// every job there is.
func (p *pipeline) send(j *job) {
	if p.started == 0 {
		p.all.Go(p.write)
	}
	if p.started < p.workers {
		p.started++
		p.all.Go(p.work)
	}
	p.todo <- j
	p.order <- j
}

// close waits until everything sent is written and all goroutines are gone.
func (p *pipeline) close() cell.Tally {
	close(p.todo)
	close(p.order)
	p.all.Wait()
	return p.tally
}

// failed is the first error of the underlying writer.
func (p *pipeline) failed() error {
	if err := p.err.Load(); err != nil {
		return *err
	}
	return nil
}

// work makes blocks. After a failure nothing more will be written, so nothing
// more is made.
func (p *pipeline) work() {
	w := newRowWriter(p.cols, p.small)
	for j := range p.todo {
		j.out, j.sum, j.size, j.tally, j.err = j.out[:0], 0, 0, cell.Tally{}, nil
		if p.failed() == nil {
			w.do(j)
		}
		j.done <- struct{}{}
	}
}

// write puts the jobs' output into the archive, in their order. It goes on
// taking jobs after a failure: Encode may be waiting for one.
func (p *pipeline) write() {
	for j := range p.order {
		<-j.done
		if p.failed() == nil {
			if err := p.put(j); err != nil {
				first := err // a variable of its own: only this one moves to the heap
				p.err.Store(&first)
			}
		}
		p.tally.Cut += j.tally.Cut
		p.tally.Illegal += j.tally.Illegal
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
