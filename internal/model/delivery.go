package model

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// DeliveryState is the state of a delivery; the numbers are the contract's.
//
//	WAITING ─▶ RUNNING ─▶ DONE
//	             │  ▲
//	             ▼  │
//	         RETRY_WAIT ─▶ FAILED
type DeliveryState int32

// The states of a delivery.
const (
	DeliveryWaiting   DeliveryState = 1
	DeliveryRunning   DeliveryState = 2
	DeliveryRetryWait DeliveryState = 3
	DeliveryDone      DeliveryState = 4
	DeliveryFailed    DeliveryState = 5
)

func (s DeliveryState) String() string {
	switch s {
	case DeliveryWaiting:
		return "WAITING"
	case DeliveryRunning:
		return "RUNNING"
	case DeliveryRetryWait:
		return "RETRY_WAIT"
	case DeliveryDone:
		return "DONE"
	case DeliveryFailed:
		return "FAILED"
	}
	return fmt.Sprintf("DeliveryState(%d)", int32(s))
}

// Delivery is the sending of an instance's files to one destination. Finish
// makes one for each that the instance names.
type Delivery struct {
	ID          int64         `db:"edeliveryId"`
	InstID      int64         `db:"einstId"`
	Seq         int32         `db:"seq"` // its place in the instance's DeliverTo, from 1
	OperatorID  int32         `db:"operatorId"`
	Destination string        `db:"destination"`
	EventID     string        `db:"eventId"` // the same for all attempts
	State       DeliveryState `db:"state"`
	Attempt     int32         `db:"attempt"`
	Claims      int64         `db:"claims"`
	Owner       string        `db:"owner"`
	NextAt      sql.NullTime  `db:"nextAt"` // the next attempt; while one runs, the end of its lease
	ErrMsg      string        `db:"errMsg"` // why the last attempt failed
	Location    string        `db:"location"`
	Created     time.Time     `db:"created"`
	Updated     time.Time     `db:"updated"`
	Finished    sql.NullTime  `db:"finished"`
}

const deliveryColumns = `edeliveryId, einstId, seq, operatorId, destination, eventId, state, attempt, claims, owner,
	nextAt, errMsg, location, created, updated, finished`

// addDeliveries makes the deliveries of instances that have just succeeded.
func addDeliveries(ctx context.Context, t *tx, list []Success) error {
	var args []any
	n := 0
	for _, s := range list {
		for i, to := range s.Inst.DeliverTo.V {
			args = append(args, s.Inst.ID, i+1, s.Inst.OperatorID, to.Destination, rand.Text(), DeliveryWaiting)
			n++
		}
	}
	if n == 0 {
		return nil
	}
	query := insertMade + ` welife_export_delivery (einstId, seq, operatorId, destination, eventId, state, attempt,
		claims, owner, nextAt, errMsg, location, created, updated)
		VALUES ` + strings.Repeat(`, (?, ?, ?, ?, ?, ?, 0, 0, '', UTC_TIMESTAMP(6), '', '', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`, n)[2:]
	if _, err := t.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("insert deliveries: %w", err)
	}
	return nil
}

// failDeliveries ends the deliveries of instances whose files go.
func failDeliveries(ctx context.Context, t *tx, insts []int64) error {
	const UPDATE = `UPDATE welife_export_delivery SET state = ?, nextAt = NULL, updated = UTC_TIMESTAMP(6), finished = UTC_TIMESTAMP(6),
		errMsg = CONCAT('the file expired before it was delivered', IF(errMsg = '', '', '; the last attempt: '), errMsg)
		WHERE einstId IN (?) AND nextAt IS NOT NULL`
	query, args, err := sqlx.In(UPDATE, DeliveryFailed, insts)
	if err != nil {
		return fmt.Errorf("end deliveries: %w", err)
	}
	if _, err := t.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("end deliveries: %w", err)
	}
	return nil
}

