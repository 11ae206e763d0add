package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// idFile holds the store's id. The database records the same id: a replica with
// another store would write files that the other replicas cannot open.
const idFile = ".exportd-store"

// errFound ends a List when the first published file is found.
var errFound = errors.New("found")

// identified is a store that can hold an id.
type identified interface {
	ID(ctx context.Context) (string, error)
	List(ctx context.Context, fn func(Item) error) error
	writeID(ctx context.Context, id string) error
	// location names the store and the option that chooses it.
	location() string
}

// VerifyID checks that the store has the id that is recorded in the database and
// returns it. recorded is "" in a new database: then a new store gets a new id,
// and a store that has an id but no files keeps it. The error says what differs
// and what to do.
func (d *Dir) VerifyID(ctx context.Context, recorded string) (id string, err error) {
	return verifyID(ctx, d, recorded)
}

func verifyID(ctx context.Context, s identified, recorded string) (string, error) {
	id, err := s.ID(ctx)
	if err != nil {
		return "", err
	}
	used, err := hasFiles(ctx, s)
	if err != nil {
		return "", err
	}
	switch {
	case recorded == "" && id == "":
		id := rand.Text()
		return id, s.writeID(ctx, id)
	case recorded == "" && used:
		return "", fmt.Errorf("%s holds the files of another database (the store's id is %s, this database records none); give this database an empty store", s.location(), id)
	case recorded == "":
		return id, nil // an earlier start ended before the database recorded the id
	case id == "":
		return "", fmt.Errorf("%s has no id (%s), the files of this database are in the store with the id %s; check that it is the right store, and that a shared folder is mounted. If the old files are lost: DELETE FROM welife_export_meta WHERE name = 'store'", s.location(), idFile, recorded)
	case id != recorded:
		return "", fmt.Errorf("%s is another store: its id is %s, the files of this database are in the store with the id %s; want the store that the other replicas use", s.location(), id, recorded)
	}
	return id, nil
}

// hasFiles reports whether a store holds a published file.
func hasFiles(ctx context.Context, s identified) (bool, error) {
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

func (d *Dir) location() string { return "store-dir: " + d.root }

// ID returns the store's id, or "" if the store has none.
func (d *Dir) ID(context.Context) (string, error) {
	text, err := os.ReadFile(filepath.Join(d.root, idFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	return parseID(string(text), filepath.Join(d.root, idFile))
}

func parseID(text, file string) (string, error) {
	id := strings.TrimSpace(text)
	if id == "" {
		return "", fmt.Errorf("store: %s is empty, perhaps the disk was full; remove it and start again", file)
	}
	return id, nil
}

// writeID writes the store's id, completely or not at all.
func (d *Dir) writeID(_ context.Context, id string) error {
	temp, err := d.temp("id")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer temp.Discard()
	if _, err = io.WriteString(temp, id+"\n"); err == nil {
		err = temp.Commit(idFile)
	}
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}
