package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Require is the condition under which a file is sent, numbered as in the contract.
type Require int32

// The conditions of deliveries.
const (
	RequireNothing Require = 0
	RequireRows    Require = 1 // the export has rows
	RequireNoRows  Require = 2 // the export has no rows
	RequireChange  Require = 3 // the content differs from what was delivered last
)

// Content is the SHA-256 of what a delivery sends.
type Content [32]byte

// LastContent returns the SHA-256 of the content that was delivered last in the
// place of a delivery: of the same template and schedule, to the same destination.
// ok is false if nothing was delivered.
func (d *DB) LastContent(ctx context.Context, in *Inst, v *Delivery) (sum Content, ok bool, err error) {
	const SELECT = `SELECT sha256 FROM welife_export_sent WHERE etplId = ? AND eschedId = ? AND destination = ? AND seq = ?`
	var b []byte
	err = d.db.GetContext(ctx, &b, SELECT, in.TplID, in.SchedID, v.Destination, v.Seq)
	if errors.Is(err, sql.ErrNoRows) {
		return sum, false, nil
	}
	if err != nil {
		return sum, false, fmt.Errorf("read what was delivered last: %w", err)
	}
	copy(sum[:], b)
	return sum, true, nil
}

// setContent stores the content of a delivery that is done.
func setContent(ctx context.Context, t *tx, v *Delivery) error {
	const INSERT = `INSERT INTO welife_export_sent (etplId, eschedId, destination, seq, sha256, einstId)
		SELECT etplId, eschedId, ?, ?, ?, einstId FROM welife_export_inst WHERE einstId = ?
		ON DUPLICATE KEY UPDATE sha256 = ?, einstId = ?`
	sum := v.Content[:]
	_, err := t.ExecContext(ctx, INSERT, v.Destination, v.Seq, sum, v.InstID, sum, v.InstID)
	return wrap("store what was delivered", err)
}

// SkipDelivery ends a claimed delivery as SKIPPED: its condition does not hold. It
// returns ErrLeaseLost if the delivery no longer runs under its claim.
func (d *DB) SkipDelivery(ctx context.Context, v *Delivery, reason string) error {
	const UPDATE = `UPDATE welife_export_delivery SET state = ?, errMsg = ?, nextAt = NULL,
		updated = UTC_TIMESTAMP(6), finished = UTC_TIMESTAMP(6)`
	return d.writeDelivery(ctx, UPDATE, v, DeliverySkipped, reason)
}
