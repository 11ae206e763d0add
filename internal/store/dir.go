package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// tmpFolder holds files that are being written, inside the store's folder, so
// that publishing is a rename within one file system.
const tmpFolder = ".tmp"

// tmpSlash stands for "/" in the name of a file that is being written. The name
// begins with its key's folder, so that a sweep can tell whose it was.
const tmpSlash = "~"

// tmpName is the pattern of such a name.
func tmpName(key string) string {
	folder := path.Dir(key)
	if folder == "." || len(folder) > maxName/2 {
		return "file-*"
	}
	return strings.ReplaceAll(folder, "/", tmpSlash) + tmpSlash + "*"
}

// Dir is a Store in a folder of the local disk, or of one that all replicas
// share.
type Dir struct {
	root string
}

// NewDir uses the folder root, and makes it where there is none. A folder that
// cannot be written to is an error at once.
func NewDir(root string) (*Dir, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	tmp := filepath.Join(root, tmpFolder)
	if err := os.MkdirAll(tmp, 0o750); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	probe, err := os.CreateTemp(tmp, "probe-*")
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return &Dir{root: root}, nil
}

// Path is where the file of a key lies on disk.
func (d *Dir) Path(key string) string { return filepath.Join(d.root, filepath.FromSlash(key)) }

// TempDir is a folder for what has to be spilled while a file is made.
func (d *Dir) TempDir() string { return filepath.Join(d.root, tmpFolder) }

// Create implements Store.
func (d *Dir) Create(_ context.Context, key string) (Writer, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(d.TempDir(), tmpName(key))
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", key, err)
	}
	return &dirWriter{File: f, dir: d, key: key}, nil
}

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

// Delete implements Store. Folders that it leaves empty go as well.
func (d *Dir) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	path := d.Path(key)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store: %w", err)
	}
	folder := filepath.Dir(path)
	for folder != d.root && os.Remove(folder) == nil { // fails where it is not empty
		folder = filepath.Dir(folder)
	}
	return nil
}

type dirFile struct {
	*os.File
	size int64
}

func (f *dirFile) Size() int64 { return f.size }

type dirWriter struct {
	*os.File
	dir  *Dir
	key  string
	once sync.Once
}

func (w *dirWriter) Publish() error {
	err := errors.New("store: already ended")
	w.once.Do(func() { err = w.publish() })
	if err != nil {
		return fmt.Errorf("store %s: %w", w.key, err)
	}
	return nil
}

// publish is durable against power loss: the file's bytes first, then its
// name in the folder, then the folder's name in its own, up to the root.
func (w *dirWriter) publish() error {
	// Close even where Sync failed; the first error is what happened.
	syncErr := w.Sync()
	if err := cmp.Or(syncErr, w.Close()); err != nil {
		_ = os.Remove(w.Name()) // the sweep finds what stays
		return err
	}
	target := w.dir.Path(w.key)
	folder := filepath.Dir(target)
	// A Delete beside us may remove the folder while it is empty, at any point
	// up to the rename; then it is made again.
	for try := 0; ; try++ {
		err := w.dir.makeFolder(folder)
		if err == nil {
			err = os.Rename(w.Name(), target)
		}
		if err == nil {
			break
		}
		if try == publishTries || !errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(w.Name()) // the sweep finds what stays
			return err
		}
	}
	for {
		if err := syncFolder(folder); err != nil {
			return errors.Join(err, os.Remove(target))
		}
		if folder == w.dir.root {
			return nil
		}
		folder = filepath.Dir(folder)
	}
}

// publishTries bounds how often Publish makes a folder again.
const publishTries = 5

// makeFolder makes a folder and those above it, but never the root: where that
// is gone, so is what was mounted on it.
func (d *Dir) makeFolder(folder string) error {
	if folder == d.root {
		return nil
	}
	err := os.Mkdir(folder, 0o750)
	if errors.Is(err, fs.ErrNotExist) {
		if err = d.makeFolder(filepath.Dir(folder)); err == nil {
			err = os.Mkdir(folder, 0o750)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (w *dirWriter) Abort() {
	w.once.Do(func() {
		// Nothing can be done about a file that will not go: the sweep finds it.
		_ = w.Close()
		_ = os.Remove(w.Name())
	})
}
