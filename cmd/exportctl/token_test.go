package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestToken_operator(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tokens.yaml")
	var entries string
	for i, scopes := range []string{"read, run", "read, run", "run"} {
		sum := sha256.Sum256(fmt.Appendf(nil, "token-%d", i))
		entries += fmt.Sprintf("- {name: t%d, sha256: %x, operator: %d, scopes: [%s]}\n", i, sum, []int{7, 8, 7}[i], scopes)
	}
	if err := os.WriteFile(file, []byte(entries), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := newSite(t, "-tokens-file="+file).Start(t).Addr
	with := func(token string) *ctl { return newCtl(t, "EXPORTCTL_ADDR="+addr, "EXPORTCTL_TOKEN="+token) }
	at(t, addr).fails(t, exitDenied, "Unauthenticated", "tpl", "list")
	with("wrong").fails(t, exitDenied, "Unauthenticated", "tpl", "list")

	seven, eight := with("token-0"), with("token-1")
	for _, c := range []*ctl{seven, eight} {
		c.write(t, "orders.yaml", ordersYAML)
		c.ok(t, "apply", "-f", "orders.yaml", "--yes")
		if out := c.ok(t, "apply", "-f", "orders.yaml", "--yes"); out != "nothing to change\n" {
			t.Errorf("applied, it differs:\n%s", out)
		}
	}
	seven.ok(t, "run", "orders", "-o", "o.csv")
	eight.fails(t, exitNotFound, "1", "inst", "show", "1")

	// One that may start exports and see nothing.
	night := newCtl(t, "EXPORTCTL_ADDR="+addr)
	night.write(t, "token", "token-2\n")
	night.env = append(night.env, "EXPORTCTL_TOKEN_FILE="+filepath.Join(night.dir, "token"))
	night.fails(t, exitDenied, "PermissionDenied", "run", "orders", "--detach")
	night.detached(t, "1", "-p", "from=2026-02-01")
}
