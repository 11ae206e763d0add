package model

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Lease is how long a claim holds without a beat, on the database's clock.
const Lease = 30 * time.Second

// Claim returns up to slots instances that owner runs from now on, each with
// Attempt and Claims already counted up. A slot goes to the operator with the
// fewest running instances, then to the one that has waited longest, so that
// a long queue of one operator does not hold up another's single instance.
func (d *DB) Claim(ctx context.Context, owner string, slots int) ([]Inst, error) {
	shares, err := d.shareSlots(ctx, slots)
	if err != nil || len(shares) == 0 {
		return nil, err
	}
	const PICK = `SELECT einstId FROM welife_export_inst
		WHERE status = ? AND operatorId = ? AND runAfter <= UTC_TIMESTAMP(6)
		ORDER BY runAfter, einstId LIMIT ? FOR UPDATE SKIP LOCKED`
	const CLAIM = `UPDATE welife_export_inst SET status = ?, state = ?, owner = ?, attempt = attempt + 1,
		claims = claims + 1, rowsDone = 0, bytesDone = 0, started = COALESCE(started, UTC_TIMESTAMP(6)),
		leaseUntil = UTC_TIMESTAMP(6) + INTERVAL ? SECOND, updated = UTC_TIMESTAMP(6)
		WHERE einstId IN (?)`
	const SELECT = `SELECT ` + instColumns + ` FROM welife_export_inst WHERE einstId IN (?) ORDER BY einstId`
	var claimed []Inst
	err = d.inTx(ctx, func(tx *sqlx.Tx) error {
		claimed = nil
		var ids []int64
		for _, s := range shares {
			var some []int64
			// The index holds operator, runAfter and id in this order: that is
			// what lets two claimers skip each other's rows.
			if err := tx.SelectContext(ctx, &some, PICK, Waiting, s.operator, s.slots); err != nil {
				return fmt.Errorf("pick instances: %w", err)
			}
			ids = append(ids, some...)
		}
		if len(ids) == 0 {
			return nil
		}
		query, args, err := sqlx.In(CLAIM, Running, StateRunning, owner, Lease.Seconds(), ids)
		if err != nil {
			return fmt.Errorf("claim instances: %w", err)
		}
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("claim instances: %w", err)
		}
		if err := addEvent(ctx, tx, 0, "claimed", ids...); err != nil {
			return err
		}
		query, args, err = sqlx.In(SELECT, ids)
		if err != nil {
			return fmt.Errorf("read claimed instances: %w", err)
		}
		if err := tx.SelectContext(ctx, &claimed, query, args...); err != nil {
			return fmt.Errorf("read claimed instances: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// share is how many slots one operator gets.
type share struct {
	operator int32
	slots    int
}

func (d *DB) shareSlots(ctx context.Context, slots int) ([]share, error) {
	const SELECT = `SELECT w.operatorId AS operatorId, COALESCE(r.n, 0) AS running
		FROM (SELECT operatorId, MIN(runAfter) AS since FROM welife_export_inst
			WHERE status = ? GROUP BY operatorId) w
		LEFT JOIN (SELECT operatorId, COUNT(*) AS n FROM welife_export_inst
			WHERE status = ? GROUP BY operatorId) r ON r.operatorId = w.operatorId
		WHERE w.since <= UTC_TIMESTAMP(6)
		ORDER BY running, w.since LIMIT ?`
	var ops []struct {
		OperatorID int32 `db:"operatorId"`
		Running    int   `db:"running"`
	}
	if slots <= 0 {
		return nil, nil
	}
	if err := d.db.SelectContext(ctx, &ops, SELECT, Waiting, Running, slots); err != nil {
		return nil, fmt.Errorf("find waiting operators: %w", err)
	}
	if len(ops) == 0 {
		return nil, nil
	}
	shares := make([]share, len(ops))
	for i, op := range ops {
		shares[i].operator = op.OperatorID
	}
	for range slots {
		least := 0
		for i := range ops {
			if ops[i].Running < ops[least].Running {
				least = i
			}
		}
		ops[least].Running++
		shares[least].slots++
	}
	return shares, nil
}

// Progress is how far a claimed instance is.
type Progress struct {
	ID     int64
	Claims int64
	Rows   int64
	Bytes  int64
}

// Beat records progress and gives each of the instances a new lease. One that
// is not owner's any more is passed over: Owned tells.
func (d *DB) Beat(ctx context.Context, owner string, progress []Progress) error {
	const UPDATE = `UPDATE welife_export_inst SET rowsDone = ?, bytesDone = ?,
		leaseUntil = UTC_TIMESTAMP(6) + INTERVAL ? SECOND, updated = UTC_TIMESTAMP(6)` + fence
	for _, p := range progress {
		if _, err := d.db.ExecContext(ctx, UPDATE, p.Rows, p.Bytes, Lease.Seconds(), p.ID, owner, p.Claims, Running); err != nil {
			return fmt.Errorf("beat of instance %d: %w", p.ID, err)
		}
	}
	return nil
}

// Held is an instance that runs under an owner.
type Held struct {
	ID     int64 `db:"einstId"`
	Claims int64 `db:"claims"`
	State  State `db:"state"` // StateRunning or StateCanceling
}

// Owned returns what runs under owner as the database knows it.
func (d *DB) Owned(ctx context.Context, owner string) ([]Held, error) {
	const SELECT = `SELECT einstId, claims, state FROM welife_export_inst WHERE status = ? AND owner = ?`
	var held []Held
	if err := d.db.SelectContext(ctx, &held, SELECT, Running, owner); err != nil {
		return nil, fmt.Errorf("read own instances: %w", err)
	}
	return held, nil
}
