package model

import (
	"context"
	"fmt"
)

// Claim claims up to slots instances for owner and returns them with Attempt,
// Claims and Token of the new claim. It returns fewer instances only if no others
// can run now, or if other processes claim at the same time; the caller claims
// again until Claim returns none. The order of operators is that of dealer.
func (d *DB) Claim(ctx context.Context, owner string, slots int) ([]Inst, error) {
	if slots <= 0 {
		return nil, nil
	}
	groups, err := d.readyGroups(ctx)
	if err != nil || len(groups) == 0 {
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
		deal := newDealer(groups, load, &d.queue, d.turns)
		for len(claimed) < slots {
			next := deal.next(slots - len(claimed))
			if len(next) == 0 {
				break
			}
			for _, g := range next {
				some, err := d.pick(ctx, t, g, load)
				if err != nil {
					return err
				}
				deal.picked(g, len(some))
				claimed = append(claimed, some...)
			}
		}
		return d.claim(ctx, t, owner, claimed)
	})
	if err != nil {
		return nil, err
	}
	d.turns.served(claimed)
	return claimed, nil
}

// lockClaims makes claims wait for each other until their transactions end, so
// that a bound on running instances holds over all processes.
func lockClaims(ctx context.Context, t *tx) error {
	const LOCK = `INSERT INTO welife_export_meta (name, value) VALUES ('claims', '') ON DUPLICATE KEY UPDATE value = ''`
	if _, err := t.ExecContext(ctx, LOCK); err != nil {
		return fmt.Errorf("lock claims: %w", err)
	}
	return nil
}

// pick locks and returns up to g.slots instances of a group, oldest first, and
// adds them to load.
func (d *DB) pick(ctx context.Context, t *tx, g *readyGroup, load *load) ([]Inst, error) {
	// ORDER BY follows the index, so that SKIP LOCKED of a second claimer skips
	// only the rows that the first one returns.
	const PICK = `SELECT ` + instColumns + ` FROM welife_export_inst FORCE INDEX (ix_ready)
		WHERE status = ? AND operatorId = ? AND etplSource = ? AND limitedTpl = ? AND runAfter <= UTC_TIMESTAMP(6) AND crashes < ?
		AND einstId NOT IN (?) ORDER BY runAfter, einstId LIMIT ? FOR UPDATE SKIP LOCKED`
	crashes := maxCrashes
	if load.suspect {
		crashes = suspectCrashes
	}
	// SKIP LOCKED does not skip the rows that this transaction has locked.
	seen := append([]int64{0}, g.seen...)
	var found []Inst
	err := t.SelectContext(ctx, &found, PICK, Waiting, g.OperatorID, g.Source, g.LimitedTpl, crashes, seen, g.slots)
	if err != nil {
		return nil, fmt.Errorf("pick instances: %w", err)
	}
	picked := found[:0]
	for _, in := range found {
		g.seen = append(g.seen, in.ID)
		suspect := in.Crashes >= suspectCrashes
		if suspect && load.suspect {
			continue
		}
		ok, err := load.admits(ctx, t, &in)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		load.operators[in.OperatorID]++
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
	query := `UPDATE welife_export_inst FORCE INDEX (PRIMARY) SET status = ?, state = ?, owner = ?, token = ` + tokens + `,
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
