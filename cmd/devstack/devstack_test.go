package main

import (
	"bytes"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
)

func TestParseDSN(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"url":               {"mysql://me:secret@db.example:3307/shop", "me:secret@tcp(db.example:3307)/shop"},
		"url_default_port":  {"mariadb://me:secret@db.example/shop", "me:secret@tcp(db.example:3306)/shop"},
		"url_ipv6":          {"mysql://me:secret@[::1]:3307/shop", "me:secret@tcp([::1]:3307)/shop"},
		"url_escapes":       {"mysql://me:p%40s%2Fs%3A@h/shop", "me:p@s/s:@tcp(h:3306)/shop"},
		"url_tls":           {"mysql://me:secret@h/shop?ssl-mode=VERIFY_IDENTITY", "me:secret@tcp(h:3306)/shop?tls=true"},
		"url_other_drivers": {"mysql://me:secret@h/shop?charset=utf8mb4&useSSL=false", "me:secret@tcp(h:3306)/shop"},
		"driver":            {"me:secret@tcp(h:3306)/shop", "me:secret@tcp(h:3306)/shop"},
		"driver_socket":     {"me:secret@unix(/run/mysqld/mysqld.sock)/shop", "me:secret@unix(/run/mysqld/mysqld.sock)/shop"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := parseDSN(tc.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, cfg.FormatDSN()); diff != "" {
				t.Errorf("DSN (-want +got):\n%s", diff)
			}
		})
	}
	for name, tc := range map[string]struct{ text, want string }{
		"no_database":       {"mysql://me:secret@h/", "no database named"},
		"unknown_parameter": {"mysql://me:secret@h/shop?frobnicate=1", `parameter "frobnicate" is not known`},
		"ssl_mode":          {"mysql://me:secret@h/shop?ssl-mode=maybe", `ssl-mode "maybe", want DISABLED`},
		"unescaped":         {"mysql://me:sec%ret@h/shop", "%40"},
		"other_scheme":      {"postgres://me:secret@h/shop", "want mysql://user:password@host:port/database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parseDSN(tc.text)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error: %v, want one with %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("error: %v, which shows the password", err)
			}
		})
	}
}

// open opens a database, and returns the DSN's parts with it.
func open(t *testing.T, dsn string) (*sql.DB, *mysql.Config) {
	t.Helper()
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, cfg
}

func execAll(t *testing.T, db *sql.DB, stmts ...string) {
	t.Helper()
	for _, stmt := range stmts {
		if _, err := db.ExecContext(t.Context(), stmt); err != nil {
			t.Fatalf("%s: %v", stmt, err)
		}
	}
}

// own returns the name of a schema that does not exist, and drops the schema at
// the end of the test.
func own(t *testing.T, db *sql.DB, cfg *mysql.Config) string {
	t.Helper()
	name := cfg.DBName + "_own"
	t.Cleanup(func() { _, _ = db.Exec("DROP DATABASE IF EXISTS " + name) })
	return name
}

func TestOwnSchema(t *testing.T) {
	t.Parallel()
	noQuestion := func(string) (bool, error) { return false, errors.New("asked") }
	setup := func(t *testing.T) (*sql.DB, *mysql.Config, string) {
		t.Helper()
		_, cfg := open(t, testkit.Database(t))
		root, err := testkit.Server(t).OpenRoot(cfg.DBName)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = root.Close() })
		return root, cfg, own(t, root, cfg)
	}
	t.Run("named", func(t *testing.T) {
		t.Parallel()
		db, cfg, name := setup(t)
		for range 2 { // it is found again, empty
			if got, err := ownSchema(t.Context(), db, cfg, name, noQuestion); err != nil || got != name {
				t.Errorf("ownSchema: %q, %v, want %q", got, err, name)
			}
		}
	})
	t.Run("users_own_schema", func(t *testing.T) {
		t.Parallel()
		db, cfg, _ := setup(t)
		if _, err := ownSchema(t.Context(), db, cfg, cfg.DBName, noQuestion); err == nil || !strings.Contains(err.Error(), "holds your tables") {
			t.Errorf("error: %v", err)
		}
	})
	t.Run("foreign_tables", func(t *testing.T) {
		t.Parallel()
		db, cfg, name := setup(t)
		execAll(t, db, "CREATE DATABASE "+name, "CREATE TABLE "+name+".orders (id INT)")
		if _, err := ownSchema(t.Context(), db, cfg, name, noQuestion); err == nil || !strings.Contains(err.Error(), "holds 1 tables that are not exportd's") {
			t.Errorf("error: %v", err)
		}
	})
	t.Run("found_again", func(t *testing.T) {
		t.Parallel()
		db, cfg, name := setup(t)
		execAll(t, db, "CREATE DATABASE "+name, "CREATE TABLE "+name+".welife_export_inst (id INT)")
		if got, err := ownSchema(t.Context(), db, cfg, name, noQuestion); err != nil || got != name {
			t.Errorf("ownSchema: %q, %v, want %q", got, err, name)
		}
	})
	t.Run("no_right", func(t *testing.T) {
		t.Parallel()
		_, cfg, name := setup(t)
		account, user := open(t, testkit.Account(t, cfg.FormatDSN(), "SELECT"))
		_, err := ownSchema(t.Context(), account, user, name, noQuestion)
		if err == nil || !strings.Contains(err.Error(), "GRANT ALL ON `"+name+"`.* TO '"+user.User+"'@'%'") {
			t.Errorf("error: %v, want the statements for an administrator", err)
		}
	})
}

