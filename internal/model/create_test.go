package model

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func wantKind(t *testing.T, err error, kind ErrorKind) {
	t.Helper()
	var mine *Error
	if !errors.As(err, &mine) || mine.Kind != kind {
		t.Errorf("got error %v, want kind %d", err, kind)
	}
}

func TestDB_CreateInst(t *testing.T) {
	t.Parallel()
	t.Run("same_request_id", testCreateInstSameRequestID)
	t.Run("request_id_with_another_body", testCreateInstRequestIDWithAnotherBody)
	t.Run("deleted_template", testCreateInstDeletedTemplate)
	t.Run("quota", testCreateInstQuota)
	t.Run("large_quota", testCreateInstLargeQuota)
}

func testCreateInstSameRequestID(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "once")
	r := Request{OperatorID: 1, ID: "r-1", Hash: [32]byte{1}}
	var mu sync.Mutex
	ids := map[int64]int{}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			in, err := d.CreateInst(context.Background(), newInst(tpl, 1), r, manyWaiting)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			ids[in.ID]++
			mu.Unlock()
		})
	}
	wg.Wait()
	all, _, err := d.ListInst(t.Context(), InstFilter{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) != 1 || len(all) != 1 {
		t.Errorf("%d ids answered, %d instances kept; want 1 and 1", len(ids), len(all))
	}
}

func testCreateInstRequestIDWithAnotherBody(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "conflict")
	first := Request{OperatorID: 1, ID: "r-1", Hash: [32]byte{1}}
	other := Request{OperatorID: 1, ID: "r-1", Hash: [32]byte{2}}
	if _, err := d.CreateInst(t.Context(), newInst(tpl, 1), first, manyWaiting); err != nil {
		t.Fatal(err)
	}
	_, err := d.CreateInst(t.Context(), newInst(tpl, 1), other, manyWaiting)
	wantKind(t, err, Conflict)
	if _, err := d.CreateTpl(t.Context(), Tpl{Name: "a", Source: "default", OperatorID: 1}, first); err != nil {
		t.Fatal(err)
	}
	_, err = d.CreateTpl(t.Context(), Tpl{Name: "b", Source: "default", OperatorID: 1}, other)
	wantKind(t, err, Conflict)
	// Another operator's ids are its own.
	other.OperatorID = 2
	if _, err := d.CreateInst(t.Context(), newInst(tpl, 2), other, manyWaiting); err != nil {
		t.Errorf("another operator with the same id: %v", err)
	}
}

func testCreateInstDeletedTemplate(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "gone")
	for range 2 {
		got, err := d.DeleteTpl(t.Context(), tpl.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != TplDeleted || !got.Deleted.Valid {
			t.Errorf("got status %d, deleted %v", got.Status, got.Deleted)
		}
	}
	_, err := d.CreateInst(t.Context(), newInst(tpl, 1), Request{}, manyWaiting)
	wantKind(t, err, WrongState)
	_, err = d.UpdateTpl(t.Context(), tpl.ID, 0, func(*Tpl) error { return nil })
	wantKind(t, err, WrongState)
}

func testCreateInstQuota(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "quota")
	for range 3 {
		if _, err := d.CreateInst(t.Context(), newInst(tpl, 1), Request{}, 3); err != nil {
			t.Fatal(err)
		}
	}
	_, err := d.CreateInst(t.Context(), newInst(tpl, 1), Request{}, 3)
	wantKind(t, err, Quota)
	if _, err := d.CreateInst(t.Context(), newInst(tpl, 2), Request{}, 3); err != nil {
		t.Errorf("another operator: %v", err)
	}
	claimOne(t, d, "w")
	if _, err := d.CreateInst(t.Context(), newInst(tpl, 1), Request{}, 3); err != nil {
		t.Errorf("after one began to run: %v", err)
	}
}

func TestDB_UpdateTpl(t *testing.T) {
	t.Parallel()
	t.Run("new_version", testUpdateTplNewVersion)
	t.Run("concurrent_update", testUpdateTplConcurrentUpdate)
}

func testCreateInstLargeQuota(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "large quota")
	addInst(t, d, tpl, 1)
	run(t, d, `INSERT INTO welife_export_inst (etplId, status, state, operatorId, etplName, etplVersion, etplSource, etplExpr,
		etplOutputColumns, etplOutputFormat, etplParams, etplOptions, params, timeoutSec, retentionSec, maxAttempts, runAfter,
		errMsg, warnings, created, updated)
		SELECT etplId, status, state, operatorId, etplName, etplVersion, etplSource, etplExpr,
		etplOutputColumns, etplOutputFormat, etplParams, etplOptions, params, timeoutSec, retentionSec, maxAttempts, runAfter,
		errMsg, warnings, created, updated FROM welife_export_inst JOIN (`+strings.TrimSuffix(strings.Repeat("SELECT 1 UNION ALL ", largeQuota-3), " UNION ALL ")+`) AS n`)
	d.quotas = newQuotas() // what it remembers is older than the other rows
	for waiting := largeQuota - 2; waiting < largeQuota; waiting++ {
		if _, err := d.CreateInst(t.Context(), newInst(tpl, 1), Request{}, largeQuota); err != nil {
			t.Fatalf("with %d waiting: %v", waiting, err)
		}
	}
	_, err := d.CreateInst(t.Context(), newInst(tpl, 1), Request{}, largeQuota)
	wantKind(t, err, Quota)
}

