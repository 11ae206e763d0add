package model

import (
	"context"
	"fmt"
)

// QueueOperator is what waits and runs of one operator.
type QueueOperator struct {
	OperatorID int32 `db:"operatorId"`
	Waiting    int64 `db:"waiting"`   // could run now
	Retrying   int64 `db:"retrying"`  // wait for their next attempt
	Running    int64 `db:"running"`   // canceling ones included
	OldestSec  int64 `db:"oldestSec"` // how long the oldest that could run has waited
}

// QueueWorker is what one worker runs.
type QueueWorker struct {
	Owner   string `db:"owner"`
	Running int64  `db:"running"`
}

// QueueLoad returns what waits and runs, the operators with the most waiting
// first, at most limit of them. operator 0 stands for all.
func (d *DB) QueueLoad(ctx context.Context, operator int32, limit int) ([]QueueOperator, []QueueWorker, error) {
	const OPERATORS = `SELECT operatorId,
		SUM(status = 0 AND runAfter <= UTC_TIMESTAMP(6)) AS waiting,
		SUM(status = 0 AND runAfter > UTC_TIMESTAMP(6)) AS retrying,
		SUM(status = 1) AS running,
		GREATEST(0, COALESCE(TIMESTAMPDIFF(SECOND, MIN(IF(status = 0, runAfter, NULL)), UTC_TIMESTAMP(6)), 0)) AS oldestSec
		FROM welife_export_inst WHERE status IN (0, 1) AND (? = 0 OR operatorId = ?)
		GROUP BY operatorId ORDER BY waiting DESC, operatorId LIMIT ?`
	const WORKERS = `SELECT owner, COUNT(*) AS running FROM welife_export_inst
		WHERE status = 1 AND (? = 0 OR operatorId = ?) GROUP BY owner ORDER BY owner`
	var operators []QueueOperator
	if err := d.db.SelectContext(ctx, &operators, OPERATORS, operator, operator, limit); err != nil {
		return nil, nil, fmt.Errorf("count the queue: %w", err)
	}
	var workers []QueueWorker
	if err := d.db.SelectContext(ctx, &workers, WORKERS, operator, operator); err != nil {
		return nil, nil, fmt.Errorf("count the queue's workers: %w", err)
	}
	return operators, workers, nil
}
