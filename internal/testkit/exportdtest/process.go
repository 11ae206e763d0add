package exportdtest

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// Process is the testing.TB of an Example: its fixtures live as long as the test
// process, and Main cleans them up. A failure is a panic.
type Process struct {
	testing.TB // nil: only the methods below may be called

	cleanups []func()
}

// Helper implements testing.TB.
func (*Process) Helper() {}

// Logf implements testing.TB and drops the text.
func (*Process) Logf(string, ...any) {}

// Error implements testing.TB.
func (*Process) Error(args ...any) { panic(fmt.Sprint(args...)) }

// Errorf implements testing.TB.
func (*Process) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Fatal implements testing.TB.
func (*Process) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// Fatalf implements testing.TB.
func (*Process) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Context implements testing.TB.
func (*Process) Context() context.Context { return context.Background() }

// Cleanup implements testing.TB.
func (p *Process) Cleanup(f func()) { p.cleanups = append(p.cleanups, f) }

// TempDir implements testing.TB.
func (p *Process) TempDir() string {
	dir, err := os.MkdirTemp("", "exportd-test-")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (p *Process) cleanUp() {
	for len(p.cleanups) > 0 {
		last := len(p.cleanups) - 1
		f := p.cleanups[last]
		p.cleanups = p.cleanups[:last]
		f()
	}
}
