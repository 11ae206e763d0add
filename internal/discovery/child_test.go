package discovery

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childEnv makes the test binary a process that only registers. Its value is the
// endpoint, service and address, separated by blanks.
const childEnv = "DISCOVERY_TEST_CHILD"

func TestMain(m *testing.M) {
	if spec := os.Getenv(childEnv); spec != "" {
		os.Exit(childMain(spec))
	}
	os.Exit(m.Run())
}

// childMain registers the process until its standard input ends and prints each
// new state as a line.
func childMain(spec string) int {
	f := strings.Fields(spec)
	cfg := quick(f[0], f[1], f[2])
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.OnChange = func(c StateChange) { fmt.Fprintln(os.Stdout, c.To) }
	r, err := New(cfg)
	if err != nil {
		fmt.Fprintln(os.Stdout, err)
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if err := r.Run(ctx); err != nil {
		fmt.Fprintln(os.Stdout, err)
		return 1
	}
	return 0
}

// child is a running childMain.
type child struct {
	cmd    *exec.Cmd
	states chan State
}

func spawn(t *testing.T, endpoint, service, addr string) *child {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), os.Args[0]) //nolint:gosec // the test binary
	cmd.Env = append(os.Environ(), childEnv+"="+endpoint+" "+service+" "+addr)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd, states: make(chan State, 1000)}
	go func() {
		defer close(c.states)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			c.states <- State(lines.Text())
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be stopped or have exited
		for range c.states {   // until the pipe ends
		}
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	return c
}

// await returns the states up to the next want.
func (c *child) await(t *testing.T, want State) (passed []State) {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case s, ok := <-c.states:
			if !ok {
				t.Fatalf("the child ended; its states: %q", passed)
			}
			passed = append(passed, s)
			if s == want {
				return passed
			}
		case <-timeout:
			t.Fatalf("the child is not %s; its states: %q", want, passed)
		}
	}
}

func (c *child) pause(t *testing.T)  { t.Helper(); c.signal(t, syscall.SIGSTOP) }
func (c *child) resume(t *testing.T) { t.Helper(); c.signal(t, syscall.SIGCONT) }
func (c *child) kill(t *testing.T)   { t.Helper(); c.signal(t, syscall.SIGKILL) }

func (c *child) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}
