package exportdtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// LimitMemory makes the site's processes run with GOMEMLIMIT at nine tenths of limit,
// in a cgroup with a memory limit of limit bytes: the kernel kills a process that takes
// more. Where this user may not make a cgroup of version 1 or 2, only GOMEMLIMIT is set
// and the test's log says so; PeakMemory works everywhere.
func (s *Site) LimitMemory(tb testing.TB, limit int64) {
	tb.Helper()
	s.Setenv(fmt.Sprintf("GOMEMLIMIT=%dB", limit*9/10))
	dir, err := memoryCgroup(limit)
	if err != nil {
		tb.Logf("exportdtest: no cgroup can be made here (%v): the kernel does not enforce the limit, the test compares the peak alone", err)
		return
	}
	s.cgroup = dir
	tb.Cleanup(func() {
		// The kernel empties the cgroup a moment after its processes were killed.
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for range 2000 {
			if err = os.Remove(dir); err == nil {
				return
			}
			<-tick.C
		}
		tb.Errorf("exportdtest: remove the cgroup: %v", err)
	})
}

// memoryCgroup makes a cgroup with a memory limit.
func memoryCgroup(limit int64) (dir string, err error) {
	const root = "/sys/fs/cgroup"
	base, file := filepath.Join(root, "memory"), "memory.limit_in_bytes"
	if _, v1 := os.Stat(base); v1 != nil {
		base, file = root, "memory.max"
		// Fails where the controller is already there, or not ours: the limit's file shows which.
		_ = os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+memory"), 0)
	}
	if dir, err = os.MkdirTemp(base, "exportd-test-"); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, file), []byte(strconv.FormatInt(limit, 10)), 0); err != nil {
		_ = os.Remove(dir)
		return "", err
	}
	return dir, nil
}

// PeakMemory returns the most memory that the process has had resident, in bytes.
func (r *Replica) PeakMemory(tb testing.TB) int64 {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		tb.Fatalf("exportdtest: VmHWM of exportd: %v", err)
	}
	return kib << 10
}
