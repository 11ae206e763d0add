// Package folder delivers files to a folder of this machine, such as a network
// share that is mounted here. A file appears under its name when it is complete
// and on disk. Nothing is ever written outside of the folder, whatever symbolic
// links are in it.
package folder

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/files"
	"exporttask/internal/model"
)

// Config are the keys of a destination of the kind "folder".
type Config struct {
	// Folder is an absolute path. The folder must exist: one that does not is a
	// share that is not mounted, and is never made.
	Folder string `yaml:"folder"`
}

// Folder is a destination.
type Folder struct {
	root   string
	folder *files.Folder
}

// New returns a destination. The error begins with the key that is wrong.
func New(c Config) (*Folder, error) {
	if !filepath.IsAbs(c.Folder) {
		return nil, fmt.Errorf("folder: %q, want an absolute path", c.Folder)
	}
	root := filepath.Clean(c.Folder)
	return &Folder{root: root, folder: files.NewFolder(root)}, nil
}

// Kind implements payload.Destination.
func (f *Folder) Kind() string { return "folder" }

// Place returns the folder below which files are written, as an address.
func (f *Folder) Place() string { return "file://" + f.root }

// Check implements payload.Destination.
func (f *Folder) Check(to model.DeliverTo) error { return payload.NoMail(to) }

// Send implements payload.Destination.
func (f *Folder) Send(ctx context.Context, p *payload.Payload) (payload.Receipt, error) {
	var receipt payload.Receipt
	for i := range p.Files {
		file := &p.Files[i]
		if err := f.send(ctx, p, file); err != nil {
			return payload.Receipt{}, fmt.Errorf("%s: %w", file.Path, err)
		}
		receipt.Location = cmp.Or(receipt.Location, "file://"+filepath.Join(f.root, filepath.FromSlash(file.Path)))
	}
	return receipt, nil
}

// send writes a file to its folder under a temporary name of this attempt, and
// renames it.
func (f *Folder) send(ctx context.Context, p *payload.Payload, file *payload.File) error {
	dir := path.Dir(file.Path)
	for _, old := range p.OldTempNames() {
		_ = f.folder.Remove(filepath.FromSlash(path.Join(dir, old))) // of attempts that were cut off; most left none
	}
	out, err := f.folder.Create(filepath.FromSlash(path.Join(dir, p.TempName())), 0o640)
	if err != nil {
		return err
	}
	defer out.Discard()
	if err := write(ctx, out, file); err != nil {
		return err
	}
	return out.Commit(filepath.FromSlash(file.Path))
}

func write(ctx context.Context, out io.Writer, file *payload.File) error {
	in, err := file.Open(ctx)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(out, payload.WithContext(ctx, in))
	return err
}
