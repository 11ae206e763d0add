package model

import (
	"context"
	"fmt"
	"time"
)

// InstProgress is the part of an instance that changes until the instance ends.
type InstProgress struct {
	ID        int64     `db:"einstId"`
	State     State     `db:"state"`
	Attempt   int32     `db:"attempt"`
	RunAfter  time.Time `db:"runAfter"`
	RowsDone  int64     `db:"rowsDone"`
	BytesDone int64     `db:"bytesDone"`
}

// Progress returns the progress of an instance that was read before.
func (in *Inst) Progress() InstProgress {
	return InstProgress{in.ID, in.State, in.Attempt, in.RunAfter, in.RowsDone, in.BytesDone}
}

// Progress reads the progress of instances with one statement, in no order.
// Instances that do not exist are left out.
func (d *DB) Progress(ctx context.Context, ids []int64) ([]InstProgress, error) {
	const SELECT = `SELECT einstId, state, attempt, runAfter, rowsDone, bytesDone FROM welife_export_inst WHERE einstId IN (?)`
	var list []InstProgress
	if len(ids) == 0 {
		return nil, nil
	}
	if err := d.db.SelectContext(ctx, &list, SELECT, ids); err != nil {
		return nil, fmt.Errorf("read the progress of instances: %w", err)
	}
	return list, nil
}
