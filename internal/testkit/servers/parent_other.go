//go:build !linux

package servers

import "syscall"

// childAttr gives the child a process group of its own, so that a Ctrl-C on the
// terminal reaches only the parent. Only Linux can tie a child's life to its
// parent's.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// awaitStopped returns at once: the child stands still soon after SIGSTOP.
func awaitStopped(int) error { return nil }
