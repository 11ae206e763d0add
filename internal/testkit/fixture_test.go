package testkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Errors of the server about rights, the same in MariaDB and MySQL.
const (
	accessDenied   = 1044 // to a database
	commandDenied  = 1142 // on a table
	privilegeWants = 1227 // for a server-wide act
)

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func mustExec(t *testing.T, db *sql.DB, stmts ...string) {
	t.Helper()
	for _, stmt := range stmts {
		if _, err := db.ExecContext(t.Context(), stmt); err != nil {
			t.Fatalf("%s: %v", stmt, err)
		}
	}
}

// errNumber is the server's number of an error, 0 for none.
func errNumber(t *testing.T, err error) uint16 {
	t.Helper()
	if err == nil {
		return 0
	}
	var myErr *mysql.MySQLError
	if !errors.As(err, &myErr) {
		t.Fatalf("error: %v, want one of the server", err)
	}
	return myErr.Number
}

func dbName(t *testing.T, dsn string) string {
	t.Helper()
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return cfg.DBName
}

func TestServer_shared(t *testing.T) {
	t.Parallel()
	first, second := Server(t), Server(t)
	if first != second {
		t.Error("two calls gave two servers")
	}
}

func TestServer_flavor(t *testing.T) {
	t.Parallel()
	var version string
	if err := server(t).root.QueryRowContext(t.Context(), "SELECT VERSION()").Scan(&version); err != nil {
		t.Fatal(err)
	}
	want := os.Getenv(ServerEnv) != "mysql"
	if got := strings.Contains(version, "MariaDB"); got != want {
		t.Errorf("version %s: MariaDB is %v, want %v", version, got, want)
	}
}

func TestServer_unknown_flavor(t *testing.T) {
	t.Setenv(ServerEnv, "postgres")
	_, err := startShared()
	if diff := cmp.Diff(`EXPORTD_TEST_SERVER: "postgres", want mariadb or mysql`, fmt.Sprint(err)); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func TestDatabase(t *testing.T) { //nolint:tparallel // its parts share two databases
	t.Parallel()
	first, second := Database(t), Database(t)

	t.Run("is empty, utf8mb4 and not another's", func(t *testing.T) {
		mustExec(t, open(t, first), "CREATE TABLE orders (name VARCHAR(10))", "INSERT INTO orders VALUES ('元🙂')")
		var tables int
		var charset string
		err := open(t, second).QueryRowContext(t.Context(), `SELECT COUNT(*), @@character_set_database
			FROM information_schema.tables WHERE table_schema = DATABASE()`).Scan(&tables, &charset)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]any{0, "utf8mb4"}, []any{tables, charset}); diff != "" {
			t.Errorf("tables and character set (-want +got):\n%s", diff)
		}
	})
	t.Run("gives no right to any other", func(t *testing.T) {
		_, err := open(t, second).ExecContext(t.Context(), "SELECT name FROM "+dbName(t, first)+".orders")
		if got := errNumber(t, err); got != commandDenied {
			t.Errorf("error: %v, want number %d", err, commandDenied)
		}
	})
}

func TestDatabase_dropped_while_in_use(t *testing.T) { //nolint:tparallel // looks at what the inner test leaves
	t.Parallel()
	s := server(t)
	var name, user string
	queryEnded := make(chan error, 1)
	dropped := t.Run("test", func(t *testing.T) {
		cfg, err := mysql.ParseDSN(Database(t))
		if err != nil {
			t.Fatal(err)
		}
		name, user = cfg.DBName, cfg.User
		cfg.Logger = &mysql.NopLogger{} // its connection will be lost
		connector, err := mysql.NewConnector(cfg)
		if err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(connector) // left open on purpose
		mustExec(t, db, "CREATE TABLE orders (id INT)", "INSERT INTO orders VALUES (1)")
		ctx := context.WithoutCancel(t.Context()) // the test ends before its query
		go func() {
			_, err := db.ExecContext(ctx, "SELECT SLEEP(600) FROM orders")
			queryEnded <- err
		}()
		waitUntilSleeping(t, s, name)
	})
	if !dropped {
		t.FailNow() // the query may still run, for long
	}
	if err := <-queryEnded; err == nil {
		t.Error("the query ran to its end")
	}
	for query, what := range map[string]string{
		"SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '" + name + "'": "database " + name,
		"SELECT COUNT(*) FROM mysql.user WHERE user = '" + user + "'":                         "account " + user,
	} {
		var left int
		if err := s.root.QueryRowContext(t.Context(), query).Scan(&left); err != nil {
			t.Fatal(err)
		}
		if left != 0 {
			t.Errorf("%s is left after its test", what)
		}
	}
}

