package main

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"

	"exporttask/api"
	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
)

// TestExportd_starvedCallers lets lists wait in the service's own database until they
// hold all connections that callers have. An export must be claimed, keep its lease and
// end meanwhile, and the process must stay ready.
func TestExportd_starvedCallers(t *testing.T) {
	site := exportdtest.NewSite(t, "-lease=2s")
	site.Exec(t, "CREATE TABLE items (id INT PRIMARY KEY)", "INSERT INTO items VALUES (1), (2)")
	client := site.Start(t).Client(t)
	tpl, err := client.CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{EtplName: "a", EtplExpr: "SELECT id FROM items"})
	if err != nil || tpl.GetErrCode() != "" {
		t.Fatalf("CreateTpl: %v, %s", err, tpl.GetErrMsg())
	}
	locks, err := sql.Open("mysql", site.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer locks.Close()
	lock, err := locks.Conn(t.Context()) // locks are of one connection
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := lock.ExecContext(t.Context(), "LOCK TABLES welife_export_sched WRITE"); err != nil {
		t.Fatal(err)
	}
	unlock := site.Lock(t, "items") // the export waits for it
	in, err := client.CreateInst(t.Context(), &api.WshExportTaskCreateInstReq{EtplId: tpl.GetData().GetEtplId()})
	if err != nil || in.GetErrCode() != "" {
		t.Fatalf("CreateInst: %v, %s", err, in.GetErrMsg())
	}
	listing, stop := context.WithCancel(t.Context())
	var lists sync.WaitGroup
	defer lists.Wait()
	defer stop()
	for range 60 {
		lists.Go(func() { _, _ = client.ListSched(listing, &api.WshExportTaskListSchedReq{}) })
	}
	db, err := sql.Open("mysql", site.DSN+"?parseTime=true")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	testkit.Eventually(t, "callers hold all their connections", func() bool {
		var n int
		err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'SELECT%welife_export_sched%'`).Scan(&n)
		return err == nil && n >= 16
	})
	var first, lease sql.NullTime
	testkit.Eventually(t, "the lease is renewed", func() bool {
		err := db.QueryRowContext(t.Context(), "SELECT leaseUntil FROM welife_export_inst WHERE einstId = ?", in.GetData().GetEinstId()).Scan(&lease)
		if err != nil {
			t.Fatal(err)
		}
		if !first.Valid {
			first = lease
		}
		return lease.Time.Sub(first.Time) > 2*time.Second
	})
	unlock()
	testkit.Eventually(t, "the export ends", func() bool {
		var state, attempt int
		err := db.QueryRowContext(t.Context(), "SELECT state, attempt FROM welife_export_inst WHERE einstId = ?", in.GetData().GetEinstId()).Scan(&state, &attempt)
		if err != nil {
			t.Fatal(err)
		}
		if attempt > 1 {
			t.Fatalf("attempt %d: the export lost its lease", attempt)
		}
		return api.WshExportInstState(state) == api.WshExportInstState_STATE_SUCCEEDED
	})
}
