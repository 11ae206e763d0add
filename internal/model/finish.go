package model

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Result is what a successful attempt made.
type Result struct {
	Rows     int64
	Files    []File // Finish sets InstID and Seq
	Warnings []Warning
}

func (r *Result) bytes() (n int64) {
	for _, f := range r.Files {
		n += f.Bytes
	}
	return n
}

// Success is a claimed instance with the result of its attempt.
type Success struct {
	Inst   *Inst // as returned by Claim
	Result Result
}

func (s Success) id() int64 { return s.Inst.ID }

// ErrCanceling is returned by Finish for an instance that CancelInst stopped
// before the attempt ended. The worker ends such an instance with Fail.
var ErrCanceling = errors.New("instance is being canceled")

// errNotAll rolls a transaction back because some instances of a batch no longer
// run under their claims.
var errNotAll = errors.New("not all instances run under their claims")

// Finish ends an instance as SUCCEEDED and stores its files, deliveries, event
// and the counters of its template, all in one transaction. It returns
// ErrLeaseLost or ErrCanceling if the files must not be shown. A second Finish
// under the same claim returns nil, so that a caller may repeat a call whose
// outcome it does not know.
func (d *DB) Finish(ctx context.Context, in *Inst, r Result) error {
	return d.FinishAll(ctx, []Success{{Inst: in, Result: r}})[0]
}

// FinishAll is Finish for several instances in one transaction, which costs
// little more than the transaction of one. It returns the error of each.
func (d *DB) FinishAll(ctx context.Context, list []Success) []error {
	errs := make([]error, len(list))
	if len(list) == 0 {
		return errs
	}
	err := d.inTx(ctx, func(t *tx) error { return finish(ctx, t, list) })
	if !errors.Is(err, errNotAll) {
		for i := range errs {
			errs[i] = err
		}
		d.history.finished(list, errs)
		return errs
	}
	if len(list) == 1 {
		errs[0] = d.whyNotFinished(ctx, list[0].Inst)
		return errs
	}
	for i := range list {
		errs[i] = d.FinishAll(ctx, list[i:i+1])[0]
	}
	return errs
}

func finish(ctx context.Context, t *tx, list []Success) error {
	args := []any{Finished, StateSucceeded}
	rows, args := perRow(args, list, Success.id, func(s Success) any { return s.Result.Rows })
	bytes, args := perRow(args, list, Success.id, func(s Success) any { return s.Result.bytes() })
	warnings, args := perRow(args, list, Success.id, func(s Success) any { return JSON[[]Warning]{nonNil(s.Result.Warnings)} })
	ids, claims := make([]int64, len(list)), make([]tuple, len(list))
	for i, s := range list {
		ids[i], claims[i] = s.id(), s.Inst.Claim().tuple()
	}
	args = append(args, ids, StateRunning, claims)
	query := `UPDATE welife_export_inst FORCE INDEX (PRIMARY) SET status = ?, state = ?, rowsDone = ` + rows + `, bytesDone = ` + bytes + `,
		warnings = ` + warnings + `, crashes = 0, errCode = '', errMsg = '', finished = UTC_TIMESTAMP(6),
		expires = UTC_TIMESTAMP(6) + INTERVAL retentionSec SECOND,
		leaseUntil = UTC_TIMESTAMP(6) + INTERVAL retentionSec SECOND, updated = UTC_TIMESTAMP(6)
		WHERE einstId IN (?) AND state = ? AND (einstId, identity, owner, claims, token) IN (?)`
	err := execRows(ctx, t, len(list), query, args...)
	if errors.Is(err, errRowCount) {
		return errNotAll
	}
	if err != nil {
		return fmt.Errorf("finish %d instances: %w", len(list), err)
	}
	return addResults(ctx, t, list, "succeeded")
}

// addResults stores the files, deliveries, events and counters of instances that
// have just succeeded.
func addResults(ctx context.Context, t *tx, list []Success, reason string) error {
	ids := make([]int64, len(list))
	for i, s := range list {
		ids[i] = s.id()
	}
	if err := addFiles(ctx, t, list); err != nil {
		return err
	}
	if err := addDeliveries(ctx, t, list); err != nil {
		return err
	}
	if err := addEvent(ctx, t, 0, reason, ids...); err != nil {
		return err
	}
	// In the order of their ids, as the templates.
	for _, s := range slices.SortedStableFunc(slices.Values(list), func(a, b Success) int { return cmp.Compare(a.Inst.SchedID, b.Inst.SchedID) }) {
		if s.Inst.SchedID != 0 {
			if err := recovered(ctx, t, s.Inst); err != nil {
				return err
			}
		}
	}
	return countAll(ctx, t, list)
}

func nonNil(list []Warning) []Warning {
	if list == nil {
		return []Warning{}
	}
	return list
}

func addFiles(ctx context.Context, t *tx, list []Success) error {
	const INSERT = `INSERT INTO welife_export_file (einstId, seq, name, storeKey, contentType, rowsCount, bytes, sha256)
		VALUES ?`
	var rows []tuple
	for _, s := range list {
		for i, f := range s.Result.Files {
			rows = append(rows, tuple{s.Inst.ID, i + 1, f.Name, f.Key, f.ContentType, f.Rows, f.Bytes, f.SHA256})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return wrap("insert files", execRows(ctx, t, len(rows), INSERT, rows))
}

// countAll counts successes at their templates. The templates are updated in
// the order of their ids, so that two transactions cannot wait for each other,
// and last, because all transactions with instances of one template wait for
// the row of that template.
func countAll(ctx context.Context, t *tx, list []Success) error {
	byTpl := map[int32]int{}
	for _, s := range list {
		byTpl[s.Inst.TplID]++
	}
	for _, id := range slices.Sorted(maps.Keys(byTpl)) {
		for _, s := range list {
			if s.Inst.TplID == id && s.Inst.SchedID == 0 && len(s.Inst.Notify.V.To) > 0 {
				if err := recovered(ctx, t, s.Inst); err != nil {
					return err
				}
			}
		}
		if err := count(ctx, t, id, byTpl[id], byTpl[id]); err != nil {
			return err
		}
	}
	return nil
}

// count adds ended instances of a template, ok of which succeeded, to its
// counters.
func count(ctx context.Context, t *tx, tplID int32, ended, ok int) error {
	const UPDATE = `UPDATE welife_export_tpl SET etplExecTimes = etplExecTimes + ?,
		etplExecOkTimes = etplExecOkTimes + ? WHERE etplId = ?`
	if _, err := t.ExecContext(ctx, UPDATE, ended, ok, tplID); err != nil {
		return fmt.Errorf("count instances of template %d: %w", tplID, err)
	}
	return nil
}

// whyNotFinished returns why Finish did not find an instance running under its
// claim: ErrCanceling, ErrLeaseLost, or nil if this claim has finished it before.
func (d *DB) whyNotFinished(ctx context.Context, in *Inst) error {
	const SELECT = `SELECT state FROM welife_export_inst WHERE einstId = ?
		AND (einstId, identity, owner, claims, token) IN (?)`
	var state State
	err := d.db.GetContext(ctx, &state, SELECT, in.ID, in.Claim().tuple())
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrLeaseLost
	case err != nil:
		return fmt.Errorf("read instance %d: %w", in.ID, err)
	case state == StateSucceeded:
		return nil
	case state == StateCanceling:
		return ErrCanceling
	}
	return ErrLeaseLost
}
