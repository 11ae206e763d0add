package model

import (
	"context"
	"fmt"
)

// Claim returns up to slots instances that owner runs from now on, each with
// Attempt and Claims already counted up. A slot goes to the operator with the
// fewest running instances, then to the one that has waited longest, so that
// a long queue of one operator does not hold up another's single instance.
// Fewer than there are slots does not mean that no more wait: claim again
// until there are none.
func (d *DB) Claim(ctx context.Context, owner string, slots int) ([]Inst, error) {
	if slots <= 0 {
		return nil, nil
	}
	waiting, err := d.waiting(ctx)
	if err != nil || len(waiting) == 0 {
		return nil, err
	}
	var claimed []Inst
	err = d.inTx(ctx, func(t *tx) error {
		claimed = nil
		if d.queue.limited() {
			if err := lockClaims(ctx, t); err != nil {
				return err
			}
		}
		load, err := d.load(ctx, t, owner)
		if err != nil {
			return err
		}
		for _, s := range d.share(waiting, load, slots) {
			some, err := d.pick(ctx, t, s, load)
			if err != nil {
				return err
			}
			claimed = append(claimed, some...)
		}
		return d.claim(ctx, t, owner, claimed)
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// lockClaims makes claims wait for each other until they are committed: what
// runs cannot be bounded by processes that count at the same time.
func lockClaims(ctx context.Context, t *tx) error {
	const LOCK = `INSERT INTO welife_export_meta (name, value) VALUES ('claims', '') ON DUPLICATE KEY UPDATE value = ''`
	if _, err := t.ExecContext(ctx, LOCK); err != nil {
		return fmt.Errorf("lock claims: %w", err)
	}
	return nil
}

// pick locks what one operator's slots are given to, and counts it into load.
func (d *DB) pick(ctx context.Context, t *tx, s share, load *load) ([]Inst, error) {
	// The index holds operator, runAfter and id in this order: that is what
	// lets two claimers skip each other's rows.
	const PICK = `SELECT ` + instColumns + ` FROM welife_export_inst FORCE INDEX (ix_queue)
		WHERE status = ? AND operatorId = ? AND runAfter <= UTC_TIMESTAMP(6) AND crashes < ?`
	const ELSEWHERE = ` AND etplSource NOT IN (?)`
	const OTHERS = ` AND etplId NOT IN (?)`
	const FIRST = ` ORDER BY runAfter, einstId LIMIT ? FOR UPDATE SKIP LOCKED`
	crashes := maxCrashes
	if load.suspect {
		crashes = suspectCrashes
	}
	query, args := PICK, []any{Waiting, s.operator, crashes}
	if full := d.full(load); len(full) > 0 {
		query, args = query+ELSEWHERE, append(args, full)
	}
	if len(load.full) > 0 {
		query, args = query+OTHERS, append(args, load.full)
	}
	query, args = query+FIRST, append(args, s.slots)
	var found []Inst
	if err := t.SelectContext(ctx, &found, query, args...); err != nil {
		return nil, fmt.Errorf("pick instances: %w", err)
	}
	picked := found[:0]
	for _, in := range found {
		limit := d.queue.sourceLimit(in.Source)
		suspect := in.Crashes >= suspectCrashes
		if limit > 0 && load.sources[in.Source] >= limit || suspect && load.suspect {
			continue
		}
		ok, err := load.admits(ctx, t, &in)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		load.sources[in.Source]++
		load.suspect = load.suspect || suspect
		picked = append(picked, in)
	}
	return picked, nil
}

// claim gives instances that the transaction has locked to owner, in the database
// and in insts. Each claim gets a token, and each instance that has no identity
// yet gets one: an earlier release made it.
func (d *DB) claim(ctx context.Context, t *tx, owner string, insts []Inst) error {
	if len(insts) == 0 {
		return nil
	}
	ids := make([]int64, len(insts))
	for i := range insts {
		in := &insts[i]
		in.Status, in.State, in.Owner = Running, StateRunning, owner
		in.Attempt++
		in.Claims++
		in.RowsDone, in.BytesDone = 0, 0
		in.Token = NewUID()
		if in.Identity == (UID{}) {
			in.Identity = NewUID()
		}
		ids[i] = in.ID
	}
	id := func(in Inst) int64 { return in.ID }
	args := []any{Running, StateRunning, owner}
	tokens, args := perRow(args, insts, id, func(in Inst) any { return in.Token })
	identities, args := perRow(args, insts, id, func(in Inst) any { return in.Identity })
	query := `UPDATE welife_export_inst SET status = ?, state = ?, owner = ?, token = ` + tokens + `,
		identity = ` + identities + `, attempt = attempt + 1, claims = claims + 1, rowsDone = 0, bytesDone = 0,
		started = COALESCE(started, UTC_TIMESTAMP(6)),
		leaseUntil = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, updated = UTC_TIMESTAMP(6)
		WHERE einstId IN (?) AND status = ?`
	args = append(args, d.queue.leaseMicros(), ids, Waiting)
	if err := execRows(ctx, t, len(insts), query, args...); err != nil {
		return fmt.Errorf("claim instances: %w", err)
	}
	return addEvent(ctx, t, 0, "claimed", ids...)
}
