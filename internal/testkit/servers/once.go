package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// makeOnce calls create to make the file or folder path, unless it exists. create
// makes path.part, which is renamed at the end, so that path is always complete. Of
// several processes one calls create while the others wait.
func makeOnce(ctx context.Context, path string, create func(part string) error) (err error) {
	if exists(path) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("cache folder: %w; set %s to one you can write to", err, CacheEnv)
	}
	lock, err := waitLock(ctx, path+".lock")
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("cache folder: %w; set %s to one you can write to", err, CacheEnv)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	if exists(path) { // another process was faster
		return nil
	}
	part := path + ".part"
	if err := os.RemoveAll(part); err != nil { // of a process that was killed
		return err
	}
	if err := create(part); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return os.Rename(part, path)
}

// forget removes a result of makeOnce, so that the next call makes it again.
func forget(ctx context.Context, path string) (err error) {
	lock, err := waitLock(ctx, path+".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	return os.RemoveAll(path)
}

// exists reports whether path exists.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
