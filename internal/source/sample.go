package source

import (
	"context"
	"errors"
	"io"

	"exporttask/internal/format/row"
)

// Sample is the first rows of a result, in memory. Its rows are checked: each has
// exactly one cell for each column.
type Sample struct {
	Columns []row.Column
	Batches []*row.Batch // owned by the sample
	Notes   []Note
}

// Rows returns the number of rows.
func (s *Sample) Rows() int {
	n := 0
	for _, b := range s.Batches {
		n += b.Len()
	}
	return n
}

// Sample runs q and returns its rows. q.FirstRows and q.Limits bound their number
// and memory. The errors are those of Query, of Cursor.Next and of
// row.Batch.Check.
func (s *Source) Sample(ctx context.Context, q Query) (*Sample, error) {
	cursor, err := s.queryFor(ctx, short, q)
	if err != nil {
		return nil, err
	}
	sample, err := cursor.sample(ctx)
	return sample, errors.Join(err, cursor.Close())
}

// sample reads the cursor to its end.
func (cur *Cursor) sample(ctx context.Context) (*Sample, error) {
	sample := &Sample{Columns: cur.Columns(), Notes: cur.notes}
	for {
		b, err := cur.Next(ctx)
		if errors.Is(err, io.EOF) {
			return sample, nil
		}
		if err == nil {
			err = b.Check()
		}
		if err != nil {
			return nil, err
		}
		sample.Batches = append(sample.Batches, b)
	}
}
