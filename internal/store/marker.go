package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// markerFile holds the store's id. All processes on one database must see the
// same one: a replica that writes elsewhere makes files that the others cannot
// open.
const markerFile = ".exportd-store"

// errFound ends a List that looks for any file.
var errFound = errors.New("found")

// AgreeOn holds the store's id against the one that the database keeps, empty
// where it keeps none yet, and returns the id that both have from now on. A
// new store and a new database are given one. The error says what does not
// fit and what to do.
func (d *Dir) AgreeOn(ctx context.Context, kept string) (string, error) {
	here, err := d.ID()
	if err != nil {
		return "", err
	}
	used, err := d.used(ctx)
	if err != nil {
		return "", err
	}
	switch {
	case kept == "" && here == "":
		id := rand.Text()
		return id, d.mark(id)
	case kept == "" && used:
		return "", fmt.Errorf("store-dir: %s holds the files of another database (its mark is %s, this database has none); give this one an empty folder", d.root, here)
	case kept == "":
		return here, nil // a start that was cut off before the database had it
	case here == "":
		return "", fmt.Errorf("store-dir: %s has no mark (%s), the files of this database are in the store marked %s; is the shared folder mounted here? Where the old files are given up for good: DELETE FROM welife_export_meta WHERE name = 'store'", d.root, markerFile, kept)
	case here != kept:
		return "", fmt.Errorf("store-dir: %s is another store: its mark is %s, the files of this database are in the one marked %s; want the folder that the other replicas use", d.root, here, kept)
	}
	return here, nil
}

// ID is the store's id, empty where it has none.
func (d *Dir) ID() (string, error) {
	text, err := os.ReadFile(filepath.Join(d.root, markerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	id := strings.TrimSpace(string(text))
	if id == "" {
		return "", fmt.Errorf("store: %s is empty; a disk that was full? Remove it and start again", filepath.Join(d.root, markerFile))
	}
	return id, nil
}

// used tells whether there is any published file.
func (d *Dir) used(ctx context.Context) (bool, error) {
	err := d.List(ctx, func(i Item) error {
		if i.Unfinished {
			return nil
		}
		return errFound
	})
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}

// mark writes the store's id, whole or not at all.
func (d *Dir) mark(id string) (err error) {
	tmp, err := os.CreateTemp(d.TempDir(), "mark-*")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	_, err = tmp.WriteString(id + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(d.root, markerFile))
	}
	if err == nil {
		err = syncFolder(d.root)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // renamed already, or found by the sweep
		return fmt.Errorf("store: %w", err)
	}
	return nil
}
