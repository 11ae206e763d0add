package encoder

import (
	"sync/atomic"

	"exporttask/internal/format/row"
)

// shared is a batch that was divided into pieces with owners of their own. The
// batch is released after the last piece and the caller of share released it.
type shared struct {
	batch  *row.Batch
	owners atomic.Int32
}

// share starts to divide a batch. The caller counts as an owner until it calls
// release.
func share(b *row.Batch) *shared {
	s := &shared{batch: b}
	s.owners.Store(1)
	return s
}

// piece returns a batch of the rows [from, to), which its owner must release.
func (s *shared) piece(from, to int) *row.Batch {
	s.owners.Add(1)
	return &row.Batch{Data: s.batch.Data, Rows: s.batch.Rows[from:to:to], Cols: s.batch.Cols, Free: s.release}
}

// release implements Batch.Free of the pieces. Encoders may call it from any
// goroutine.
func (s *shared) release(*row.Batch) {
	if s.owners.Add(-1) == 0 {
		s.batch.Release()
	}
}