// waitUntilSleeping returns when a query with SLEEP runs in the database.
func waitUntilSleeping(t *testing.T, s *shared, db string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var running int
		err := s.root.QueryRowContext(t.Context(),
			"SELECT COUNT(*) FROM information_schema.processlist WHERE db = ? AND info LIKE '%SLEEP%'", db).Scan(&running)
		if err != nil {
			t.Fatal(err)
		}
		if running > 0 {
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-tick.C:
		}
	}
}

func TestAccount_grants(t *testing.T) { //nolint:tparallel // its parts share a database
	t.Parallel()
	dsn := Database(t)
	mustExec(t, open(t, dsn), "CREATE TABLE orders (id INT)", "CREATE TABLE secrets (id INT)")
	const (
		readOrders  = "SELECT id FROM orders"
		readSecrets = "SELECT id FROM secrets"
		write       = "INSERT INTO orders VALUES (1)"
		seeAll      = "SHOW ENGINE INNODB STATUS"
	)
	for _, tc := range []struct {
		name   string
		grants []string
		want   map[string]uint16
	}{
		{"on the database", []string{"SELECT"}, map[string]uint16{
			readOrders: 0, readSecrets: 0, write: commandDenied, seeAll: privilegeWants,
		}},
		{"on a table", []string{"SELECT ON orders"}, map[string]uint16{
			readOrders: 0, readSecrets: commandDenied, write: commandDenied, seeAll: privilegeWants,
		}},
		{"on the server", []string{"PROCESS ON *.*", "INSERT"}, map[string]uint16{
			readOrders: commandDenied, readSecrets: commandDenied, write: 0, seeAll: 0,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			db := open(t, Account(t, dsn, tc.grants...))
			got := map[string]uint16{}
			for stmt := range tc.want {
				_, err := db.ExecContext(t.Context(), stmt)
				got[stmt] = errNumber(t, err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("error numbers (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("and without grants not even connect to the database", func(t *testing.T) {
		err := open(t, Account(t, dsn)).PingContext(t.Context())
		if got := errNumber(t, err); got != accessDenied {
			t.Errorf("error: %v, want number %d", err, accessDenied)
		}
	})
}

func TestEtcd_not_shared(t *testing.T) {
	t.Parallel()
	first, second := Etcd(t), Etcd(t)
	put := func(endpoint, key string) int64 {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := client.Put(t.Context(), key, "value"); err != nil {
			t.Fatal(err)
		}
		res, err := client.Get(t.Context(), "", clientv3.WithPrefix())
		if err != nil {
			t.Fatal(err)
		}
		return res.Count
	}
	got := []int64{put(first.Endpoint(), "a"), put(second.Endpoint(), "b")}
	if diff := cmp.Diff([]int64{1, 1}, got); diff != "" {
		t.Errorf("keys in each (-want +got):\n%s", diff)
	}
}

func TestMariaDBClient_Query(t *testing.T) {
	t.Parallel()
	dsn := Database(t)
	mustExec(t, open(t, dsn), "CREATE TABLE orders (id INT, name VARCHAR(10))",
		"INSERT INTO orders VALUES (1, '元🙂'), (2, NULL)")
	got := MariaDBClient(t).Query(t, dsn, "SELECT id, name FROM orders ORDER BY id", "--batch")
	if diff := cmp.Diff("id\tname\n1\t元🙂\n2\tNULL\n", string(got)); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}
