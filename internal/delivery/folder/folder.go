// Package folder sends files to a folder of this machine, such as a network
// share that is mounted here. A file appears under its name once it is whole and
// on disk; nothing is ever written outside of the folder, whatever links are in
// it.
package folder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
)

// Config are the keys of a destination of the kind "folder".
type Config struct {
	// Folder must be there: one that is not is a share that is not mounted, and
	// is never made.
	Folder string `yaml:"folder"`
}

// Folder is a destination.
type Folder struct{ root string }

// New makes a destination; an error begins with the key that is wrong.
func New(c Config) (*Folder, error) {
	if !filepath.IsAbs(c.Folder) {
		return nil, fmt.Errorf("folder: %q, want an absolute path", c.Folder)
	}
	return &Folder{root: filepath.Clean(c.Folder)}, nil
}

// Kind implements payload.Destination.
func (f *Folder) Kind() string { return "folder" }

// Check implements payload.Destination.
func (f *Folder) Check(to model.DeliverTo) error { return payload.NoMail(to) }

// Send implements payload.Destination.
func (f *Folder) Send(ctx context.Context, p *payload.Payload) (string, error) {
	root, err := os.OpenRoot(f.root)
	if err != nil {
		return "", err
	}
	defer root.Close()
	location := ""
	for i := range p.Files {
		file := &p.Files[i]
		if err := send(ctx, root, p, file); err != nil {
			return "", fmt.Errorf("%s: %w", file.Path, err)
		}
		location = cmp.Or(location, "file://"+filepath.Join(f.root, filepath.FromSlash(file.Path)))
	}
	return location, nil
}

// send writes a file beside its place, under a name of this attempt's own, and
// renames it.
func send(ctx context.Context, root *os.Root, p *payload.Payload, file *payload.File) (err error) {
	target := filepath.FromSlash(file.Path)
	dir := filepath.Dir(target)
	if err := root.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	for _, old := range p.OldTempNames() {
		_ = root.Remove(filepath.Join(dir, old)) // of attempts that were cut off; most left none
	}
	tmp := filepath.Join(dir, p.TempName())
	out, err := root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	if err := write(ctx, out, file); err != nil {
		return errors.Join(err, root.Remove(tmp))
	}
	if err := root.Rename(tmp, target); err != nil {
		return errors.Join(err, root.Remove(tmp))
	}
	return syncFolders(root, path.Dir(file.Path))
}

// write fills out and closes it; after it the bytes are on disk.
func write(ctx context.Context, out *os.File, file *payload.File) error {
	in, err := file.Open(ctx)
	if err != nil {
		return errors.Join(err, out.Close())
	}
	defer in.Close()
	_, copyErr := io.Copy(out, payload.WithContext(ctx, in))
	if copyErr == nil {
		copyErr = out.Sync()
	}
	return cmp.Or(copyErr, out.Close())
}

// syncFolders makes names durable, from a folder up to the root.
func syncFolders(root *os.Root, dir string) error {
	for {
		f, err := root.Open(filepath.FromSlash(dir))
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
		if dir == "." {
			return nil
		}
		dir = path.Dir(dir)
	}
}
