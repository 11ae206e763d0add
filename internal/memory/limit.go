package memory

import (
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// DefaultLimit is the memory-limit of a process whose memory nobody bounds.
const DefaultLimit = 1 << 30

// Limits are the memory limits of a process, in bytes.
type Limits struct {
	Work    int64  // of exports and deliveries together: memory-limit
	Calls   int64  // of previews, lists and request bodies together
	Process int64  // at which the garbage collector works harder
	From    string // what Work is derived from: "memory-limit", "GOMEMLIMIT", "cgroup", "default"
}

// Set returns the limits of this process and makes Process the soft limit of the
// garbage collector, unless GOMEMLIMIT has set one. configured is memory-limit; 0
// derives it: one half of GOMEMLIMIT, or of nine tenths of the cgroup's limit, or
// DefaultLimit.
func Set(configured int64) Limits {
	soft, from := debug.SetMemoryLimit(-1), "GOMEMLIMIT"
	fixed := soft != math.MaxInt64
	if !fixed {
		soft, from = cgroupLimit("/proc/self/cgroup", "/sys/fs/cgroup")*9/10, "cgroup"
	}
	if soft == 0 {
		soft, from = 2*DefaultLimit, "default"
	}
	l := Limits{Work: soft / 2, Process: soft, From: from}
	if configured > 0 {
		l.Work, l.From = configured, "memory-limit"
		if from == "default" {
			l.Process = 2 * configured
		}
	}
	l.Calls = l.Process / 5
	if !fixed {
		debug.SetMemoryLimit(l.Process)
	}
	return l
}

// cgroupLimit returns the smallest memory limit of the cgroups that this process is
// in, of version 1 or 2, in bytes; 0: none. self is /proc/self/cgroup, root the
// folder where cgroups are mounted.
func cgroupLimit(self, root string) int64 {
	text, err := os.ReadFile(self)
	if err != nil {
		return 0
	}
	least := int64(0)
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		base, file := root, "memory.max"
		switch {
		case fields[0] == "0" && fields[1] == "": // version 2
		case strings.Contains(","+fields[1]+",", ",memory,"):
			base, file = filepath.Join(root, "memory"), "memory.limit_in_bytes"
		default:
			continue
		}
		// In a container the path may be that of the host, and the container's own
		// group is the root.
		for dir := filepath.Clean("/" + fields[2]); ; dir = filepath.Dir(dir) {
			if n := readLimit(filepath.Join(base, dir, file)); n > 0 && (least == 0 || n < least) {
				least = n
			}
			if dir == "/" {
				break
			}
		}
	}
	return least
}

// unlimited is more memory than machines have; cgroups of version 1 report such a
// number for no limit.
const unlimited = 1 << 50

func readLimit(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n >= unlimited { // "max"
		return 0
	}
	return n
}
