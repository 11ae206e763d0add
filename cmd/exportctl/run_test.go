package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRun_output(t *testing.T) {
	t.Parallel()
	c := at(t, newSite(t).Start(t).Addr)
	c.write(t, "orders.yaml", ordersYAML)
	if out := c.ok(t, "tpl", "create", "-f", "orders.yaml"); out != "1\torders\n" {
		t.Fatalf("tpl create printed %q", out)
	}
	const rows = "id,no,amount\n499,00000499,124.75\n500,00000500,125.00\n"

	t.Run("to the standard output", func(t *testing.T) {
		r := c.run(t, "run", "orders", "-p", "from=2026-02-19", "-o", "-")
		if !strings.HasPrefix(r.out, "id,no,amount\n490,00000490,122.50\n") || !strings.HasSuffix(r.out, rows[len("id,no,amount\n"):]) {
			t.Errorf("got %q", r.out)
		}
		for _, want := range []string{"instance 1 QUEUED\n", "instance 1 SUCCEEDED  11 rows"} {
			if !strings.Contains(r.err, want) {
				t.Errorf("told %q, want %q in it", r.err, want)
			}
		}
		if strings.ContainsAny(r.err, "\r\x1b") {
			t.Errorf("told %q, want no control characters where there is no terminal", r.err)
		}
	})
	t.Run("under its own name", func(t *testing.T) {
		r := c.run(t, "run", "1", "-q")
		if r.code != exitOK || r.out != "" || r.err != "" {
			t.Fatalf("%+v, want nothing told", r)
		}
		found, err := filepath.Glob(filepath.Join(c.dir, "orders*.csv"))
		if err != nil || len(found) != 1 {
			t.Fatalf("files %q, error %v, want one", found, err)
		}
		text, err := os.ReadFile(found[0])
		if err != nil || !strings.HasSuffix(string(text), rows[len("id,no,amount\n"):]) {
			t.Errorf("it ends with %q, error %v", text[max(0, len(text)-50):], err)
		}
	})
	t.Run("in the format of the extension", func(t *testing.T) {
		c.ok(t, "run", "orders", "-o", "orders.xlsx")
		if text := c.read(t, "orders.xlsx"); !strings.HasPrefix(text, "PK\x03\x04") {
			t.Errorf("begins with %q, want a zip", text[:4])
		}
		left, err := filepath.Glob(filepath.Join(c.dir, ".*.part-*"))
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %q, error %v", left, err)
		}
	})
	t.Run("into a folder, in place of the old one", func(t *testing.T) {
		c.write(t, "out/x.csv", "old")
		c.ok(t, "run", "orders", "-p", "from=2026-02-20", "-o", "out/x.csv")
		if text := c.read(t, "out/x.csv"); !strings.HasSuffix(text, "500,00000500,125.00\n") {
			t.Errorf("got %q", text)
		}
		info, err := os.Stat(filepath.Join(c.dir, "out/x.csv"))
		if err != nil || info.Mode().Perm()&0o400 == 0 || info.Mode().Perm()&0o111 != 0 {
			t.Errorf("mode %v, error %v", info.Mode(), err)
		}
	})
	t.Run("once for a request id", func(t *testing.T) {
		a, b := c.detached(t, "orders", "--request-id", "night"), c.detached(t, "orders", "--request-id", "night")
		if a != b {
			t.Errorf("instances %s and %s, want one", a, b)
		}
		c.ok(t, "inst", "watch", a)
		c.ok(t, "inst", "download", a, "-o", "night.csv")
		if !strings.HasSuffix(c.read(t, "night.csv"), rows[len("id,no,amount\n"):]) {
			t.Error("the download is another file")
		}
	})
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	c := at(t, site.Start(t).Addr)
	c.write(t, "tpls.yaml", ordersYAML+"---\nname: slow\nsql: SELECT * FROM orders\ntimeout: 1s\nattempts: 1\n---\nname: gone\nsql: SELECT * FROM gone\nattempts: 1\n")
	site.Exec(t, "CREATE TABLE gone (id INT)")
	c.ok(t, "tpl", "create", "-f", "tpls.yaml")
	site.Exec(t, "DROP TABLE gone")

	c.fails(t, exitUsage, "unknown command", "tpl", "no-such-command")
	c.fails(t, exitUsage, "unknown flag", "run", "orders", "--no-such-flag")
	c.fails(t, exitUsage, "accepts 1 arg", "run")
	c.fails(t, exitUsage, `"file" not set`, "apply")
	c.fails(t, exitUsage, "want NAME=VALUE", "run", "orders", "-p", "from")
	c.fails(t, exitUsage, `"pdf", want one of`, "run", "orders", "--format", "pdf")
	c.fails(t, exitUsage, `"xml", want one of table, json`, "tpl", "list", "-o", "xml")
	c.fails(t, exitUsage, "want an id, a number", "inst", "show", "first")
	c.fails(t, exitFailed, "FAILED", "run", "gone", "-o", "gone.csv")
	if _, err := os.Stat(filepath.Join(c.dir, "gone.csv")); err == nil {
		t.Error("a file of an instance that failed")
	}
	c.fails(t, exitNotFound, `no template "nothing"`, "run", "nothing")
	c.fails(t, exitNotFound, "4711", "inst", "show", "4711")
	c.fails(t, exitRefused, "from", "run", "orders", "-p", "from=yesterday")
	c.fails(t, exitAway, "refused", "--addr", "127.0.0.1:1", "tpl", "list")
	c.fails(t, exitError, "no-such-folder", "run", "orders", "-o", "no-such-folder/x.csv")

	unlock := site.Lock(t, "orders")
	c.fails(t, exitTimedOut, "TIMED_OUT", "run", "slow")
	id := c.detached(t, "orders")
	c.await(t, id, "STATE_RUNNING")
	if out := c.ok(t, "inst", "cancel", id, "--reason", "not wanted"); !strings.Contains(out, "CANCEL") {
		t.Errorf("inst cancel printed %q", out)
	}
	c.fails(t, exitCanceled, "CANCELED", "inst", "watch", id)
	if out := c.ok(t, "inst", "show", id); !strings.Contains(out, "not wanted") {
		t.Errorf("inst show does not tell why:\n%s", out)
	}
	c.fails(t, exitRefused, "CANCELED", "inst", "cancel", id)
	unlock()
	again := strings.TrimSpace(c.ok(t, "inst", "retry", id, "--watch"))
	if again == id {
		t.Errorf("the retry is instance %s itself", id)
	}
	c.fails(t, exitUsage, "reason", "inst", "delete", id)
	if out := c.ok(t, "inst", "delete", id, "--reason", "asked by the customer", "--params"); !strings.Contains(out, "CANCELED") {
		t.Errorf("inst delete printed %q", out)
	}
	if out := c.ok(t, "inst", "show", id); strings.Contains(out, "not wanted") || !strings.Contains(out, "asked by the customer") {
		t.Errorf("inst show does not show the erasure alone:\n%s", out)
	}
	c.fails(t, exitRefused, "erased", "inst", "retry", id)
}

func TestRun_interrupted(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	c := at(t, site.Start(t).Addr)
	c.write(t, "orders.yaml", ordersYAML)
	c.ok(t, "tpl", "create", "-f", "orders.yaml")
	site.Lock(t, "orders")
	ctx, stop := context.WithTimeout(t.Context(), patient)
	defer stop()
	cmd := c.command(ctx, "run", "orders")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	deadline, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	for { // the instance is made at some time
		var list []inst
		c.parsed(t, &list, "inst", "list", "--state", "running")
		if len(list) == 1 {
			break
		}
		if deadline.Err() != nil {
			t.Fatal("no instance runs")
		}
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitCanceled {
		t.Errorf("exit code %d, want %d", code, exitCanceled)
	}
	c.await(t, "1", "STATE_CANCELED")
}