func testUpdateTplNewVersion(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "versions")
	in := addInst(t, d, tpl, 1)
	rename := func(t *Tpl) error { t.Name = "renamed"; return nil }
	got, err := d.UpdateTpl(t.Context(), tpl.ID, 1, rename)
	if err != nil {
		t.Fatal(err)
	}
	if got.Version != 2 || got.Name != "renamed" {
		t.Errorf("got version %d, name %q", got.Version, got.Name)
	}
	_, err = d.UpdateTpl(t.Context(), tpl.ID, 1, rename)
	wantKind(t, err, Conflict)
	kept, err := d.GetInst(t.Context(), in.ID)
	if err != nil {
		t.Fatal(err)
	}
	if kept.TplName != "versions" || kept.TplVersion != 1 {
		t.Errorf("the instance became %q, version %d", kept.TplName, kept.TplVersion)
	}
}

func testUpdateTplConcurrentUpdate(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "race")
	_, err := d.UpdateTpl(t.Context(), tpl.ID, 0, func(*Tpl) error {
		_, err := d.UpdateTpl(t.Context(), tpl.ID, 0, func(t *Tpl) error { t.Tag = "first"; return nil })
		return err
	})
	wantKind(t, err, Conflict)
}

func TestDB_ListTpl(t *testing.T) {
	t.Parallel()
	d := setup(t)
	add := func(name, tag string) int32 {
		t.Helper()
		tpl, err := d.CreateTpl(t.Context(), Tpl{Name: name, Tag: tag, Source: "default"}, Request{})
		if err != nil {
			t.Fatal(err)
		}
		return tpl.ID
	}
	mall, mallSpace, percent, under := add("订单 100%", "mall"), add("订单 daily", "mall "), add("100x", "Mall"), add("a_b", "")
	gone := add("gone", "mall")
	if _, err := d.DeleteTpl(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		filter TplFilter
		want   []int32
	}{
		"all_newest_first":        {TplFilter{}, []int32{under, percent, mallSpace, mall}},
		"with_deleted":            {TplFilter{WithDeleted: true}, []int32{gone, under, percent, mallSpace, mall}},
		"id":                      {TplFilter{ID: percent}, []int32{percent}},
		"part_of_name":            {TplFilter{NamePart: "订单"}, []int32{mallSpace, mall}},
		"percent_is_literal":      {TplFilter{NamePart: "100%"}, []int32{mall}},
		"underscore_is_literal":   {TplFilter{NamePart: "_"}, []int32{under}},
		"exact_tag":               {TplFilter{Tag: "mall"}, []int32{mall}},
		"tag_with_trailing_space": {TplFilter{Tag: "mall "}, []int32{mallSpace}},
		"next_page":               {TplFilter{Before: percent}, []int32{mallSpace, mall}},
		"search_name":             {TplFilter{Search: "DAILY"}, []int32{mallSpace}},
		"search_tag":              {TplFilter{Search: "MAL"}, []int32{percent, mallSpace, mall}},
		"search_is_literal":       {TplFilter{Search: "%"}, []int32{mall}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.filter.Limit = 100
			tpls, err := d.ListTpl(t.Context(), c.filter)
			if err != nil {
				t.Fatal(err)
			}
			var got []int32
			for _, tpl := range tpls {
				got = append(got, tpl.ID)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDB_ListInst(t *testing.T) {
	t.Parallel()
	d := setup(t)
	a, b := addTpl(t, d, "a"), addTpl(t, d, "b")
	first, second, third := addInst(t, d, a, 1).ID, addInst(t, d, b, 1).ID, addInst(t, d, a, 2).ID
	if err := d.Finish(t.Context(), claimOne(t, d, "w"), Result{Files: []File{{Name: "x", Key: "x", SHA256: make([]byte, 32)}}}); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		filter InstFilter
		want   []int64
	}{
		"all_newest_first": {InstFilter{}, []int64{third, second, first}},
		"template":         {InstFilter{TplID: a.ID}, []int64{third, first}},
		"operator":         {InstFilter{OperatorID: 1}, []int64{second, first}},
		"states":           {InstFilter{States: []State{StateSucceeded, StateFailed}}, []int64{first}},
		"next_page":        {InstFilter{Before: second}, []int64{first}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.filter.Limit = 100
			insts, _, err := d.ListInst(t.Context(), c.filter)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, in := range insts {
				got = append(got, in.ID)
				if files := len(in.Files); (in.ID == first) != (files == 1) {
					t.Errorf("instance %d has %d files", in.ID, files)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDB_not_found(t *testing.T) {
	t.Parallel()
	d := setup(t)
	_, err := d.GetTpl(t.Context(), 404)
	wantKind(t, err, NotFound)
	_, err = d.GetInst(t.Context(), 404)
	wantKind(t, err, NotFound)
	_, err = d.Cancel(t.Context(), 404, 0, "")
	wantKind(t, err, NotFound)
	_, err = d.ListEvents(t.Context(), 404, 0, 10)
	wantKind(t, err, NotFound)
	_, err = d.RetryNow(t.Context(), 404, 0)
	wantKind(t, err, NotFound)
}
