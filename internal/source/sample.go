package source

import (
	"context"
	"errors"
	"io"

	"exporttask/internal/row"
)

// Sample is the beginning of a result.
type Sample struct {
	Columns []row.Column
	Batches []*row.Batch // nobody else's
}

// Rows is the number of rows.
func (s *Sample) Rows() int {
	n := 0
	for _, b := range s.Batches {
		n += b.Len()
	}
	return n
}

// Sample runs q and keeps its rows in memory: q.FirstRows and q.Limits bound
// how much that is. The errors are those of Query and of Cursor.Next.
func (s *Source) Sample(ctx context.Context, q Query) (_ *Sample, err error) {
	cursor, err := s.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cursor.Close()) }()
	sample := &Sample{Columns: cursor.Columns()}
	for {
		b, err := cursor.Next(ctx)
		if errors.Is(err, io.EOF) {
			return sample, nil
		}
		if err != nil {
			return nil, err
		}
		sample.Batches = append(sample.Batches, b)
	}
}
