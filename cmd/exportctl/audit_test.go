package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"exporttask/internal/model"
)

// TestAudit_commands uses the real service and changes rows of its database.
func TestAudit_commands(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	c := at(t, site.Start(t).Addr)
	c.write(t, "orders.yaml", ordersYAML)
	c.ok(t, "apply", "-f", "orders.yaml", "--yes")
	c.ok(t, "run", "orders", "-o", "o.csv", "-q")
	c.ok(t, "inst", "delete", "1", "--reason", "ticket 5")

	out := c.ok(t, "audit", "list")
	for _, want := range []string{"CREATE", "tpl 1", "RUN", "inst 1", "DOWNLOAD", "file 1", "ERASE", "files: ticket 5", "127.0.0.1", "grpc"} {
		if !strings.Contains(out, want) {
			t.Errorf("the list lacks %q:\n%s", want, out)
		}
	}
	out = c.ok(t, "audit", "list", "--kind", "inst", "--id", "1", "--action", "erase,cancel")
	if n := strings.Count(out, "\n"); n != 2 || !strings.Contains(out, "ERASE") {
		t.Errorf("one row and a header, got\n%s", out)
	}
	c.fails(t, exitUsage, "action", "audit", "list", "--action", "erased")
	c.fails(t, exitRefused, "kind: AUDIT_NOTHING", "audit", "list", "--id", "1")
	c.fails(t, exitUsage, "want ID:HASH", "audit", "verify", "--expect", "7")

	fill(t, site.DSN, 6000) // two pages
	head := regexp.MustCompile(`(?m)^head (\d+:[0-9a-f]{64})$`)
	out = c.ok(t, "audit", "verify")
	found := head.FindStringSubmatch(out)
	if found == nil || !strings.Contains(out, ", unbroken\n") {
		t.Fatalf("verify printed\n%s", out)
	}
	fill(t, site.DSN, 1)
	c.ok(t, "audit", "verify", "--expect", found[1])

	site.Exec(t, `UPDATE welife_export_audit SET operatorId = 8 WHERE auditId = 5500`)
	c.fails(t, exitError, "row 5500 was changed", "audit", "verify")
	site.Exec(t, `UPDATE welife_export_audit SET operatorId = 7 WHERE auditId = 5500`)
	c.ok(t, "audit", "verify")
	site.Exec(t, `DELETE FROM welife_export_audit WHERE auditId = 4999`)
	c.fails(t, exitError, "row 4999 is missing", "audit", "verify")
}

// fill records entries and appends them to the chain.
func fill(t *testing.T, dsn string, n int) {
	t.Helper()
	db, err := model.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const INSERT = `INSERT INTO welife_export_audit_new (at, action, kind, objectId, operatorId, byOperator, token, peer, requestId, via, detail)
		SELECT UTC_TIMESTAMP(6), 8, 4, seq, 7, 7, 'reports', '192.0.2.1', CONCAT('r', seq), 'http', 'file 1' FROM seq_1_to_%d`
	if _, err := db.SQL().ExecContext(t.Context(), fmt.Sprintf(INSERT, n)); err != nil {
		t.Fatal(err)
	}
	if _, err := db.SealAudit(context.Background()); err != nil {
		t.Fatal(err)
	}
}
