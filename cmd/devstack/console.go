package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// quiet is how long a step may take without a progress line.
const quiet = 2 * time.Second

// console prints what devstack does. Its methods may be called from several
// goroutines.
type console struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool // out is a terminal, where a progress line replaces the one before
}

func newConsole(out *os.File) *console {
	info, err := out.Stat()
	return &console{out: out, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// say prints a line.
func (c *console) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.out, format+"\n", args...)
}

// step runs do, which is described by doing, prints the line that do returns and
// how long it took. Every two seconds (ten seconds where out is no terminal) a
// progress line says that do still runs.
func (c *console) step(doing string, do func() (done string, err error)) error {
	began := time.Now()
	ended := make(chan struct{})
	var reporter sync.WaitGroup
	reporter.Go(func() { c.progress(doing, began, ended) })
	done, err := do()
	close(ended)
	reporter.Wait()
	if err != nil {
		return err
	}
	c.say("%s (%.1f s)", done, time.Since(began).Seconds())
	return nil
}

func (c *console) progress(doing string, began time.Time, ended <-chan struct{}) {
	tick := time.NewTicker(quiet)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
			line := fmt.Sprintf("  %s: %.0f s", doing, time.Since(began).Seconds())
			c.mu.Lock()
			switch {
			case c.terminal:
				fmt.Fprint(c.out, "\r"+line)
			case n%5 == 0:
				fmt.Fprintln(c.out, line)
			}
			c.mu.Unlock()
		case <-ended:
			if c.terminal && n > 0 {
				fmt.Fprint(c.out, "\r"+strings.Repeat(" ", len(doing)+12)+"\r")
			}
			return
		}
	}
}

// tail returns the last lines of a file.
func tail(path string) string {
	const lines = 10
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return "  " + strings.Join(all[max(0, len(all)-lines):], "\n  ")
}

// runThen runs a shell command, if there is one, with its output on the terminal.
func runThen(ctx context.Context, command string, out *console) error {
	if command == "" {
		return nil
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Stdout, cmd.Stderr = out.out, os.Stderr
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}
