package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The commands for deliveries against the real service, and a share that is not
// mounted for a while.
func TestDelivery_commands_of_a_real_service(t *testing.T) {
	t.Parallel()
	share := filepath.Join(t.TempDir(), "share")
	config := filepath.Join(t.TempDir(), "exportd.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "destinations:\n  share: {kind: folder, folder: %q}\n", share), 0o600); err != nil {
		t.Fatal(err)
	}
	c := at(t, newSite(t, "-config="+config).Start(t).Addr)
	c.write(t, "orders.yaml", "name: orders\nsql: SELECT 1 AS one\ndeliverTo:\n  - {destination: share, path: 'in/{name}'}\n")
	c.ok(t, "apply", "-f", "orders.yaml", "--yes")
	c.ok(t, "run", "orders", "-o", "o.csv", "-q")

	shows := func(args []string, wants ...string) {
		t.Helper()
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		deadline := time.After(patient)
		for {
			out, all := c.ok(t, args...), true
			for _, want := range wants {
				all = all && strings.Contains(out, want)
			}
			if all {
				return
			}
			select {
			case <-tick.C:
			case <-deadline:
				t.Fatalf("%v shows\n%s\nwant %q", args, out, wants)
			}
		}
	}
	shows([]string{"delivery", "list", "--state", "retry_wait"}, "share", "folder", "1/12", "no such file")
	if err := os.Mkdir(share, 0o750); err != nil {
		t.Fatal(err)
	}
	c.ok(t, "delivery", "retry", "1")
	shows([]string{"inst", "show", "1"}, "1 share DONE file://"+share+"/in/orders.csv")
	c.fails(t, exitRefused, "is DONE", "delivery", "retry", "1")
}
