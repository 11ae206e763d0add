package model

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/model/auditchain"
)

var caller = Actor{Operator: 7, Token: "reports", Peer: "192.0.2.1", RequestID: "req-1", Via: "grpc"}

// auditRows appends what waits and returns the whole log, oldest first.
func auditRows(t *testing.T, d *DB) []auditchain.Row {
	t.Helper()
	if _, err := d.SealAudit(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, err := d.ListAudit(t.Context(), AuditFilter{OldestFirst: true, Limit: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// verify verifies rows against both ends of the chain.
func verify(t *testing.T, d *DB, rows []auditchain.Row) []string {
	t.Helper()
	anchor, head, err := d.AuditChain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := auditchain.NewVerifier(anchor, head)
	for i := range rows {
		v.Add(&rows[i])
	}
	return v.Done().Problems
}

// lines are rows as "action kind id owner by via: detail".
func lines(rows []auditchain.Row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%d %d %d %d %d %s: %s", r.Action, r.Kind, r.ObjectID, r.OperatorID, r.ByOperator, r.Via, r.Detail))
	}
	return out
}

func record(t *testing.T, d *DB, n int) {
	t.Helper()
	for i := range n {
		err := d.Audit(WithActor(t.Context(), caller), AuditEntry{Action: AuditDownload, Kind: AuditFile, ObjectID: int64(i + 1), Operator: 7, Detail: "file 1"})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestDB_SealAudit(t *testing.T) {
	t.Parallel()
	t.Run("concurrent_writers_and_sealers", testSealConcurrent)
	t.Run("waits_for_no_open_transaction", testSealOpenTransaction)
	t.Run("rollback_leaves_no_entry", testSealRollback)
}

func testSealConcurrent(t *testing.T) {
	t.Parallel()
	const writers, each = 6, 60
	d := setup(t)
	ctx := t.Context()
	var writing, sealing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				e := AuditEntry{Action: AuditDownload, Kind: AuditFile, ObjectID: int64(w*each + i), Operator: 7}
				if err := d.inTx(ctx, func(t *tx) error { return t.audit(ctx, e) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	stop := make(chan struct{})
	for range 3 {
		sealing.Go(func() {
			for {
				if _, err := d.SealAudit(ctx); err != nil {
					t.Error(err)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	sealing.Wait()
	rows := auditRows(t, d)
	seen := map[int64]int{}
	for _, r := range rows {
		seen[r.ObjectID]++
	}
	if len(rows) != writers*each || len(seen) != writers*each {
		t.Errorf("%d rows about %d objects, want %d", len(rows), len(seen), writers*each)
	}
	if problems := verify(t, d, rows); len(problems) > 0 {
		t.Error(problems)
	}
}

func testSealOpenTransaction(t *testing.T) {
	t.Parallel()
	d := setup(t)
	ctx := t.Context()
	err := d.inTx(ctx, func(open *tx) error {
		if err := open.audit(ctx, AuditEntry{Action: AuditRun, ObjectID: 1}); err != nil {
			return err
		}
		// Another caller's entry is recorded and appended meanwhile.
		record(t, d, 1)
		if rows := auditRows(t, d); len(rows) != 1 || rows[0].Action != int32(AuditDownload) {
			t.Errorf("while a transaction is open: %v", lines(rows))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := auditRows(t, d)
	if len(rows) != 2 || rows[1].Action != int32(AuditRun) {
		t.Errorf("after the commit: %v", lines(rows))
	}
	if problems := verify(t, d, rows); len(problems) > 0 {
		t.Error(problems)
	}
}

func testSealRollback(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "a")
	if _, err := d.DeleteTpl(t.Context(), tpl.ID); err != nil {
		t.Fatal(err)
	}
	before := len(auditRows(t, d))
	if _, err := d.CreateInst(t.Context(), newInst(tpl, 7), Request{}, manyWaiting); err == nil {
		t.Fatal("an instance of a deleted template")
	}
	if rows := auditRows(t, d); len(rows) != before {
		t.Errorf("a refused change was recorded: %v", lines(rows[before:]))
	}
}

// secret is the value of a parameter.
const secret = "4111-1111-1111-1111"

func TestDB_audited(t *testing.T) {
	t.Parallel()
	d := setup(t)
	ctx := WithActor(t.Context(), caller)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tpl, err := d.CreateTpl(ctx, Tpl{Name: "a", Source: "default", Expr: "select :n", OperatorID: 7}, Request{})
	must(err)
	_, err = d.UpdateTpl(ctx, tpl.ID, 0, func(t *Tpl) error {
		t.Expr, t.TimeoutSec = "select :n, 2", 9
		t.Params.V = []ParamDecl{{Name: "n", Defaults: []string{secret}}}
		return nil
	})
	must(err)
	in := newInst(tpl, 7)
	in.Params.V = []Param{{Name: "n", Value: secret}}
	in.Options.V.FileName = "{name}-" + secret
	in.DeliverTo.V = []DeliverTo{{Destination: "s3", Path: secret}}
	made, err := d.CreateInst(ctx, in, Request{}, manyWaiting)
	must(err)
	claimed := claimOne(t, d, "w")
	must(d.Fail(t.Context(), claimed, Failure{State: StateFailed, Msg: "duplicate entry " + secret, Retry: true}))
	_, err = d.RetryNow(ctx, made.ID, 7)
	must(err)
	claimed = claimOne(t, d, "w")
	must(d.Finish(t.Context(), claimed, Result{Files: []File{{Name: secret + ".csv", Key: "k", SHA256: make([]byte, 32)}}}))
	v := claimDelivery(t, d, "w")
	must(d.FailDelivery(t.Context(), v, secret))
	_, err = d.RetryDelivery(ctx, v.ID)
	must(err)
	must(d.FinishDelivery(t.Context(), claimDelivery(t, d, "w"), "s3://"+secret, ""))
	_, _, err = d.EraseInst(ctx, made.ID, Erasure{Operator: 9, Reason: "ticket 5", Params: true})
	must(err)
	second := addInst(t, d, tpl, 7)
	_, err = d.Cancel(ctx, second.ID, 7, secret)
	must(err)
	_, err = d.CreateInst(ctx, func() Inst { in := newInst(tpl, 7); in.RetryOf = second.ID; return in }(), Request{}, manyWaiting)
	must(err)
	sched, err := d.CreateSched(ctx, Sched{Name: "s", TplID: tpl.ID, Cron: "0 1 * * *", OperatorID: 7}, Request{})
	must(err)
	_, err = d.UpdateSched(ctx, sched.ID, 0, func(s *Sched) error {
		s.Status, s.Params.V = SchedPaused, []Param{{Name: "n", Value: secret}}
		return nil
	})
	must(err)
	for range 2 { // the second one changes nothing
		_, err = d.DeleteSched(ctx, sched.ID)
		must(err)
		_, err = d.DeleteTpl(ctx, tpl.ID)
		must(err)
	}

	rows := auditRows(t, d)
	want := []string{
		"1 1 1 7 7 grpc: ",
		"2 1 1 7 7 grpc: version 2: etplExpr, etplParams, etplTimeoutSec",
		"4 3 1 7 7 grpc: template 1, version 1",
		"6 3 1 7 7 grpc: the next attempt now",
		"6 5 1 7 7 grpc: instance 1 to s3",
		"9 5 1 7 0 service: instance 1 to s3",
		"10 3 1 7 7 grpc: files and parameters: ticket 5",
		"4 3 2 7 7 service: template 1, version 1",
		"5 3 2 7 7 grpc: ",
		"6 3 3 7 7 grpc: template 1, version 1, retry of 2",
		"1 2 1 7 7 grpc: of template 1",
		"2 2 1 7 7 grpc: version 2: params; paused",
		"3 2 1 7 7 grpc: ",
		"3 1 1 7 7 grpc: ",
	}
	if diff := cmp.Diff(want, lines(rows)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, r := range rows {
		if strings.Contains(fmt.Sprintf("%+v", r), secret) {
			t.Errorf("row %d holds the value of a parameter: %+v", r.ID, r)
		}
	}
	if r := rows[0]; r.Token != caller.Token || r.Peer != caller.Peer || r.RequestID != caller.RequestID {
		t.Errorf("caller of row 1: %+v", r)
	}
}

func TestDB_ListAudit(t *testing.T) {
	t.Parallel()
	d := setup(t)
	other := caller
	other.Token = "other"
	for i := range 60 {
		e := AuditEntry{Action: auditActions[i%4], Kind: AuditKind(i%3 + 1), ObjectID: int64(i % 5), Operator: int32(i%2 + 1)}
		who := caller
		if i%7 == 0 {
			who = other
		}
		if err := d.Audit(WithActor(t.Context(), who), e); err != nil {
			t.Fatal(err)
		}
	}
	run(t, d, `UPDATE welife_export_audit_new SET at = '2026-01-01' + INTERVAL newId HOUR`)
	all := auditRows(t, d)
	at := func(hour int) time.Time { return time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC) }
	cases := map[string]struct {
		f    AuditFilter
		want func(r *auditchain.Row) bool
	}{
		"all":          {AuditFilter{}, func(*auditchain.Row) bool { return true }},
		"operator":     {AuditFilter{OperatorID: 2}, func(r *auditchain.Row) bool { return r.OperatorID == 2 }},
		"action":       {AuditFilter{Actions: []AuditAction{AuditChange, AuditDelete}}, func(r *auditchain.Row) bool { return r.Action == 2 || r.Action == 3 }},
		"kind":         {AuditFilter{Kind: AuditSched}, func(r *auditchain.Row) bool { return r.Kind == 2 }},
		"object":       {AuditFilter{Kind: AuditTpl, ObjectID: 3}, func(r *auditchain.Row) bool { return r.Kind == 1 && r.ObjectID == 3 }},
		"token":        {AuditFilter{Token: "other"}, func(r *auditchain.Row) bool { return r.Token == "other" }},
		"from":         {AuditFilter{From: at(20)}, func(r *auditchain.Row) bool { return !r.At.Before(at(20)) }},
		"to":           {AuditFilter{To: at(20)}, func(r *auditchain.Row) bool { return r.At.Before(at(20)) }},
		"nothing_then": {AuditFilter{From: at(2000)}, func(*auditchain.Row) bool { return false }},
		"combined": {
			AuditFilter{OperatorID: 1, Actions: []AuditAction{AuditCreate, AuditDelete}, Kind: AuditInst, Token: "reports", From: at(3), To: at(50)},
			func(r *auditchain.Row) bool {
				return r.OperatorID == 1 && (r.Action == 1 || r.Action == 3) && r.Kind == 3 && r.Token == "reports" && !r.At.Before(at(3)) && r.At.Before(at(50))
			},
		},
	}
	for name, c := range cases {
		for _, oldest := range []bool{false, true} {
			var want, got []int64
			for i := range all {
				if c.want(&all[i]) {
					want = append(want, all[i].ID)
				}
			}
			f := c.f
			f.Limit, f.OldestFirst = 4, oldest
			for {
				rows, err := d.ListAudit(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range rows {
					got = append(got, r.ID)
				}
				if len(rows) < f.Limit {
					break
				}
				f.Cursor = rows[len(rows)-1].ID
			}
			if !oldest {
				reverse(got)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, oldest first %t (-want +got):\n%s", name, oldest, diff)
			}
		}
	}
}

func reverse(ids []int64) {
	for i, j := 0, len(ids)-1; i < j; i, j = i+1, j-1 {
		ids[i], ids[j] = ids[j], ids[i]
	}
}

func TestDB_CutAudit(t *testing.T) {
	t.Parallel()
	t.Run("leaves_an_anchor", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		record(t, d, 5)
		run(t, d, `UPDATE welife_export_audit_new SET at = at - INTERVAL IF(newId <= 3, 10, 1) DAY`)
		removed := auditRows(t, d)[:3]
		n, err := d.CutAudit(t.Context(), 5*24*time.Hour)
		if err != nil || n != 3 {
			t.Fatalf("removed %d, %v; want 3", n, err)
		}
		rows := auditRows(t, d)
		want := fmt.Sprintf("10 6 3 0 0 service: rows 1 to 3, after audit-retention; hash %s", removed[2].Hash())
		if len(rows) != 3 || rows[0].ID != 4 || lines(rows)[2] != want {
			t.Errorf("rows %v, want 4, 5 and %q", lines(rows), want)
		}
		if problems := verify(t, d, rows); len(problems) > 0 {
			t.Error(problems)
		}
		if n, err := d.CutAudit(t.Context(), 5*24*time.Hour); n != 0 || err != nil {
			t.Errorf("again: %d, %v", n, err)
		}
	})
	t.Run("keeps_a_broken_chain", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		record(t, d, 5)
		run(t, d, `UPDATE welife_export_audit_new SET at = at - INTERVAL 10 DAY`)
		auditRows(t, d)
		run(t, d, `UPDATE welife_export_audit SET detail = 'file 2' WHERE auditId = 2`)
		if _, err := d.CutAudit(t.Context(), 5*24*time.Hour); err == nil || !strings.Contains(err.Error(), "row 2 was changed") {
			t.Errorf("error %v, want that row 2 was changed", err)
		}
		if rows := auditRows(t, d); len(rows) != 5 {
			t.Errorf("%d rows, want 5", len(rows))
		}
	})
}

func TestDB_Prune_keeps_audit(t *testing.T) {
	t.Parallel()
	d := setup(t)
	in := addInst(t, d, addTpl(t, d, "a"), 7)
	if _, err := d.Cancel(t.Context(), in.ID, 7, ""); err != nil {
		t.Fatal(err)
	}
	before := auditRows(t, d)
	run(t, d, `UPDATE welife_export_inst SET created = created - INTERVAL 9 DAY, finished = finished - INTERVAL 9 DAY`)
	if _, n, err := d.Prune(t.Context(), 24*time.Hour, 0); n != 1 || err != nil {
		t.Fatalf("removed %d, %v", n, err)
	}
	after := auditRows(t, d)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

// TestAuditChain_SQL verifies the chain with the server's own SHA2, by the
// statement in docs/audit.md.
func TestAuditChain_SQL(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```sql\n")
	query, _, ok := strings.Cut(rest, ";\n```")
	if !ok {
		t.Fatal("docs/audit.md has no SQL statement")
	}
	d := setup(t)
	for _, text := range []string{"file 1", "", "订单, \U0001f600", "a\nb\x00c"} {
		e := AuditEntry{Action: AuditDownload, Kind: AuditFile, ObjectID: 1 << 40, Operator: -3, Detail: text}
		if err := d.Audit(WithActor(t.Context(), caller), e); err != nil {
			t.Fatal(err)
		}
	}
	auditRows(t, d)
	broken := func() (ids []int64) {
		t.Helper()
		rows, err := d.long.QueryContext(context.Background(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return ids
	}
	if ids := broken(); len(ids) > 0 {
		t.Errorf("the server computes other hashes for the rows before %v", ids)
	}
	run(t, d, `UPDATE welife_export_audit SET objectId = 2 WHERE auditId = 2`)
	if diff := cmp.Diff([]int64{3}, broken()); diff != "" {
		t.Errorf("row 2 was changed (-want +got):\n%s", diff)
	}
}
