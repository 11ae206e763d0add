package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Item is a file that a store holds.
type Item struct {
	// Key is the key of a published file. For an unfinished file it is the
	// folder of the file's key, or empty if that is unknown.
	Key string
	// Unfinished is set for a file that is being written, or was when its
	// process ended.
	Unfinished bool
	Changed    time.Time // time of the last write, on the store's clock

	path string // of an unfinished file on the local disk
}

// List calls fn for every file, in no particular order, until fn returns an
// error. Files that appear or vanish meanwhile may be listed or not.
func (d *Dir) List(ctx context.Context, fn func(Item) error) error {
	return listFolder(ctx, d.root, d.item, fn)
}

// listFolder calls fn for the files below root for which item returns ok.
func listFolder(ctx context.Context, root string, item func(name string) (_ Item, ok bool), fn func(Item) error) error {
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist) && name != root:
			return nil // removed since its folder was read
		case err != nil:
			return err
		case !entry.Type().IsRegular():
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		found, ok := item(name)
		if !ok {
			return nil
		}
		found.Changed = info.ModTime()
		return fn(found)
	})
	if err != nil {
		return fmt.Errorf("list store: %w", err)
	}
	return nil
}

// item returns the Item of a file; ok is false for files that the store did not
// make.
func (d *Dir) item(name string) (_ Item, ok bool) {
	rel, err := filepath.Rel(d.root, name)
	if err != nil {
		return Item{}, false
	}
	key := filepath.ToSlash(rel)
	if strings.HasPrefix(key, tempFolder+"/") {
		return unfinished(name), true
	}
	return Item{Key: key, path: name}, checkKey(key) == nil
}

// unfinished returns the Item of a file in the temporary folder.
func unfinished(name string) Item {
	return Item{Key: tempKey(filepath.ToSlash(name)), Unfinished: true, path: name}
}

// Remove removes a file that List returned. A file that is gone already is not
// an error.
func (d *Dir) Remove(ctx context.Context, item Item) error {
	if !item.Unfinished {
		return d.Delete(ctx, item.Key)
	}
	return removeFile(item.path)
}

func removeFile(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}
