package servers

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// childAttr ties a child's life to its parent's: the kernel kills it when the
// parent ends, even by SIGKILL. The child gets a process group of its own, so
// that a Ctrl-C on the terminal reaches only the parent, which then stops its
// children in the order it wants.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitStopped returns once the child stands still after SIGSTOP, or has ended.
// It leaves the child's end to be reaped by others.
func awaitStopped(pid int) error {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
