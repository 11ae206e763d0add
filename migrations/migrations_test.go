package migrations

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"

	_ "github.com/go-sql-driver/mysql"

	"exporttask/internal/testkit"
)

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

var quiet = slog.New(slog.DiscardHandler)

func TestUp(t *testing.T) {
	t.Parallel()
	t.Run("three_processes", testUpThreeProcesses)
	t.Run("repeated", testUpRepeated)
}

func testUpThreeProcesses(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	var wg sync.WaitGroup
	for range 3 {
		db := open(t, dsn)
		wg.Go(func() {
			if _, err := Up(context.Background(), db, quiet); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := Check(t.Context(), open(t, dsn)); err != nil {
		t.Error(err)
	}
}

func testUpRepeated(t *testing.T) {
	t.Parallel()
	db := open(t, testkit.Database(t))
	first, err := Up(t.Context(), db, quiet)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Up(t.Context(), db, quiet)
	if err != nil || again != first {
		t.Errorf("version %d, error %v; want %d", again, err, first)
	}
}

func TestCheck_refused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change string
		want   error
		advice string
	}{
		"dirty": {"UPDATE welife_export_schema SET dirty = 1", ErrDirty, "SET dirty = 0"},
		"newer": {"UPDATE welife_export_schema SET version = 900000", ErrNewer, "start the newer release"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, testkit.Database(t))
			if _, err := Up(t.Context(), db, quiet); err != nil {
				t.Fatal(err)
			}
			if _, err := db.ExecContext(t.Context(), c.change); err != nil {
				t.Fatal(err)
			}
			_, up := Up(t.Context(), db, quiet)
			for _, err := range []error{up, Check(t.Context(), db)} {
				if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.advice) {
					t.Errorf("got %v, want %v and how to mend it", err, c.want)
				}
			}
		})
	}
}

func TestCheck_empty_database(t *testing.T) {
	t.Parallel()
	err := Check(t.Context(), open(t, testkit.Database(t)))
	if err == nil || !strings.Contains(err.Error(), "exportd migrate") {
		t.Errorf("got %v, want an error that names the command", err)
	}
}

// One statement a file: a migration that is cut off then leaves either all of
// it or nothing behind, and no multi-statement connection is needed.
func Test_files(t *testing.T) {
	t.Parallel()
	ups, err := fs.Glob(files, "*.up.sql")
	if err != nil || len(ups) == 0 {
		t.Fatalf("%d migrations, error %v", len(ups), err)
	}
	for _, up := range ups {
		for _, name := range []string{up, strings.Replace(up, ".up.", ".down.", 1)} {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				t.Error(err)
			}
			if strings.Contains(string(text), ";") {
				t.Errorf("%s holds more than one statement", name)
			}
		}
	}
}

// A process that died while it migrated does not lock others out for ever, and
// one that migrates is waited for.
func TestUp_row_lock(t *testing.T) {
	t.Parallel()
	db := open(t, testkit.Database(t))
	held, err := lock(t.Context(), db, quiet)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := Up(context.Background(), db, quiet)
		done <- err
	}()
	// The other process has found the lock taken when it has looked at the row.
	other := &rowLock{db: db, owner: "other"}
	for range 5 {
		if got, err := other.take(t.Context()); got || err != nil {
			t.Fatalf("took a lock that is held; error %v", err)
		}
	}
	var tables int
	if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM information_schema.tables
		WHERE table_schema = DATABASE() AND table_name = 'welife_export_tpl'`).Scan(&tables); err != nil || tables != 0 {
		t.Errorf("%d tables made beside a held lock, error %v", tables, err)
	}
	held.stop()
	<-held.stopped
	if _, err := db.ExecContext(t.Context(), `UPDATE `+lockTable+` SET until = UTC_TIMESTAMP(6)`); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
