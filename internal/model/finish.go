package model

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Result is what a successful attempt made.
type Result struct {
	Rows     int64
	Files    []File // InstID and Seq are set by Finish
	Warnings []Warning
}

func (r *Result) bytes() (n int64) {
	for _, f := range r.Files {
		n += f.Bytes
	}
	return n
}

// Success is a claimed instance with what its attempt made.
type Success struct {
	Inst   *Inst
	Result Result
}

func (s Success) id() int64 { return s.Inst.ID }

// ErrCanceling is returned by Finish for an instance that was asked to stop
// before it was through: it is to be ended by Fail.
var ErrCanceling = errors.New("instance is being canceled")

// errNotAll rolls a batch back of which some are not to be finished.
var errNotAll = errors.New("not all instances run under their claims")

// Finish ends an instance as SUCCEEDED, with its files, its deliveries, its
// template's counters and its event in one transaction. It returns ErrLeaseLost or
// ErrCanceling where the files must not be shown. Finishing again under the
// same claim is no error, so that a lost answer can be asked for again.
func (d *DB) Finish(ctx context.Context, in *Inst, r Result) error {
	return d.FinishAll(ctx, []Success{{Inst: in, Result: r}})[0]
}

// FinishAll is Finish for several instances of one owner in one transaction,
// which costs hardly more than that of one. It returns each one's error.
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
	rows, args := cases(args, list, Success.id, func(s Success) any { return s.Result.Rows })
	bytes, args := cases(args, list, Success.id, func(s Success) any { return s.Result.bytes() })
	warnings, args := cases(args, list, Success.id, func(s Success) any { return JSON[[]Warning]{nonNil(s.Result.Warnings)} })
	ids := make([]int64, len(list))
	for i, s := range list {
		ids[i] = s.Inst.ID
		args = append(args, s.Inst.ID)
	}
	args = append(args, list[0].Inst.Owner, StateRunning)
	claims, args := cases(args, list, Success.id, func(s Success) any { return s.Inst.Claims })
	query := `UPDATE welife_export_inst SET status = ?, state = ?, rowsDone = ` + rows + `, bytesDone = ` + bytes + `,
		warnings = ` + warnings + `, crashes = 0, errCode = '', errMsg = '', finished = UTC_TIMESTAMP(6),
		expires = UTC_TIMESTAMP(6) + INTERVAL retentionSec SECOND,
		leaseUntil = UTC_TIMESTAMP(6) + INTERVAL retentionSec SECOND, updated = UTC_TIMESTAMP(6)
		WHERE einstId IN (` + places(len(list)) + `)` + fenceOwner + claims
	res, err := t.ExecContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("finish %d instances: %w", len(list), err)
	}
	if n, err := res.RowsAffected(); err != nil || n != int64(len(list)) {
		return cmp.Or(err, errNotAll)
	}
	if err := addFiles(ctx, t, list); err != nil {
		return err
	}
	if err := addDeliveries(ctx, t, list); err != nil {
		return err
	}
	if err := addEvent(ctx, t, 0, "succeeded", ids...); err != nil {
		return err
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
	var args []any
	n := 0
	for _, s := range list {
		for i, f := range s.Result.Files {
			args = append(args, s.Inst.ID, i+1, f.Name, f.Key, f.ContentType, f.Rows, f.Bytes, f.SHA256)
			n++
		}
	}
	if n == 0 {
		return nil
	}
	query := insertMade + ` welife_export_file (einstId, seq, name, storeKey, contentType, rowsCount, bytes, sha256)
		VALUES ` + strings.Repeat(`, (?, ?, ?, ?, ?, ?, ?, ?)`, n)[2:]
	if _, err := t.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("insert files: %w", err)
	}
	return nil
}

// countAll counts successes at their templates, always in the same order, so
// that two transactions cannot wait for each other. It comes last: all
// instances of a template meet at its row.
func countAll(ctx context.Context, t *tx, list []Success) error {
	byTpl := map[int32]int{}
	for _, s := range list {
		byTpl[s.Inst.TplID]++
	}
	for _, id := range slices.Sorted(maps.Keys(byTpl)) {
		if err := count(ctx, t, id, byTpl[id], byTpl[id]); err != nil {
			return err
		}
	}
	return nil
}

// count counts instances that ended, ok of which succeeded.
func count(ctx context.Context, t *tx, tplID int32, ended, ok int) error {
	const UPDATE = `UPDATE welife_export_tpl SET etplExecTimes = etplExecTimes + ?,
		etplExecOkTimes = etplExecOkTimes + ? WHERE etplId = ?`
	if _, err := t.ExecContext(ctx, UPDATE, ended, ok, tplID); err != nil {
		return fmt.Errorf("count instances of template %d: %w", tplID, err)
	}
	return nil
}

// whyNotFinished tells what became of an instance that Finish did not find
// running under its claim; nil means that this very claim finished it.
func (d *DB) whyNotFinished(ctx context.Context, in *Inst) error {
	const SELECT = `SELECT state FROM welife_export_inst WHERE einstId = ? AND owner = ? AND claims = ?`
	var state State
	err := d.db.GetContext(ctx, &state, SELECT, in.ID, in.Owner, in.Claims)
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
