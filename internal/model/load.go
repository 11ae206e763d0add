package model

import (
	"context"
	"fmt"
)

// QueueOperator counts the waiting and running instances of one operator.
type QueueOperator struct {
	OperatorID int32 `db:"operatorId"`
	Waiting    int64 `db:"waiting"`   // instances that could run now
	Retrying   int64 `db:"retrying"`  // instances that wait for their next attempt
	Running    int64 `db:"running"`   // running instances, CANCELING ones included
	OldestSec  int64 `db:"oldestSec"` // seconds for which the oldest waiting instance could have run
}

// QueueWorker counts the running instances of one worker.
type QueueWorker struct {
	Owner   string `db:"owner"`
	Running int64  `db:"running"`
}

// QueueLoad returns the counts of at most limit operators, the one with the most
// waiting instances first, and of all workers. If operator is not 0, only
// instances of this operator are counted.
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
		return nil, nil, fmt.Errorf("count the workers of the queue: %w", err)
	}
	return operators, workers, nil
}
