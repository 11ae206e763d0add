package model

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// maxListed is the length in characters above which ListInst cuts a text, and in
// bytes above which it leaves out a list of values.
const maxListed = 2000

// instListColumns are the columns of instColumns with large values cut to
// maxListed. Columns that a list does not show are empty lists.
const instListColumns = `einstId, etplId, status, state, operatorId, requestId, retryOf, etplName, etplVersion, etplSource,
	LEFT(etplExpr, 2000) AS etplExpr, CHAR_LENGTH(etplExpr) AS exprLength,
	LEFT(etplOutputColumns, 2000) AS etplOutputColumns, CHAR_LENGTH(etplOutputColumns) AS columnsLength,
	IF(LENGTH(params) > 2000, '[]', params) AS params, LENGTH(params) AS paramsLength,
	etplOutputFormat, '[]' AS etplParams, etplOptions, timeoutSec,
	retentionSec, maxAttempts, attempt, claims, crashes, runAfter, owner, rowsDone, bytesDone, errCode, errMsg,
	warnings, created, updated, started, finished, expires, '[]' AS resultColumns, limits, runLimit, extraColumns, deliverTo,
	eschedId, due, windowStart, windowEnd, traceparent, identity, token, notify, outageSince`

// listedInst is a row of ListInst.
type listedInst struct {
	Inst
	ExprLength    int `db:"exprLength"`
	ColumnsLength int `db:"columnsLength"`
	ParamsLength  int `db:"paramsLength"`
}

// cut returns the names of the fields that the row does not hold whole.
func (l *listedInst) cut() (fields []string) {
	for _, f := range []struct {
		name   string
		length int
	}{{"etplExpr", l.ExprLength}, {"etplOutputColumns", l.ColumnsLength}, {"params", l.ParamsLength}} {
		if f.length > maxListed {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// InstFilter selects the instances that ListInst returns. A zero field does not
// filter.
type InstFilter struct {
	TplID      int32
	OperatorID int32
	SchedID    int64
	States     []State
	// CreatedFrom and CreatedTo bound the time of creation; CreatedTo is exclusive.
	CreatedFrom, CreatedTo time.Time
	// NamePart and ErrPart are texts that the template's name and the error's text
	// contain.
	NamePart, ErrPart string
	Before            int64 // only ids below this one: the id of the last row of the page before
	Limit             int   // largest number of instances; required
}

// ListInst returns instances with their files, newest first. Large values are cut:
// see Inst.Cut. With NamePart or ErrPart it looks at no more than maxSearched
// instances; rest is then the Before with which the search goes on, 0 if there is
// nothing more to search.
func (d *DB) ListInst(ctx context.Context, f InstFilter) (insts []Inst, rest int64, err error) {
	ids, rest, err := d.searchInst(ctx, f)
	if err != nil {
		return nil, 0, fmt.Errorf("list instances: %w", err)
	}
	insts, err = d.CutInsts(ctx, ids)
	return insts, rest, err
}

// CutInsts returns instances with their files, newest first. Large values are cut: see
// Inst.Cut. Instances that do not exist are left out.
func (d *DB) CutInsts(ctx context.Context, ids []int64) ([]Inst, error) {
	const SELECT = `SELECT ` + instListColumns + ` FROM welife_export_inst WHERE einstId IN (?) ORDER BY einstId DESC`
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []listedInst
	if err := d.db.SelectContext(ctx, &rows, SELECT, ids); err != nil {
		return nil, fmt.Errorf("list instances: %w", err)
	}
	files, err := d.files(ctx, ids...)
	if err != nil {
		return nil, err
	}
	insts := make([]Inst, len(rows))
	for i := range rows {
		insts[i] = rows[i].Inst
		insts[i].Files = files[insts[i].ID]
		insts[i].Cut = rows[i].cut()
	}
	return insts, nil
}

// listInstIDs returns the ids of the instances that ListInst returns, without
// NamePart and ErrPart. low is the lowest id to return, 0 for no bound.
func (d *DB) listInstIDs(ctx context.Context, f InstFilter, low int64) ([]int64, error) {
	p := page{table: "welife_export_inst", id: "einstId", cursor: f.Before, limit: f.Limit}
	p.where.addIf(f.TplID != 0, "etplId = ?", f.TplID)
	p.where.addIf(f.OperatorID != 0, "operatorId = ?", f.OperatorID)
	p.where.addIf(!f.CreatedFrom.IsZero(), "created >= ?", f.CreatedFrom)
	p.where.addIf(!f.CreatedTo.IsZero(), "created < ?", f.CreatedTo)
	p.where.addIf(low != 0, "einstId >= ?", low)
	if f.SchedID != 0 {
		p.index, p.by = "ix_sched", "status"
		p.where.addIf(true, "eschedId = ?", f.SchedID)
		p.where.addIf(len(f.States) != 0, "state IN (?)", f.States)
		return selectPage(ctx, d.db, p, []Status{Waiting, Running, Finished, Failed})
	}
	states := f.States
	switch {
	case f.TplID != 0 && f.OperatorID != 0:
		p.index = "ix_tpl_operator_state"
	case f.TplID != 0:
		p.index = "ix_tpl_state"
	case f.OperatorID != 0:
		p.index = "ix_operator_state"
	case len(states) != 0:
		p.index = "ix_state"
	}
	if p.index != "" && len(states) == 0 {
		states = slices.Collect(maps.Keys(stateNames))
	}
	return selectPage(ctx, d.db, p, states)
}

// page is one page of ids of a table, in descending order unless up is set.
type page struct {
	table, id string
	index     string // has the columns of where, the column by and the id; empty: the primary key
	by        string // column whose values selectPage reads one by one; empty: state
	where     where
	cursor    int64 // only ids beyond this one; 0: the first page
	up        bool  // ascending
	limit     int
}

func (p *page) order() string {
	if p.up {
		return " ORDER BY " + p.id
	}
	return " ORDER BY " + p.id + " DESC"
}

// selectPage returns the ids of a page. With values of the column p.by it reads a
// page of each of them and merges the pages, so that it reads at most limit
// entries a value however many rows there are, if p.index has that order.
func selectPage[S ~int32](ctx context.Context, q querier, p page, values []S) (ids []int64, err error) {
	order := p.order() + " LIMIT ?"
	from := "SELECT " + p.id + " FROM " + p.table
	if p.index != "" {
		from += " FORCE INDEX (" + p.index + ")"
	}
	beyond := " < ?"
	if p.up {
		beyond = " > ?"
	}
	p.where.addIf(p.cursor != 0, p.id+beyond, p.cursor)
	if len(values) == 0 {
		err := q.SelectContext(ctx, &ids, from+p.where.String()+order, append(p.where.args, p.limit)...)
		return ids, err
	}
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	by := cmp.Or(p.by, "state") + " = ?"
	var parts []string
	var args []any
	for _, value := range values {
		one := where{conds: append([]string{by}, p.where.conds...)}
		parts = append(parts, "("+from+one.String()+order+")")
		args = append(append(append(args, value), p.where.args...), p.limit)
	}
	err = q.SelectContext(ctx, &ids, strings.Join(parts, " UNION ALL ")+order, append(args, p.limit)...)
	return ids, err
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
