package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// DeliveryState is the state of a delivery, numbered as in the contract.
//
//	WAITING ─▶ RUNNING ─▶ DONE, SKIPPED
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
	DeliverySkipped   DeliveryState = 6
)

// String returns the name that the contract has for the state.
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
	case DeliverySkipped:
		return "SKIPPED"
	}
	return fmt.Sprintf("DeliveryState(%d)", int32(s))
}

// Delivery sends the files of one instance, or the notice of an event, to one
// destination. Finish creates one delivery for each destination that the instance
// names.
type Delivery struct {
	ID          int64         `db:"edeliveryId"`
	InstID      int64         `db:"einstId"`
	Seq         int32         `db:"seq"` // position in DeliverTo of the instance, from 1
	OperatorID  int32         `db:"operatorId"`
	Destination string        `db:"destination"`
	EventID     string        `db:"eventId"` // random identity of the delivery, the same for all attempts
	State       DeliveryState `db:"state"`
	Attempt     int32         `db:"attempt"`
	Claims      int64         `db:"claims"` // times it was claimed
	Token       UID           `db:"token"`  // of the last claim
	Owner       string        `db:"owner"`
	NextAt      sql.NullTime  `db:"nextAt"`   // next attempt, or end of the lease of a running one; null: never
	ErrMsg      string        `db:"errMsg"`   // why the last attempt failed; of a DONE delivery, a warning
	Location    string        `db:"location"` // where the destination stored the files
	Created     time.Time     `db:"created"`
	Updated     time.Time     `db:"updated"`
	Finished    sql.NullTime  `db:"finished"`

	Event   NoticeEvent  `db:"event"`
	Notice  JSON[Notice] `db:"notice"`   // of every event but EventFiles
	SchedID int64        `db:"eschedId"` // set if InstID is 0: the due time has no instance
	Due     time.Time    `db:"due"`      // as SchedID

	// Content, if set, is stored by FinishDelivery for LastContent.
	Content *Content `db:"-"`
}

const deliveryColumns = `edeliveryId, einstId, seq, operatorId, destination, eventId, state, attempt, claims, token, owner,
	nextAt, errMsg, location, created, updated, finished, event, notice, eschedId, due`

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

// DeliveryFilter selects the deliveries that ListDelivery returns. A zero field
// does not filter.
type DeliveryFilter struct {
	InstID     int64
	OperatorID int32
	States     []DeliveryState
	Before     int64 // only ids below this one: the id of the last row of the page before
	Limit      int   // largest number of deliveries; required
}

// ListDelivery returns deliveries, newest first.
func (d *DB) ListDelivery(ctx context.Context, f DeliveryFilter) ([]Delivery, error) {
	p := page{table: "welife_export_delivery", id: "edeliveryId", cursor: f.Before, limit: f.Limit}
	states := f.States
	switch {
	case f.InstID != 0: // has few deliveries
		p.where.addIf(len(states) != 0, "state IN (?)", states)
		states = nil
	case f.OperatorID != 0:
		p.index = "ix_operator_state"
	case len(states) != 0:
		p.index = "ix_state"
	}
	if p.index != "" && len(states) == 0 {
		states = []DeliveryState{DeliveryWaiting, DeliveryRunning, DeliveryRetryWait, DeliveryDone, DeliveryFailed, DeliverySkipped}
	}
	p.where.addIf(f.InstID != 0, "einstId = ?", f.InstID)
	p.where.addIf(f.OperatorID != 0, "operatorId = ?", f.OperatorID)
	ids, err := selectPage(ctx, d.db, p, states)
	if err != nil || len(ids) == 0 {
		return nil, wrap("list deliveries", err)
	}
	const SELECT = `SELECT ` + deliveryColumns + ` FROM welife_export_delivery WHERE edeliveryId IN (?) ORDER BY edeliveryId DESC`
	var list []Delivery
	if err := d.db.SelectContext(ctx, &list, SELECT, ids); err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return list, nil
}

// deliveryEntry returns the audit entry of a delivery.
func deliveryEntry(action AuditAction, v *Delivery) AuditEntry {
	what := ""
	if v.Event != EventFiles {
		what = fmt.Sprintf("notification %d of ", v.Event)
	}
	return AuditEntry{
		Action: action, Kind: AuditDelivery, ObjectID: v.ID, Operator: v.OperatorID,
		Detail: fmt.Sprintf("%sinstance %d to %s", what, v.InstID, v.Destination),
	}
}

// RetryDelivery makes a FAILED delivery WAITING again, with all its attempts, and
// ends the pause of one in RETRY_WAIT. It returns the delivery as it is
// afterwards. Any other state is a WrongState error, and so is a delivery whose
// files have expired.
func (d *DB) RetryDelivery(ctx context.Context, id int64) (*Delivery, error) {
	const SELECT = `SELECT ` + deliveryColumns + ` FROM welife_export_delivery WHERE edeliveryId = ? FOR UPDATE`
	// Locked, so that the files do not expire before the delivery waits again.
	const STATE = `SELECT state FROM welife_export_inst WHERE einstId = ? FOR UPDATE`
	const UPDATE = `UPDATE welife_export_delivery SET state = ?, attempt = ?, nextAt = UTC_TIMESTAMP(6), finished = NULL,
		updated = UTC_TIMESTAMP(6) WHERE edeliveryId = ? AND state = ?`
	v, err := d.GetDelivery(ctx, id)
	if err != nil {
		return nil, err
	}
	err = d.inTx(ctx, func(t *tx) error {
		// The instance first, in the order of Expire, so that the two
		// transactions cannot deadlock.
		state := StateSucceeded
		if v.Event == EventFiles {
			if err := t.GetContext(ctx, &state, STATE, v.InstID); err != nil {
				return fmt.Errorf("read instance %d: %w", v.InstID, err)
			}
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
		if err := execOne(ctx, t, UPDATE, next, attempt, id, now.State); err != nil {
			return fmt.Errorf("retry delivery %d: %w", id, err)
		}
		return t.audit(ctx, deliveryEntry(AuditRetry, now))
	})
	if err != nil {
		return nil, err
	}
	return d.GetDelivery(ctx, id)
}
