package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Item is a file that the store holds.
type Item struct {
	// Key is a published file's key. Of one that is being written, or was when
	// its process ended, it is the folder of its key, or empty where that
	// cannot be told.
	Key        string
	Unfinished bool
	Changed    time.Time // when it was last written to, on the store's clock

	path string
}

// List calls fn for every file, in no certain order, until fn returns an
// error. What comes or goes meanwhile may be listed or not.
func (d *Dir) List(ctx context.Context, fn func(Item) error) error {
	return listFolder(ctx, d.root, d.item, fn)
}

// listFolder calls fn for the files of a folder that item makes something of.
func listFolder(ctx context.Context, root string, item func(name string) (Item, bool), fn func(Item) error) error {
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist) && name != root:
			return nil // gone since its folder was read
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

// item tells what a file of the folder is; !ok: nothing of List's.
func (d *Dir) item(name string) (Item, bool) {
	rel, err := filepath.Rel(d.root, name)
	if err != nil {
		return Item{}, false
	}
	key := filepath.ToSlash(rel)
	if strings.HasPrefix(key, tmpFolder+"/") {
		return unfinished(name), true
	}
	return Item{Key: key, path: name}, checkKey(key) == nil
}

// unfinished is a file that is being written, or was when its process ended.
func unfinished(name string) Item {
	folder := ""
	if parts := strings.Split(filepath.Base(name), tmpSlash); len(parts) > 1 {
		folder = path.Join(parts[:len(parts)-1]...)
	}
	return Item{Key: folder, Unfinished: true, path: name}
}

// Remove removes what List found. That it is gone already is no error.
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
