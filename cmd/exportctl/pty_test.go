package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"exporttask/internal/testkit"
)

// screen is a terminal that a program runs on.
type screen struct {
	master *os.File
	cmd    *exec.Cmd

	mu    sync.Mutex
	shown bytes.Buffer // all that was written to it
	done  chan struct{}
}

// onTerminal runs the program on a terminal of 100 columns and 30 rows.
func (c *ctl) onTerminal(t *testing.T, args ...string) *screen {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 30, Col: 100}); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	ctx, stop := context.WithTimeout(context.Background(), 2*patient)
	s := &screen{master: master, done: make(chan struct{})}
	s.cmd = c.command(ctx, args...)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = slave, slave, slave
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.done)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf) // fails when the program has ended
			s.mu.Lock()
			s.shown.Write(buf[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		stop()
		_ = s.cmd.Wait()
		_ = master.Close()
	})
	return s
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.String()
}

// await waits until the terminal has shown a text.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the terminal shows\n%q", s.text())
		}
	})
	testkit.Eventually(t, "the terminal shows "+text, func() bool { return strings.Contains(s.text(), text) })
}

// press types keys.
func (s *screen) press(t *testing.T, keys string) {
	t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// ends waits for the program's end.
func (s *screen) ends(t *testing.T, code int) {
	t.Helper()
	<-s.done
	_ = s.cmd.Wait()
	if got := s.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d; the terminal shows\n%q", got, code, s.text())
	}
}

func TestRun_progress_bar(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	c := at(t, site.Start(t).Addr)
	c.write(t, "orders.yaml", ordersYAML)
	c.ok(t, "tpl", "create", "-f", "orders.yaml")
	c.ok(t, "run", "orders", "-q") // tells how many rows to expect
	unlock := site.Lock(t, "orders")
	s := c.onTerminal(t, "run", "orders", "-o", "orders.csv")
	s.await(t, "\r[--------------------] ~ 0%  instance 2 RUNNING  0 rows")
	unlock()
	s.await(t, "[####################] 100%  downloading")
	s.await(t, "orders.csv  ")
	s.ends(t, exitOK)
	for line := range strings.SplitSeq(s.text(), "\r\n") {
		for drawn := range strings.SplitSeq(line, "\r") {
			if shown := strings.TrimSuffix(drawn, "\x1b[K"); len(shown) >= 100 && strings.HasPrefix(shown, "[") {
				t.Errorf("a line of %d columns on a terminal of 100: %q", len(shown), shown)
			}
		}
	}
}

func TestApply_asks_on_a_terminal(t *testing.T) {
	t.Parallel()
	c := at(t, newSite(t).Start(t).Addr)
	c.write(t, "orders.yaml", ordersYAML)
	s := c.onTerminal(t, "apply", "-f", "orders.yaml")
	s.await(t, "Change the server? [y/N]")
	s.press(t, "n\n")
	s.ends(t, exitOK)
	c.wantTpls(t, map[string]int{})
	s = c.onTerminal(t, "apply", "-f", "orders.yaml")
	s.await(t, "Change the server? [y/N]")
	s.press(t, "y\n")
	s.ends(t, exitOK)
	c.wantTpls(t, map[string]int{"orders": 1})
}

func TestTop_frames(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	c := at(t, site.Start(t, "-workers=1").Addr)
	c.write(t, "orders.yaml", ordersYAML)
	c.ok(t, "tpl", "create", "-f", "orders.yaml")
	c.fails(t, exitUsage, "--once", "top")
	s := c.onTerminal(t, "top", "--every", "200ms")
	s.await(t, "\x1b[?1049h")
	s.await(t, "waiting 0 (oldest 0s)  retrying 0  running 0")
	site.Lock(t, "orders")
	c.detached(t, "orders")
	c.detached(t, "orders")
	s.await(t, "waiting 1")
	s.await(t, "running 1")
	s.await(t, "INSTANCE  STATE    ROWS")
	s.press(t, "q")
	s.await(t, "\x1b[?1049l") // the screen as it was
	s.ends(t, exitOK)

	out := c.ok(t, "top", "--once")
	for _, want := range []string{"waiting 1", "running 1  workers 1", "RUNNING", "orders", "REPLICA"} {
		if !strings.Contains(out, want) {
			t.Errorf("top --once printed\n%s\nwant %q in it", out, want)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Errorf("top --once moves the cursor: %q", out)
	}
	out = c.ok(t, "queue")
	if !strings.Contains(out, "OPERATOR  WAITING  OLDEST  RETRYING  RUNNING\n       0        1") {
		t.Errorf("queue printed\n%s", out)
	}
	s = c.onTerminal(t, "top")
	s.await(t, "RUNNING")
	s.press(t, "\x03")
	s.ends(t, exitOK)
}
