package model

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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
// instances of this operator are counted. Counts of a long queue can be some
// seconds old: see snapshot.
func (d *DB) QueueLoad(ctx context.Context, operator int32, limit int) ([]QueueOperator, []QueueWorker, error) {
	const WORKERS = `SELECT owner, COUNT(*) AS running FROM welife_export_inst
		WHERE status = ? AND (? = 0 OR operatorId = ?) GROUP BY owner ORDER BY owner`
	all, err := d.queueCounts.get(ctx, d.countQueue)
	if err != nil {
		return nil, nil, err
	}
	var operators []QueueOperator
	for _, o := range all {
		if len(operators) < limit && (operator == 0 || o.OperatorID == operator) {
			operators = append(operators, o)
		}
	}
	var workers []QueueWorker
	if err := d.db.SelectContext(ctx, &workers, WORKERS, Running, operator, operator); err != nil {
		return nil, nil, fmt.Errorf("count the workers of the queue: %w", err)
	}
	return operators, workers, nil
}

// countQueue counts the waiting and running instances of all operators, the one
// with the most waiting instances first. It reads one index entry for each.
func (d *DB) countQueue(ctx context.Context) ([]QueueOperator, error) {
	const COUNT = `SELECT operatorId,
		SUM(status = 0 AND runAfter <= UTC_TIMESTAMP(6)) AS waiting,
		SUM(status = 0 AND runAfter > UTC_TIMESTAMP(6)) AS retrying,
		SUM(status = 1) AS running,
		GREATEST(0, COALESCE(TIMESTAMPDIFF(SECOND, MIN(IF(status = 0, runAfter, NULL)), UTC_TIMESTAMP(6)), 0)) AS oldestSec
		FROM welife_export_inst FORCE INDEX (ix_ready) WHERE status IN (0, 1) GROUP BY operatorId`
	var list []QueueOperator
	if err := d.db.SelectContext(ctx, &list, COUNT); err != nil {
		return nil, fmt.Errorf("count the queue: %w", err)
	}
	slices.SortFunc(list, func(a, b QueueOperator) int {
		return cmp.Or(cmp.Compare(b.Waiting, a.Waiting), cmp.Compare(a.OperatorID, b.OperatorID))
	})
	return list, nil
}

// DeliveryLoad counts the deliveries to one destination that wait; running ones
// are not counted.
type DeliveryLoad struct {
	Destination string  `db:"destination"`
	Waiting     int64   `db:"waiting"`
	OldestSec   float64 `db:"oldest"` // seconds since the oldest of them was created
}

// DeliveryLoad returns the counts of those destinations for which a delivery
// waits. Counts of a long queue can be some seconds old: see snapshot.
func (d *DB) DeliveryLoad(ctx context.Context, destinations []string) ([]DeliveryLoad, error) {
	all, err := d.deliveryCounts.get(ctx, d.countDeliveries)
	if err != nil {
		return nil, err
	}
	var list []DeliveryLoad
	for _, l := range all {
		if slices.Contains(destinations, l.Destination) {
			list = append(list, l)
		}
	}
	return list, nil
}

func (d *DB) countDeliveries(ctx context.Context) ([]DeliveryLoad, error) {
	const COUNT = `SELECT destination, COUNT(*) AS waiting, TIMESTAMPDIFF(MICROSECOND, MIN(created), UTC_TIMESTAMP(6)) / 1e6 AS oldest
		FROM welife_export_delivery FORCE INDEX (ix_state) WHERE state IN (?) GROUP BY destination ORDER BY destination`
	var list []DeliveryLoad
	err := d.db.SelectContext(ctx, &list, COUNT, []DeliveryState{DeliveryWaiting, DeliveryRetryWait})
	if err != nil {
		return nil, fmt.Errorf("count waiting deliveries: %w", err)
	}
	return list, nil
}
