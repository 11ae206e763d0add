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

// marked is a store that can keep an id.
type marked interface {
	ID(ctx context.Context) (string, error)
	List(ctx context.Context, fn func(Item) error) error
	mark(ctx context.Context, id string) error
	// place is the store as people call it, with the option that names it.
	place() string
}

// AgreeOn holds the store's id against the one that the database keeps, empty
// where it keeps none yet, and returns the id that both have from now on. A
// new store and a new database are given one. The error says what does not
// fit and what to do.
func (d *Dir) AgreeOn(ctx context.Context, kept string) (string, error) { return agreeOn(ctx, d, kept) }

func agreeOn(ctx context.Context, s marked, kept string) (string, error) {
	here, err := s.ID(ctx)
	if err != nil {
		return "", err
	}
	used, err := used(ctx, s)
	if err != nil {
		return "", err
	}
	switch {
	case kept == "" && here == "":
		id := rand.Text()
		return id, s.mark(ctx, id)
	case kept == "" && used:
		return "", fmt.Errorf("%s holds the files of another database (its mark is %s, this database has none); give this one an empty place", s.place(), here)
	case kept == "":
		return here, nil // a start that was cut off before the database had it
	case here == "":
		return "", fmt.Errorf("%s has no mark (%s), the files of this database are in the store marked %s; is it the right one, and is a shared folder mounted here? Where the old files are given up for good: DELETE FROM welife_export_meta WHERE name = 'store'", s.place(), markerFile, kept)
	case here != kept:
		return "", fmt.Errorf("%s is another store: its mark is %s, the files of this database are in the one marked %s; want the one that the other replicas use", s.place(), here, kept)
	}
	return here, nil
}

func (d *Dir) place() string { return "store-dir: " + d.root }

// ID is the store's id, empty where it has none.
func (d *Dir) ID(context.Context) (string, error) {
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
func used(ctx context.Context, s marked) (bool, error) {
	err := s.List(ctx, func(i Item) error {
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
func (d *Dir) mark(_ context.Context, id string) (err error) {
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
