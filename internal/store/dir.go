package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"exporttask/internal/files"
)

// Dir is a Store in a folder of the local disk, or in a folder that all replicas
// share.
type Dir struct {
	root   string
	folder *files.Folder
}

// NewDir returns a store in the folder root, and makes the folder if it does not
// exist. A folder that cannot be written to is an error.
func NewDir(root string) (*Dir, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(root, tempFolder), 0o750); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	d := &Dir{root: root, folder: files.NewFolder(root)}
	probe, err := d.temp("probe")
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	probe.Discard()
	return d, nil
}

// temp creates a temporary file for a key.
func (d *Dir) temp(key string) (*files.Temp, error) { return d.folder.Create(tempName(key), 0o600) }

// Path returns where the file of a key is on disk.
func (d *Dir) Path(key string) string { return filepath.Join(d.root, filepath.FromSlash(key)) }

// TempDir returns a folder for temporary data of an export.
func (d *Dir) TempDir() string { return filepath.Join(d.root, tempFolder) }

// Create implements Store.
func (d *Dir) Create(_ context.Context, key string) (Writer, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	temp, err := d.temp(key)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", key, err)
	}
	return &dirWriter{Temp: temp, key: key}, nil
}

// dirWriter is a file of a Dir that is being written.
type dirWriter struct {
	*files.Temp
	key string
}

// Publish implements Writer.
func (w *dirWriter) Publish() error {
	err := w.Commit(filepath.FromSlash(w.key))
	if errors.Is(err, os.ErrClosed) {
		err = errEnded
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", w.key, err)
	}
	return nil
}

// Abort implements Writer. A file that cannot be removed is removed by a sweep.
func (w *dirWriter) Abort() { w.Discard() }

// Open implements Store.
func (d *Dir) Open(_ context.Context, key string) (File, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	f, err := os.Open(d.Path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store %s: %w", key, ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", key, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", key, err), f.Close())
	}
	return &dirFile{File: f, size: info.Size()}, nil
}

// dirFile is an open file of a Dir.
type dirFile struct {
	*os.File
	size int64
}

// Size implements File.
func (f *dirFile) Size() int64 { return f.size }

// Delete implements Store. It removes folders that become empty as well.
func (d *Dir) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	path := d.Path(key)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store: %w", err)
	}
	folder := filepath.Dir(path)
	for folder != d.root && os.Remove(folder) == nil { // fails if the folder is not empty
		folder = filepath.Dir(folder)
	}
	return nil
}
