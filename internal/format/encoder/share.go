package encoder

import (
	"sync/atomic"

	"exporttask/internal/format/row"
)

// shared is a batch cut into pieces with owners of their own: the batch is
// released when its last piece is, and whoever cut it let go.
type shared struct {
	batch  *row.Batch
	owners atomic.Int32
}

// share begins to cut a batch. The caller is an owner itself until it calls
// release.
func share(b *row.Batch) *shared {
	s := &shared{batch: b}
	s.owners.Store(1)
	return s
}

// piece is a batch of the rows [from, to), which its owner releases like any
// other.
func (s *shared) piece(from, to int) *row.Batch {
	s.owners.Add(1)
	return &row.Batch{Data: s.batch.Data, Rows: s.batch.Rows[from:to:to], Cols: s.batch.Cols, Free: s.release}
}

// release is a piece's Free; the encoders may call it from any goroutine.
func (s *shared) release(*row.Batch) {
	if s.owners.Add(-1) == 0 {
		s.batch.Release()
	}
}
