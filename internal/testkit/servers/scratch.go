package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Scratch is a folder that belongs to the process that made it. Later
// processes remove it once that one has ended, however it ended.
type Scratch struct {
	Path string
	lock *lockFile // held as long as the process lives
}

// NewScratch makes an empty folder below parent, which is made if needed, and
// removes those whose processes have ended. The result must be kept reachable:
// a Scratch that is garbage collected counts as ended.
func NewScratch(ctx context.Context, parent string) (s *Scratch, err error) {
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, fmt.Errorf("scratch folder: %w", err)
	}
	// No process sweeps while another is between making and locking a folder.
	gate, err := waitLock(ctx, filepath.Join(parent, "gate"))
	if err != nil {
		return nil, fmt.Errorf("scratch folder: %w", err)
	}
	defer func() { err = errors.Join(err, gate.release()) }()
	if err := sweep(parent); err != nil {
		return nil, fmt.Errorf("scratch folder: %w", err)
	}
	dir, err := os.MkdirTemp(parent, "run-")
	if err != nil {
		return nil, fmt.Errorf("scratch folder: %w", err)
	}
	lock, err := tryLock(filepath.Join(dir, "alive"))
	if err != nil {
		return nil, fmt.Errorf("scratch folder: %w", err)
	}
	return &Scratch{Path: dir, lock: lock}, nil
}

// sweep removes the folders whose process has ended.
func sweep(parent string) error {
	dirs, err := filepath.Glob(filepath.Join(parent, "run-*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		lock, err := tryLock(filepath.Join(dir, "alive"))
		if errors.Is(err, errLocked) {
			continue
		}
		if err != nil {
			return err
		}
		// A child that outlives its parent for a moment may still write, so an
		// incomplete removal is no error; the next sweep repeats it.
		_ = os.RemoveAll(dir)
		if err := lock.release(); err != nil {
			return err
		}
	}
	return nil
}

// Close removes the folder.
func (s *Scratch) Close() error {
	return errors.Join(os.RemoveAll(s.Path), s.lock.release())
}
