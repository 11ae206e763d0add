package model

import (
	"context"
	"fmt"
)

// Progress is how far a claimed instance is.
type Progress struct {
	ID     int64
	Claims int64
	Rows   int64
	Bytes  int64
}

func (p Progress) id() int64 { return p.ID }

// Heartbeat records progress and gives each of the instances a new lease, all in
// one statement. One that is not owner's any more is passed over: ListClaims tells.
func (d *DB) Heartbeat(ctx context.Context, owner string, progress []Progress) error {
	if len(progress) == 0 {
		return nil
	}
	rows, args := cases(nil, progress, Progress.id, func(p Progress) any { return p.Rows })
	bytes, args := cases(args, progress, Progress.id, func(p Progress) any { return p.Bytes })
	args = append(args, d.queue.leaseMicros())
	for _, p := range progress {
		args = append(args, p.ID)
	}
	args = append(args, Running, owner)
	claims, args := cases(args, progress, Progress.id, func(p Progress) any { return p.Claims })
	query := `UPDATE welife_export_inst SET rowsDone = ` + rows + `, bytesDone = ` + bytes + `,
		leaseUntil = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, updated = UTC_TIMESTAMP(6)
		WHERE einstId IN (` + places(len(progress)) + `) AND status = ? AND owner = ? AND claims = ` + claims
	if _, err := d.db.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("heartbeat of %d instances: %w", len(progress), err)
	}
	return nil
}

// Claim is an instance that runs under an owner.
type Claim struct {
	ID     int64 `db:"einstId"`
	Claims int64 `db:"claims"`
	State  State `db:"state"` // StateRunning or StateCanceling
}

// ListClaims returns what runs under owner as the database knows it.
func (d *DB) ListClaims(ctx context.Context, owner string) ([]Claim, error) {
	const SELECT = `SELECT einstId, claims, state FROM welife_export_inst WHERE status = ? AND owner = ?`
	var held []Claim
	if err := d.db.SelectContext(ctx, &held, SELECT, Running, owner); err != nil {
		return nil, fmt.Errorf("read own instances: %w", err)
	}
	return held, nil
}
