package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// The figures are those of a quiet machine: where the user may do that, exportd, its
// database and the second caller run before all other processes of the machine. What
// other processes used meanwhile is shown beside each figure.

const (
	// ownNice is the priority of all processes of the run, attackerNice what the
	// attacker adds to it: together still before other processes.
	ownNice      = -18
	attackerNice = "14"
)

// raisePriority raises the priority of this process and of those that it starts, and
// reports whether that is permitted.
func raisePriority() bool { return syscall.Setpriority(syscall.PRIO_PGRP, 0, ownNice) == nil }

// cpu is the time that processors have worked.
type cpu struct{ all, own time.Duration }

// ticks is the number of clock ticks a second in /proc (USER_HZ).
const ticks = 100

// cpuTimes returns the time of the whole machine, and that of this run's processes and
// of those that have ended.
func (w *world) cpuTimes() cpu {
	var c cpu
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	var user, nice, system int64
	_, _ = fmt.Sscanf(line, "cpu %d %d %d", &user, &nice, &system)
	c.all = jiffies(user + nice + system)
	c.own = processTime(os.Getpid(), true) + processTime(w.maria.Pid(), false)
	for _, s := range []*site{w.tokens, w.open} {
		c.own += processTime(s.cmd.Process.Pid, false)
	}
	return c
}

// processTime returns the time of a process, with that of its ended children.
func processTime(pid int, children bool) time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return 0
	}
	fields = fields[11:15] // utime, stime, cutime, cstime
	if !children {
		fields = fields[:2]
	}
	var sum int64
	for _, f := range fields {
		var n int64
		_, _ = fmt.Sscan(f, &n)
		sum += n
	}
	return jiffies(sum)
}

func jiffies(n int64) time.Duration { return time.Duration(n) * time.Second / ticks }
