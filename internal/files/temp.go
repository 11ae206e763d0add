package files

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// commitTries bounds how often Commit makes the target's folders again.
const commitTries = 5

// folderPerm are the permissions of folders that are made, less the umask.
const folderPerm = 0o750

// Folder is a folder in which files appear complete. All names are relative to
// it; a name or a symbolic link that leads outside of it is an error. The folder
// itself is never made: one that is gone is a share that is not mounted.
type Folder struct {
	path     string
	syncOne  func(root *os.Root, dir string) error // replaced by tests
	unsynced sync.Once                             // warns of a file system that cannot fsync folders
}

// NewFolder returns the folder with the given path. It does not look at it.
func NewFolder(path string) *Folder { return &Folder{path: path, syncOne: syncFolder} }

// Temp is a new file under a temporary name. Exactly one of Commit and Discard
// takes effect, the first call; Discard after Commit does nothing, so that it
// can be deferred. It is for one goroutine.
type Temp struct {
	*os.File
	folder *Folder
	root   *os.Root // nil: ended
	name   string
}

// Create creates the file name, which must not exist, and the folders above it.
// The file has the permissions perm, less the umask, now and under its final
// name. A name in the folder of the target, or in another folder of the same
// file system, is suitable.
func (f *Folder) Create(name string, perm fs.FileMode) (*Temp, error) {
	root, err := os.OpenRoot(f.path)
	if err != nil {
		return nil, err
	}
	err = root.MkdirAll(filepath.Dir(name), folderPerm)
	var file *os.File
	if err == nil {
		file, err = root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &Temp{File: file, folder: f, root: root, name: name}, nil
}

// Remove removes a file; a file that does not exist is not an error.
func (f *Folder) Remove(name string) error {
	root, err := os.OpenRoot(f.path)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Commit makes the file durable and visible as target, in the place of a file of
// that name, and makes target's folders where they are missing. After an error
// there is neither the temporary file nor the target.
//
// The order makes the file survive a power failure: first its bytes (fsync,
// close), then its name in its folder (rename, fsync of the folder), then each
// folder's name in the folder above, up to the Folder.
func (t *Temp) Commit(target string) error {
	if t.root == nil {
		return fmt.Errorf("commit %s: %w", target, os.ErrClosed)
	}
	defer t.end()
	syncErr := t.Sync()
	err := cmp.Or(syncErr, t.Close()) // closed even if Sync failed; the first error is the cause
	if err == nil {
		err = t.rename(target)
	}
	if err != nil {
		return errors.Join(err, t.root.Remove(t.name))
	}
	if err := t.folder.sync(t.root, filepath.Dir(target)); err != nil {
		return errors.Join(err, t.root.Remove(target))
	}
	return nil
}

// rename renames the file to target. While other processes create and remove empty
// folders, the target's folder may vanish before the rename (ErrNotExist), or appear
// and vanish while MkdirAll looks (ErrExist); then both steps are repeated.
func (t *Temp) rename(target string) error {
	for try := 1; ; try++ {
		err := t.root.MkdirAll(filepath.Dir(target), folderPerm)
		if err == nil {
			err = t.root.Rename(t.name, target)
		}
		raced := errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist)
		if err == nil || try == commitTries || !raced {
			return err
		}
	}
}

// Discard removes the file. A file that cannot be removed stays under its
// temporary name.
func (t *Temp) Discard() {
	if t.root == nil {
		return
	}
	defer t.end()
	_ = t.Close()
	_ = t.root.Remove(t.name)
}

func (t *Temp) end() {
	_ = t.root.Close()
	t.root = nil
}

// sync makes the names in the folder dir durable, and those of the folders above
// it up to the root.
func (f *Folder) sync(root *os.Root, dir string) error {
	for {
		if err := f.syncOne(root, dir); unsyncable(err) {
			f.unsynced.Do(func() {
				slog.Warn("the file system cannot fsync folders: after a power failure the newest files may be missing", "folder", f.path, "error", err)
			})
		} else if err != nil {
			return err
		}
		if dir == "." {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

func syncFolder(root *os.Root, dir string) error {
	file, err := root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// unsyncable reports whether an error of opening or syncing a folder means that
// the file system cannot sync folders at all, as some network and FUSE file
// systems cannot, or that the folder may be written to but not read. Such a
// folder is taken as it is. Input/output errors and a full disk are not among
// them.
func unsyncable(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || // ENOSYS, ENOTSUP, EOPNOTSUPP
		errors.Is(err, syscall.EBADF) || errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.EACCES)
}