func TestOwnSchema_asks(t *testing.T) { // not parallel: the schema's name is fixed
	root, err := testkit.Server(t).OpenRoot("")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	_, cfg := open(t, testkit.Database(t))
	defer func() { _, _ = root.Exec("DROP DATABASE IF EXISTS " + defaultSchema) }()
	for _, answer := range []bool{false, true} {
		asked := ""
		got, err := ownSchema(t.Context(), root, cfg, "", func(q string) (bool, error) {
			asked = q
			return answer, nil
		})
		if !strings.Contains(asked, "Create schema exportd?") {
			t.Errorf("asked %q", asked)
		}
		if answer != (err == nil) || answer && got != defaultSchema {
			t.Errorf("after %v: %q, %v", answer, got, err)
		}
	}
}

func TestRun_own_database(t *testing.T) {
	t.Parallel()
	root, err := testkit.Server(t).OpenRoot("")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	_, cfg := open(t, testkit.Database(t))
	schema := own(t, root, cfg)
	execAll(t, root, "CREATE TABLE "+cfg.DBName+".orders (no VARCHAR(10), total DECIMAL(10,2))",
		"INSERT INTO "+cfg.DBName+".orders VALUES ('007', 1.50), ('008', 2.00)")
	var out bytes.Buffer
	opt := settings{
		dir: t.TempDir(), exportd: exportdtest.Build(t, "exporttask/cmd/exportd"), grpcPort: 0, once: true, log: slog.New(slog.DiscardHandler),
		dsn: "mysql://root:" + rootPassword(t) + "@" + cfg.Addr + "/" + cfg.DBName, schema: schema,
	}
	for range 2 { // the second start finds everything again
		if err := run(t.Context(), opt, &console{out: &out}); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
	}
	files, err := filepath.Glob(filepath.Join(opt.dir, "*", "downloads", "orders-*.csv"))
	if err != nil || len(files) != 2 {
		t.Fatalf("files %q (%v), want 2", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil || string(text) != "no,total\r\n007,1.50\r\n008,2.00\r\n" {
		t.Errorf("file: %q (%v)", text, err)
	}
	// Nothing but the user's table is in the user's database.
	var tables string
	const SELECT = `SELECT GROUP_CONCAT(TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?`
	if err := root.QueryRowContext(t.Context(), SELECT, cfg.DBName).Scan(&tables); err != nil || tables != "orders" {
		t.Errorf("tables of the user's database: %q (%v)", tables, err)
	}
	for _, part := range []string{"keeps its own tables in the schema " + schema, "Exported 2 rows of orders as CSV"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("output:\n%s\nwant %q in it", out.String(), part)
		}
	}
}

// rootPassword is the password of the test server's root.
func rootPassword(t *testing.T) string {
	t.Helper()
	cfg, err := mysql.ParseDSN(testkit.Server(t).RootDSN(""))
	if err != nil {
		t.Fatal(err)
	}
	return cfg.Passwd
}

func TestConsole_step(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := &console{out: &out}
	if err := c.step("Working", func() (string, error) { return "Worked", nil }); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "Worked (0.") {
		t.Errorf("output %q", got)
	}
	if err := c.step("Working", func() (string, error) { return "", io.EOF }); !errors.Is(err, io.EOF) {
		t.Errorf("error: %v", err)
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte(strings.Repeat("old\n", 5)+strings.Repeat("new\n", 10)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := tail(file); strings.Contains(got, "old") || strings.Count(got, "new") != 10 {
		t.Errorf("tail: %q", got)
	}
}
