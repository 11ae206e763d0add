package servers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// lockPoll is how often a held lock is tried again.
const lockPoll = 50 * time.Millisecond

// errLocked says that another process holds a lock file.
var errLocked = errors.New("locked by another process")

// lockFile is an advisory lock that the kernel drops when its holder ends,
// however it ends. The file holds the holder's process id, for messages only.
type lockFile struct{ f *os.File }

// tryLock takes the lock at path or fails at once with errLocked.
func tryLock(path string) (*lockFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	lock := &lockFile{f: f}
	if err := lock.take(); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, errors.Join(err, f.Close()))
	}
	return lock, nil
}

// take locks the open file and writes the holder into it.
func (l *lockFile) take() error {
	err := syscall.Flock(int(l.f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder, err := io.ReadAll(io.LimitReader(l.f, 32))
		return errors.Join(fmt.Errorf("%w (pid %s)", errLocked, strings.TrimSpace(string(holder))), err)
	}
	if err != nil {
		return err
	}
	if err := l.f.Truncate(0); err != nil {
		return err
	}
	_, err = fmt.Fprintf(l.f, "%d\n", os.Getpid())
	return err
}

// lockDir takes the folder of a server for this process.
func lockDir(dir string) (*lockFile, error) {
	lock, err := tryLock(filepath.Join(dir, "lock"))
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("data folder %s is in use: %w", dir, err)
	}
	return lock, err
}

// waitLock takes the lock at path, waiting for another holder until ctx ends.
func waitLock(ctx context.Context, path string) (*lockFile, error) {
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		lock, err := tryLock(path)
		if !errors.Is(err, errLocked) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// release drops the lock. The file stays: removing it would let two processes
// lock two files of the same name.
func (l *lockFile) release() error { return l.f.Close() }
