package main

import (
	"strings"
	"testing"
)

const nightly = `name: orders
tag: shop
sql: SELECT :window_start AS a, :due AS d, :least AS l
schedules:
  - name: nightly
    cron: 15 2 * * *
    zone: Asia/Shanghai
    params: {least: "5"}
    start: 2026-01-01T00:00:00+08:00
    overlap: queue
`

// The commands for schedules against the real service.
func TestSched_commands_of_a_real_service(t *testing.T) {
	t.Parallel()
	// The data source has the zone of the service, in which windows are written.
	c := at(t, newSite(t, "-zone=Asia/Shanghai").Start(t).Addr)
	c.write(t, "orders.yaml", nightly)
	apply := []string{"apply", "-f", "orders.yaml", "--yes"}
	c.ok(t, apply...)
	if out := c.ok(t, apply...); out != "nothing to change\n" {
		t.Errorf("the second time it printed\n%s", out)
	}
	if out := c.ok(t, "sched", "list"); !strings.Contains(out, "nightly") {
		t.Errorf("list: %s", out)
	}
	run := []string{"sched", "run", "nightly", "--from", "2026-02-01T00:00:00+08:00", "--to", "2026-02-03T00:00:00+08:00"}
	if out := c.ok(t, run...); strings.Count(out, "2026-0") < 2 {
		t.Errorf("backfill: %s", out)
	}
	c.await(t, "1", "STATE_SUCCEEDED")
	c.ok(t, "inst", "download", "1", "-o", "a.csv")
	if got := c.read(t, "a.csv"); got != "a,d,l\r\n2026-01-31 02:15:00,2026-02-01 02:15:00,5\r\n" {
		t.Errorf("the file of a backfill: %q", got)
	}
	c.ok(t, "sched", "pause", "nightly")
	if out := c.ok(t, apply...); !strings.Contains(out, "- paused: true") {
		t.Errorf("a paused schedule that is to run: %s", out)
	}
	c.write(t, "orders.yaml", strings.Replace(nightly, "15 2 * * *", "0 0 31 2 *", 1))
	c.fails(t, exitRefused, "never comes due", apply...)
	c.write(t, "orders.yaml", nightly)
	if out := c.ok(t, apply...); out != "nothing to change\n" {
		t.Errorf("after a refused change: %s", out)
	}
	c.ok(t, "sched", "delete", "nightly", "--yes")
	if out := c.ok(t, "sched", "list"); strings.Contains(out, "nightly") {
		t.Errorf("after its deletion: %s", out)
	}
}
