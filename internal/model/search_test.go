package model

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDB_ListInst_search(t *testing.T) {
	t.Parallel()
	d := setup(t)
	a, b := addTpl(t, d, "订单 100%"), addTpl(t, d, "daily")
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var ids []int64
	for i := range 6 {
		tpl := a
		if i%2 == 1 {
			tpl = b
		}
		id := addInst(t, d, tpl, 1).ID
		ids = append(ids, id)
		run(t, d, `UPDATE welife_export_inst SET created = ? WHERE einstId = ?`, noon.Add(time.Duration(i)*time.Hour), id)
	}
	run(t, d, `UPDATE welife_export_inst SET eschedId = 5 WHERE einstId IN (?)`, []int64{ids[0], ids[1], ids[4]})
	run(t, d, `UPDATE welife_export_inst SET state = ?, status = ?, errMsg = 'Table "shop_1" is GONE' WHERE einstId IN (?)`, StateFailed, Failed, []int64{ids[1], ids[2]})
	// The order of ids and of creation differ a little.
	run(t, d, `UPDATE welife_export_inst SET created = ? WHERE einstId = ?`, noon.Add(3*time.Hour-time.Second), ids[4])
	for name, c := range map[string]struct {
		filter InstFilter
		want   []int64
	}{
		"from":                   {InstFilter{CreatedFrom: noon.Add(3 * time.Hour)}, []int64{ids[5], ids[3]}},
		"to":                     {InstFilter{CreatedTo: noon.Add(time.Hour)}, []int64{ids[0]}},
		"range":                  {InstFilter{CreatedFrom: noon.Add(time.Hour), CreatedTo: noon.Add(3 * time.Hour)}, []int64{ids[4], ids[2], ids[1]}},
		"range_and_template":     {InstFilter{TplID: b.ID, CreatedFrom: noon.Add(time.Hour), CreatedTo: noon.Add(5 * time.Hour)}, []int64{ids[3], ids[1]}},
		"range_and_state":        {InstFilter{States: []State{StateFailed}, CreatedTo: noon.Add(2 * time.Hour)}, []int64{ids[1]}},
		"range_and_page":         {InstFilter{CreatedFrom: noon, Before: ids[1]}, []int64{ids[0]}},
		"future":                 {InstFilter{CreatedFrom: noon.Add(24 * time.Hour)}, nil},
		"past":                   {InstFilter{CreatedTo: noon.Add(-24 * time.Hour)}, nil},
		"schedule":               {InstFilter{SchedID: 5}, []int64{ids[4], ids[1], ids[0]}},
		"schedule_and_states":    {InstFilter{SchedID: 5, States: []State{StateFailed, StateTimedOut}}, []int64{ids[1]}},
		"schedule_and_template":  {InstFilter{SchedID: 5, TplID: a.ID}, []int64{ids[4], ids[0]}},
		"schedule_and_page":      {InstFilter{SchedID: 5, Before: ids[4]}, []int64{ids[1], ids[0]}},
		"unknown_schedule":       {InstFilter{SchedID: 6}, nil},
		"name":                   {InstFilter{NamePart: "DAI"}, []int64{ids[5], ids[3], ids[1]}},
		"name_is_literal":        {InstFilter{NamePart: "0%"}, []int64{ids[4], ids[2], ids[0]}},
		"error":                  {InstFilter{ErrPart: "gone"}, []int64{ids[2], ids[1]}},
		"error_is_literal":       {InstFilter{ErrPart: "shop__"}, nil},
		"error_name_and_state":   {InstFilter{ErrPart: "gone", NamePart: "daily", States: []State{StateFailed}}, []int64{ids[1]}},
		"name_of_other_operator": {InstFilter{NamePart: "daily", OperatorID: 2}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c.filter.Limit = 100
			insts, rest, err := d.ListInst(t.Context(), c.filter)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, in := range insts {
				got = append(got, in.ID)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || rest != 0 {
				t.Errorf("rest %d, want 0 (-want +got):\n%s", rest, diff)
			}
		})
	}
}

// TestDB_ListInst_search_bounded searches more instances than one call looks at.
func TestDB_ListInst_search_bounded(t *testing.T) {
	t.Parallel()
	d := setup(t)
	oldest := addInst(t, d, addTpl(t, d, "needle"), 1).ID
	addInst(t, d, addTpl(t, d, "hay"), 1)
	for n := 1; n < maxSearched+searchBatch; n *= 2 { // copies of the second one
		run(t, d, fmt.Sprintf(`INSERT INTO welife_export_inst (etplId, status, state, operatorId, etplName, etplVersion, etplSource, etplExpr,
			etplOutputColumns, etplOutputFormat, etplParams, etplOptions, params, timeoutSec, retentionSec, maxAttempts, runAfter, errMsg,
			warnings, created, updated, resultColumns, limits, deliverTo)
			SELECT etplId, status, state, operatorId, etplName, etplVersion, etplSource, etplExpr,
			etplOutputColumns, etplOutputFormat, etplParams, etplOptions, params, timeoutSec, retentionSec, maxAttempts, runAfter, errMsg,
			warnings, created, updated, resultColumns, limits, deliverTo
			FROM welife_export_inst WHERE einstId > %d`, oldest))
	}
	first, rest, err := d.ListInst(t.Context(), InstFilter{NamePart: "needle", Limit: 10})
	if err != nil || len(first) != 0 || rest == 0 {
		t.Fatalf("got %d instances, rest %d, %v, want none and a place to go on", len(first), rest, err)
	}
	for rest != 0 {
		if first, rest, err = d.ListInst(t.Context(), InstFilter{NamePart: "needle", Limit: 10, Before: rest}); err != nil {
			t.Fatal(err)
		}
	}
	if len(first) != 1 || first[0].ID != oldest {
		t.Errorf("got %d instances, want the oldest one at last", len(first))
	}
	full, rest, err := d.ListInst(t.Context(), InstFilter{NamePart: "hay", Limit: 1000})
	if err != nil || len(full) != 1000 || rest != 0 {
		t.Errorf("got %d instances, rest %d, %v, want a full page", len(full), rest, err)
	}
}
