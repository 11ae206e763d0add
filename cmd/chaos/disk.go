package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"exporttask/api"
)

// spoilStore fills the folder of the store, makes it read-only and removes it.
func spoilStore(ctx context.Context, w *world, r *report) error {
	if os.Geteuid() != 0 {
		r.note("disk: not measured: a file system of its own needs root")
		return nil
	}
	n := pick(w, 20, 4)
	cases := []struct {
		name, cause string
		spoil       func(root string) error
		mend        func(root string) error
	}{
		{"full", "no space left on device", func(string) error { return nil }, func(string) error { return nil }},
		{"read-only", "read-only file system", remount(syscall.MS_RDONLY), remount(0)},
		{"removed", "no such file or directory", func(root string) error {
			return os.Rename(filepath.Join(root, "files"), filepath.Join(root, "away"))
		}, func(root string) error {
			return os.Rename(filepath.Join(root, "away"), filepath.Join(root, "files"))
		}},
	}
	for _, c := range cases {
		named, failed, left, err := w.spoil(ctx, n, c.spoil, c.mend, c.cause)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		r.exactly("disk: store "+c.name+": instances FAILED", failed, n)
		r.exactly("disk: store "+c.name+": messages that name the cause", named, n)
		r.exactly("disk: store "+c.name+": partial files left after the sweep", left, 0)
	}
	return nil
}

// remount changes the flags of the file system at root.
func remount(flags uintptr) func(string) error {
	return func(root string) error { return syscall.Mount("", root, "", syscall.MS_REMOUNT|flags, "") }
}

func (w *world) spoil(ctx context.Context, n int, spoil, mend func(string) error, cause string) (named, failed, left int, err error) {
	root, err := os.MkdirTemp(w.dir, "mount-")
	if err != nil {
		return 0, 0, 0, err
	}
	if err := syscall.Mount("tmpfs", root, "tmpfs", 0, "size=400k"); err != nil {
		return 0, 0, 0, fmt.Errorf("mount tmpfs: %w", err)
	}
	defer func() { err = errors.Join(err, syscall.Unmount(root, syscall.MNT_DETACH)) }()
	s, err := w.newSite(ctx, "exportd", 0, 3*time.Second)
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	// Move the store that the first process of the site initialized to the mount.
	if err := os.CopyFS(filepath.Join(root, "files"), os.DirFS(s.storeDir)); err != nil {
		return 0, 0, 0, err
	}
	s.storeDir = filepath.Join(root, "files")
	first, err := s.start(ctx, "-sweep-every=1s", "-sweep-force")
	if err != nil {
		return 0, 0, 0, err
	}
	s.replicas = append(s.replicas, first)
	if s.tpl, err = s.addTpl(ctx, "SELECT id, note, id AS p FROM items WHERE id BETWEEN :from AND :to AND :ms = 0 ORDER BY id", 2, "from", "to", "ms"); err != nil {
		return 0, 0, 0, err
	}
	if err := spoil(root); err != nil {
		return 0, 0, 0, err
	}
	ids, err := s.addAll(ctx, n, job{rows: 30_000})
	if err != nil {
		return 0, 0, 0, err
	}
	if err := s.untilEnded(ctx, n, 2*time.Minute); err != nil {
		return 0, 0, 0, err
	}
	if err := mend(root); err != nil {
		return 0, 0, 0, err
	}
	for _, id := range ids {
		res, err := s.api.client.GetInst(ctx, &api.WshExportTaskGetInstReq{EinstId: id})
		if err := answered(res, err); err != nil {
			return 0, 0, 0, err
		}
		if res.GetData().GetState() == api.WshExportInstState_STATE_FAILED {
			failed++
		}
		if strings.Contains(res.GetData().GetErrMsg(), cause) {
			named++
		}
	}
	if err := sleep(ctx, 3*time.Second); err != nil { // two sweeps
		return 0, 0, 0, err
	}
	partial, err := os.ReadDir(filepath.Join(s.storeDir, ".tmp"))
	return named, failed, len(partial), err
}
