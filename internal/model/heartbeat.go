package model

import (
	"context"
	"fmt"
)

// Claim identifies one claim of one instance: the values that every write of the
// worker names, except the lease. See the package documentation, "The fence".
type Claim struct {
	ID       int64  `db:"einstId"`
	Identity UID    `db:"identity"`
	Owner    string `db:"owner"`
	Claims   int64  `db:"claims"`
	Token    UID    `db:"token"`
}

// Claim returns the claim under which DB.Claim returned the instance.
func (in *Inst) Claim() Claim {
	return Claim{ID: in.ID, Identity: in.Identity, Owner: in.Owner, Claims: in.Claims, Token: in.Token}
}

// tuple returns the claim as a row of einstId, identity, owner, claims, token.
func (c Claim) tuple() tuple { return tuple{c.ID, c.Identity, c.Owner, c.Claims, c.Token} }

// Progress is how far the attempt of a claimed instance has come.
type Progress struct {
	Claim
	Rows  int64 // rows read so far
	Bytes int64 // bytes written to the file so far
}

func (p Progress) id() int64 { return p.ID }

// Heartbeat records progress and renews the leases of claimed instances in one
// statement. An instance that no longer runs under its claim is left as it is,
// without an error: ListClaims returns the claims that an owner still holds.
func (d *DB) Heartbeat(ctx context.Context, progress []Progress) error {
	if len(progress) == 0 {
		return nil
	}
	rows, args := perRow(nil, progress, Progress.id, func(p Progress) any { return p.Rows })
	bytes, args := perRow(args, progress, Progress.id, func(p Progress) any { return p.Bytes })
	ids, claims := make([]int64, len(progress)), make([]tuple, len(progress))
	for i, p := range progress {
		ids[i], claims[i] = p.ID, p.tuple()
	}
	args = append(args, d.queue.leaseMicros(), ids, Running, claims)
	query := `UPDATE welife_export_inst FORCE INDEX (PRIMARY) SET rowsDone = ` + rows + `, bytesDone = ` + bytes + `,
		leaseUntil = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, updated = UTC_TIMESTAMP(6)
		WHERE einstId IN (?) AND status = ? AND (einstId, identity, owner, claims, token) IN (?)`
	if _, err := d.db.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("heartbeat of %d instances: %w", len(progress), err)
	}
	return nil
}

// HeldClaim is a claim that an owner holds, with the state of its instance.
type HeldClaim struct {
	Claim
	State State `db:"state"` // StateRunning or StateCanceling
}

// ListClaims returns the claims that an owner holds.
func (d *DB) ListClaims(ctx context.Context, owner string) ([]HeldClaim, error) {
	const SELECT = `SELECT einstId, identity, owner, claims, token, state FROM welife_export_inst
		WHERE status = ? AND owner = ?`
	var held []HeldClaim
	if err := d.db.SelectContext(ctx, &held, SELECT, Running, owner); err != nil {
		return nil, fmt.Errorf("read own claims: %w", err)
	}
	return held, nil
}
