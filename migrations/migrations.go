// Package migrations contains the schema of exportd's own tables, as files of one
// idempotent statement each, and applies it to a database.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database/mysql"
	"github.com/golang-migrate/migrate/v4/source/iofs"
)

//go:embed *.sql
var files embed.FS

// versionTable is the table in which golang-migrate stores the schema version.
const versionTable = "welife_export_schema"

// lockTimeout is how long a process waits while another one migrates: an index on
// millions of rows takes minutes.
const lockTimeout = 30 * time.Minute

// ErrDirty is returned if an earlier migration did not complete. It is never
// forced: an administrator has to compare the tables with the migration.
var ErrDirty = errors.New("schema is dirty")

// ErrNewer is returned if a newer release has migrated the schema.
var ErrNewer = errors.New("schema is newer than this exportd")

// Up applies all migrations that this binary contains and returns the version of
// the schema. Processes that call Up concurrently wait for each other, also on
// several nodes of a cluster.
func Up(ctx context.Context, db *sql.DB, log *slog.Logger) (version uint, err error) {
	latest, err := latestVersion()
	if err != nil {
		return 0, err
	}
	if Check(ctx, db) == nil {
		return latest, nil
	}
	held, err := lock(ctx, db, log)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, held.release(context.WithoutCancel(ctx))) }()
	// golang-migrate takes a lock as well, which processes of earlier releases know.
	// It belongs to one connection, which Close returns to the pool.
	conn, err := db.Conn(ctx)
	if err != nil {
		return 0, fmt.Errorf("connect for migration: %w", err)
	}
	driver, err := mysql.WithConnection(ctx, conn, &mysql.Config{MigrationsTable: versionTable})
	if err != nil {
		return 0, errors.Join(fmt.Errorf("prepare migration: %w", err), conn.Close())
	}
	src, err := iofs.New(files, ".")
	if err != nil {
		return 0, errors.Join(fmt.Errorf("read migrations: %w", err), driver.Close())
	}
	m, err := migrate.NewWithInstance("embedded", src, "mysql", driver)
	if err != nil {
		return 0, errors.Join(fmt.Errorf("prepare migration: %w", err), driver.Close())
	}
	m.LockTimeout = lockTimeout
	defer func() {
		srcErr, dbErr := m.Close()
		err = errors.Join(err, srcErr, dbErr)
	}()
	before, _, err := m.Version()
	switch {
	case errors.Is(err, migrate.ErrNilVersion):
	case err != nil:
		return 0, fmt.Errorf("read schema version: %w", err)
	case before > latest:
		return before, newerError(before, latest)
	}
	// The version is also dirty while another process migrates: Up waits for the
	// lock and checks again.
	err = m.Up()
	var dirtyErr migrate.ErrDirty
	switch {
	case err == nil:
		log.Info("schema migrated", "from", before, "to", latest)
	case errors.Is(err, migrate.ErrNoChange):
	case errors.As(err, &dirtyErr):
		return before, dirtyError(dirtyErr.Version)
	default:
		return before, fmt.Errorf("migrate schema from version %d: %w", before, err)
	}
	return latest, nil
}

// Check returns an error unless the schema has the version that this binary
// knows, for a start that must not migrate: ErrNewer, ErrDirty, or an error that
// names `exportd migrate` if the schema is older.
func Check(ctx context.Context, db *sql.DB) error {
	latest, err := latestVersion()
	if err != nil {
		return err
	}
	var version uint
	var dirty bool
	err = db.QueryRowContext(ctx, "SELECT version, dirty FROM "+versionTable+" LIMIT 1").Scan(&version, &dirty)
	switch {
	case err != nil:
		return fmt.Errorf("read schema version (is it migrated? run `exportd migrate`): %w", err)
	case dirty:
		return dirtyError(int(version))
	case version > latest:
		return newerError(version, latest)
	case version < latest:
		return fmt.Errorf("schema is at version %d, this exportd needs %d: run `exportd migrate`", version, latest)
	}
	return nil
}

func dirtyError(version int) error {
	return fmt.Errorf("%w at version %d: an earlier migration was cut off. Compare the tables with migrations/%06d_*.up.sql, finish or undo that one statement by hand, then `UPDATE %s SET dirty = 0` (version = %d if it was undone) and start again",
		ErrDirty, version, version, versionTable, version-1)
}

func newerError(version, latest uint) error {
	return fmt.Errorf("%w: it is at version %d, this exportd knows %d: start the newer release, or restore the backup from before it",
		ErrNewer, version, latest)
}

func latestVersion() (uint, error) {
	names, err := fs.Glob(files, "*.up.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("read migrations: %d found: %w", len(names), err)
	}
	var version uint
	if _, err := fmt.Sscanf(names[len(names)-1], "%06d_", &version); err != nil {
		return 0, fmt.Errorf("migration %s: %w", names[len(names)-1], err)
	}
	return version, nil
}
