package model

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"time"
)

// addDeliveries creates the deliveries of instances that have just succeeded.
func addDeliveries(ctx context.Context, t *tx, list []Success) error {
	const INSERT = `INSERT INTO welife_export_delivery (einstId, seq, operatorId, destination, eventId, state, attempt,
		claims, owner, nextAt, errMsg, location, created, updated) VALUES ?`
	var rows []tuple
	for _, s := range list {
		for i, to := range s.Inst.DeliverTo.V {
			rows = append(rows, tuple{
				s.Inst.ID, i + 1, s.Inst.OperatorID, to.Destination, deliveryEventID(s.Inst, i+1), DeliveryWaiting, 0,
				0, "", utcNow, "", "", utcNow, utcNow,
			})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return wrap("insert deliveries", execRows(ctx, t, len(rows), INSERT, rows))
}

// deliveryEventID returns the id of the event of a delivery: random, and the same
// again if the delivery is restored (see DB.VerifyHistory), so that a receiver
// recognizes it.
func deliveryEventID(in *Inst, seq int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", in.Identity, in.Token, seq))
	return base32.StdEncoding.EncodeToString(sum[:16])[:26]
}

// failDeliveries ends the deliveries of instances whose files expire.
func failDeliveries(ctx context.Context, t *tx, insts []int64) error {
	const UPDATE = `UPDATE welife_export_delivery SET state = ?, nextAt = NULL, updated = UTC_TIMESTAMP(6), finished = UTC_TIMESTAMP(6),
		errMsg = CONCAT('the file expired before it was delivered', IF(errMsg = '', '', '; the last attempt: '), errMsg)
		WHERE einstId IN (?) AND event = ? AND nextAt IS NOT NULL`
	_, err := t.ExecContext(ctx, UPDATE, DeliveryFailed, insts, EventFiles)
	return wrap("end deliveries", err)
}

// ClaimDeliveries claims deliveries for owner, at most free[destination] of each
// destination, and returns them with Attempt, Claims and Token of the new claim.
// A delivery with an expired lease is claimed again.
func (d *DB) ClaimDeliveries(ctx context.Context, owner string, free map[string]int, lease time.Duration) ([]Delivery, error) {
	const DUE = `SELECT destination FROM welife_export_delivery
		WHERE destination IN (?) AND nextAt <= UTC_TIMESTAMP(6) GROUP BY destination`
	var names, due []string
	for name, n := range free {
		if n > 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	// Every process polls and there is rarely anything to do, so the first query
	// takes no locks.
	if err := d.db.SelectContext(ctx, &due, DUE, names); err != nil || len(due) == 0 {
		return nil, wrap("find due deliveries", err)
	}
	var claimed []Delivery
	err := d.inTx(ctx, func(t *tx) error {
		claimed = nil
		for _, name := range due {
			some, err := claimDue(ctx, t, owner, name, free[name], lease)
			if err != nil {
				return err
			}
			claimed = append(claimed, some...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// claimDue claims at most n due deliveries to one destination.
func claimDue(ctx context.Context, t *tx, owner, destination string, n int, lease time.Duration) ([]Delivery, error) {
	// ORDER BY follows the index, so that SKIP LOCKED of a second claimer skips
	// only the rows that the first one returns.
	const PICK = `SELECT ` + deliveryColumns + ` FROM welife_export_delivery FORCE INDEX (ix_next)
		WHERE destination = ? AND nextAt <= UTC_TIMESTAMP(6) ORDER BY nextAt, edeliveryId LIMIT ? FOR UPDATE SKIP LOCKED`
	const CLAIM = `UPDATE welife_export_delivery SET state = ?, owner = ?, token = ?, attempt = attempt + 1, claims = claims + 1,
		nextAt = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, updated = UTC_TIMESTAMP(6)
		WHERE edeliveryId IN (?) AND nextAt IS NOT NULL`
	var list []Delivery
	if err := t.SelectContext(ctx, &list, PICK, destination, n); err != nil {
		return nil, fmt.Errorf("pick deliveries: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	token := NewUID() // one for all: the fence names the delivery as well
	ids := make([]int64, len(list))
	for i := range list {
		v := &list[i]
		v.State, v.Owner, v.Token = DeliveryRunning, owner, token
		v.Attempt++
		v.Claims++
		ids[i] = v.ID
	}
	err := execRows(ctx, t, len(list), CLAIM, DeliveryRunning, owner, token, lease.Microseconds(), ids)
	return list, wrap("claim deliveries", err)
}

// HeartbeatDelivery renews the lease of a claimed delivery. It returns
// ErrLeaseLost if the delivery no longer runs under its claim.
func (d *DB) HeartbeatDelivery(ctx context.Context, v *Delivery, lease time.Duration) error {
	const UPDATE = `UPDATE welife_export_delivery SET nextAt = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
		updated = UTC_TIMESTAMP(6)`
	return d.writeDelivery(ctx, UPDATE, v, lease.Microseconds())
}

// FinishDelivery ends a claimed delivery as DONE. warning, kept in ErrMsg, is what
// the destination did not do, such as a recipient that it refused; "" for
// nothing. FinishDelivery returns ErrLeaseLost if the delivery no longer runs
// under its claim.
func (d *DB) FinishDelivery(ctx context.Context, v *Delivery, location, warning string) error {
	const UPDATE = `UPDATE welife_export_delivery SET state = ?, location = ?, errMsg = ?, nextAt = NULL,
		updated = UTC_TIMESTAMP(6), finished = UTC_TIMESTAMP(6)`
	return d.inTx(ctx, func(t *tx) error {
		if err := writeDelivery(ctx, t, UPDATE, v, DeliveryDone, location, warning); err != nil {
			return err
		}
		if v.Content != nil {
			if err := setContent(ctx, t, v); err != nil {
				return err
			}
		}
		return t.audit(ctx, deliveryEntry(AuditDeliver, v))
	})
}

// FailDelivery ends a claimed delivery as FAILED. It returns ErrLeaseLost if the
// delivery no longer runs under its claim.
func (d *DB) FailDelivery(ctx context.Context, v *Delivery, msg string) error {
	const UPDATE = `UPDATE welife_export_delivery SET state = ?, errMsg = ?, nextAt = NULL,
		updated = UTC_TIMESTAMP(6), finished = UTC_TIMESTAMP(6)`
	return d.writeDelivery(ctx, UPDATE, v, DeliveryFailed, msg)
}

// DeferDelivery ends the attempt of a claimed delivery and makes the delivery
// wait for its next attempt. It returns ErrLeaseLost if the delivery no longer
// runs under its claim.
func (d *DB) DeferDelivery(ctx context.Context, v *Delivery, msg string, wait time.Duration) error {
	const UPDATE = `UPDATE welife_export_delivery SET state = ?, errMsg = ?,
		nextAt = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, updated = UTC_TIMESTAMP(6)`
	return d.writeDelivery(ctx, UPDATE, v, DeliveryRetryWait, msg, wait.Microseconds())
}

// ReleaseDelivery returns a claimed delivery to the queue, as a shutdown does:
// the attempt is not counted. It returns ErrLeaseLost if the delivery no longer
// runs under its claim.
func (d *DB) ReleaseDelivery(ctx context.Context, v *Delivery) error {
	const UPDATE = `UPDATE welife_export_delivery SET state = IF(attempt > 1, ?, ?), attempt = attempt - 1,
		nextAt = UTC_TIMESTAMP(6), updated = UTC_TIMESTAMP(6)`
	return d.writeDelivery(ctx, UPDATE, v, DeliveryRetryWait, DeliveryWaiting)
}

// writeDelivery runs an UPDATE on a delivery that still runs under the claim of
// v. eventId is the identity of the delivery.
func (d *DB) writeDelivery(ctx context.Context, update string, v *Delivery, args ...any) error {
	return writeDelivery(ctx, d.db, update, v, args...)
}

func writeDelivery(ctx context.Context, q querier, update string, v *Delivery, args ...any) error {
	const FENCE = ` WHERE edeliveryId = ? AND state = ? AND (eventId, owner, claims, token) IN (?)`
	args = append(args, v.ID, DeliveryRunning, tuple{v.EventID, v.Owner, v.Claims, v.Token})
	err := execOne(ctx, q, update+FENCE, args...)
	if errors.Is(err, errRowCount) {
		return ErrLeaseLost
	}
	return wrap(fmt.Sprintf("write delivery %d", v.ID), err)
}