// ClaimDeliveries returns deliveries that owner runs from now on for the lease,
// as many to each destination as free tells, with Attempt and Claims already
// counted up. A delivery whose worker let its lease run out is among them.
func (d *DB) ClaimDeliveries(ctx context.Context, owner string, free map[string]int, lease time.Duration) ([]Delivery, error) {
	const DUE = `SELECT destination FROM welife_export_delivery
		WHERE destination IN (?) AND nextAt <= UTC_TIMESTAMP(6) GROUP BY destination`
	// The order is the index's: that is what lets two claimers skip each
	// other's rows.
	const PICK = `SELECT ` + deliveryColumns + ` FROM welife_export_delivery FORCE INDEX (ix_next)
		WHERE destination = ? AND nextAt <= UTC_TIMESTAMP(6) ORDER BY nextAt, edeliveryId LIMIT ? FOR UPDATE SKIP LOCKED`
	const CLAIM = `UPDATE welife_export_delivery SET state = ?, owner = ?, attempt = attempt + 1, claims = claims + 1,
		nextAt = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, updated = UTC_TIMESTAMP(6) WHERE edeliveryId IN (?)`
	var names, due []string
	for name, n := range free {
		if n > 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	query, args, err := sqlx.In(DUE, names)
	if err != nil {
		return nil, fmt.Errorf("find due deliveries: %w", err)
	}
	// Looked at often and hardly ever true, so it is asked without locks first.
	if err := d.db.SelectContext(ctx, &due, query, args...); err != nil || len(due) == 0 {
		return nil, wrap("find due deliveries", err)
	}
	var claimed []Delivery
	err = d.inTx(ctx, func(t *tx) error {
		claimed = nil
		var ids []int64
		for _, name := range due {
			var some []Delivery
			if err := t.SelectContext(ctx, &some, PICK, name, free[name]); err != nil {
				return fmt.Errorf("pick deliveries: %w", err)
			}
			for _, one := range some {
				one.State, one.Owner = DeliveryRunning, owner
				one.Attempt++
				one.Claims++
				ids = append(ids, one.ID)
				claimed = append(claimed, one)
			}
		}
		if len(ids) == 0 {
			return nil
		}
		query, args, err := sqlx.In(CLAIM, DeliveryRunning, owner, lease.Microseconds(), ids)
		if err != nil {
			return fmt.Errorf("claim deliveries: %w", err)
		}
		_, err = t.ExecContext(ctx, query, args...)
		return wrap("claim deliveries", err)
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// deliveryFence follows WHERE: every write of a worker applies only while the
// delivery still runs under the claim it was made under.
const deliveryFence = ` WHERE edeliveryId = ? AND owner = ? AND claims = ? AND state = ?`

// HeartbeatDelivery gives a claimed delivery a new lease; ErrLeaseLost where it is
// not this claim's any more.
func (d *DB) HeartbeatDelivery(ctx context.Context, v *Delivery, lease time.Duration) error {
	const UPDATE = `UPDATE welife_export_delivery SET nextAt = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
		updated = UTC_TIMESTAMP(6)` + deliveryFence
	return d.writeDelivery(ctx, UPDATE, v, lease.Microseconds())
}

// FinishDelivery ends a claimed delivery as DONE. ErrLeaseLost as above.
func (d *DB) FinishDelivery(ctx context.Context, v *Delivery, location string) error {
	const UPDATE = `UPDATE welife_export_delivery SET state = ?, location = ?, errMsg = '', nextAt = NULL,
		updated = UTC_TIMESTAMP(6), finished = UTC_TIMESTAMP(6)` + deliveryFence
	return d.writeDelivery(ctx, UPDATE, v, DeliveryDone, location)
}

// FailDelivery ends a claimed delivery as FAILED. ErrLeaseLost as above.
func (d *DB) FailDelivery(ctx context.Context, v *Delivery, msg string) error {
	const UPDATE = `UPDATE welife_export_delivery SET state = ?, errMsg = ?, nextAt = NULL,
		updated = UTC_TIMESTAMP(6), finished = UTC_TIMESTAMP(6)` + deliveryFence
	return d.writeDelivery(ctx, UPDATE, v, DeliveryFailed, msg)
}

// DeferDelivery lets a claimed delivery wait for its next attempt. ErrLeaseLost
// as above.
func (d *DB) DeferDelivery(ctx context.Context, v *Delivery, msg string, wait time.Duration) error {
	const UPDATE = `UPDATE welife_export_delivery SET state = ?, errMsg = ?,
		nextAt = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, updated = UTC_TIMESTAMP(6)` + deliveryFence
	return d.writeDelivery(ctx, UPDATE, v, DeliveryRetryWait, msg, wait.Microseconds())
}

// ReleaseDelivery gives a claimed delivery back unharmed, as a shutdown does:
// the attempt is not counted. ErrLeaseLost as above.
func (d *DB) ReleaseDelivery(ctx context.Context, v *Delivery) error {
	const UPDATE = `UPDATE welife_export_delivery SET state = IF(attempt > 1, ?, ?), attempt = attempt - 1,
		nextAt = UTC_TIMESTAMP(6), updated = UTC_TIMESTAMP(6)` + deliveryFence
	return d.writeDelivery(ctx, UPDATE, v, DeliveryRetryWait, DeliveryWaiting)
}

func (d *DB) writeDelivery(ctx context.Context, update string, v *Delivery, args ...any) error {
	res, err := d.db.ExecContext(ctx, update, append(args, v.ID, v.Owner, v.Claims, DeliveryRunning)...)
	if err != nil {
		return fmt.Errorf("write delivery %d: %w", v.ID, err)
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return ErrLeaseLost
	}
	return wrap(fmt.Sprintf("write delivery %d", v.ID), err)
}

// GetDelivery returns a delivery.
func (d *DB) GetDelivery(ctx context.Context, id int64) (*Delivery, error) {
	const SELECT = `SELECT ` + deliveryColumns + ` FROM welife_export_delivery WHERE edeliveryId = ?`
	return getDelivery(ctx, d.db, SELECT, id)
}

func getDelivery(ctx context.Context, q querier, query string, id int64) (*Delivery, error) {
	var v Delivery
	err := q.GetContext(ctx, &v, query, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, Errorf(NotFound, "edeliveryId: %d, no such delivery", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read delivery %d: %w", id, err)
	}
	return &v, nil
}

// DeliveryFilter says which deliveries ListDelivery returns; zero fields do not
// filter.
type DeliveryFilter struct {
	InstID     int64
	OperatorID int32
	States     []DeliveryState
	Before     int64 // only ids below this one: the page after it
	Limit      int   // at most this many
}

// ListDelivery returns deliveries, newest first.
func (d *DB) ListDelivery(ctx context.Context, f DeliveryFilter) ([]Delivery, error) {
	var w where
	w.addIf(f.InstID != 0, "einstId = ?", f.InstID)
	w.addIf(f.OperatorID != 0, "operatorId = ?", f.OperatorID)
	w.addIf(len(f.States) != 0, "state IN (?)", f.States)
	w.addIf(f.Before != 0, "edeliveryId < ?", f.Before)
	query := `SELECT ` + deliveryColumns + ` FROM welife_export_delivery` + w.String() + ` ORDER BY edeliveryId DESC LIMIT ?`
	query, args, err := sqlx.In(query, append(w.args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	var list []Delivery
	if err := d.db.SelectContext(ctx, &list, query, args...); err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return list, nil
}

// RetryDelivery lets a delivery that FAILED begin again, with all its attempts,
// and one in RETRY_WAIT be tried at once. Any other is a WrongState, as is one
// whose file has expired.
func (d *DB) RetryDelivery(ctx context.Context, id int64) (*Delivery, error) {
	const SELECT = `SELECT ` + deliveryColumns + ` FROM welife_export_delivery WHERE edeliveryId = ? FOR UPDATE`
	// Locked, so that the files cannot expire meanwhile and leave it waiting.
	const STATE = `SELECT state FROM welife_export_inst WHERE einstId = ? FOR UPDATE`
	const UPDATE = `UPDATE welife_export_delivery SET state = ?, attempt = ?, nextAt = UTC_TIMESTAMP(6), finished = NULL,
		updated = UTC_TIMESTAMP(6) WHERE edeliveryId = ?`
	v, err := d.GetDelivery(ctx, id)
	if err != nil {
		return nil, err
	}
	err = d.inTx(ctx, func(t *tx) error {
		// The instance first, as Expire does: two transactions must not wait
		// for each other.
		var state State
		if err := t.GetContext(ctx, &state, STATE, v.InstID); err != nil {
			return fmt.Errorf("read instance %d: %w", v.InstID, err)
		}
		now, err := getDelivery(ctx, t, SELECT, id)
		switch {
		case err != nil:
			return err
		case now.State != DeliveryFailed && now.State != DeliveryRetryWait:
			return Errorf(WrongState, "edeliveryId: %d is %s; only one that FAILED or waits for a retry can be retried", id, now.State)
		case state != StateSucceeded:
			return Errorf(WrongState, "edeliveryId: %d, the file of instance %d has expired", id, now.InstID)
		}
		next, attempt := DeliveryRetryWait, now.Attempt
		if now.State == DeliveryFailed {
			next, attempt = DeliveryWaiting, 0
		}
		_, err = t.ExecContext(ctx, UPDATE, next, attempt, id)
		return wrap(fmt.Sprintf("retry delivery %d", id), err)
	})
	if err != nil {
		return nil, err
	}
	return d.GetDelivery(ctx, id)
}

// DeliveryLoad is what waits to be sent to one destination, a running delivery
// not counted.
type DeliveryLoad struct {
	Destination string  `db:"destination"`
	Waiting     int64   `db:"waiting"`
	OldestSec   float64 `db:"oldest"` // since the oldest of them was made
}

// DeliveryLoad returns what waits to be sent to these destinations.
func (d *DB) DeliveryLoad(ctx context.Context, destinations []string) ([]DeliveryLoad, error) {
	const SELECT = `SELECT destination, COUNT(*) AS waiting, TIMESTAMPDIFF(MICROSECOND, MIN(created), UTC_TIMESTAMP(6)) / 1e6 AS oldest
		FROM welife_export_delivery WHERE destination IN (?) AND nextAt IS NOT NULL AND state <> ? GROUP BY destination`
	if len(destinations) == 0 {
		return nil, nil
	}
	query, args, err := sqlx.In(SELECT, destinations, DeliveryRunning)
	if err != nil {
		return nil, fmt.Errorf("count waiting deliveries: %w", err)
	}
	var list []DeliveryLoad
	if err := d.db.SelectContext(ctx, &list, query, args...); err != nil {
		return nil, fmt.Errorf("count waiting deliveries: %w", err)
	}
	return list, nil
}
