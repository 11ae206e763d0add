package model

import (
	"context"
	"fmt"
	"strings"
)

// InstFilter selects the instances that ListInst returns. A zero field does not
// filter.
type InstFilter struct {
	TplID      int32
	OperatorID int32
	States     []State
	Before     int64 // only ids below this one: the id of the last row of the page before
	Limit      int   // largest number of instances; required
}

// ListInst returns instances with their files, newest first.
func (d *DB) ListInst(ctx context.Context, f InstFilter) ([]Inst, error) {
	var w where
	w.addIf(f.TplID != 0, "etplId = ?", f.TplID)
	w.addIf(f.OperatorID != 0, "operatorId = ?", f.OperatorID)
	w.addIf(len(f.States) != 0, "state IN (?)", f.States)
	w.addIf(f.Before != 0, "einstId < ?", f.Before)
	query := `SELECT ` + instColumns + ` FROM welife_export_inst` + w.String() + ` ORDER BY einstId DESC LIMIT ?`
	var insts []Inst
	if err := d.db.SelectContext(ctx, &insts, query, append(w.args, f.Limit)...); err != nil {
		return nil, fmt.Errorf("list instances: %w", err)
	}
	if len(insts) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(insts))
	for i := range insts {
		ids[i] = insts[i].ID
	}
	files, err := d.files(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for i := range insts {
		insts[i].Files = files[insts[i].ID]
	}
	return insts, nil
}

// where collects the conditions of a query and their arguments.
type where struct {
	conds []string
	args  []any
}

// addIf adds a condition if ok.
func (w *where) addIf(ok bool, cond string, args ...any) {
	if ok {
		w.conds = append(w.conds, cond)
		w.args = append(w.args, args...)
	}
}

// String returns the WHERE clause, or "" if there are no conditions.
func (w *where) String() string {
	if len(w.conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conds, " AND ")
}

// likeText escapes the wildcards of LIKE in s.
func likeText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
