package sqlcheck

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
)

// shop is a scratch database named shop, full of things that a careless query
// could change, and an account that may do anything.
type shop struct {
	dialect Dialect
	root    *sql.DB // over-privileged, observes
}

// newShop makes the database. Only one test of the process may hold it.
func newShop(tb testing.TB) *shop {
	tb.Helper()
	s := &shop{dialect: MariaDB}
	if os.Getenv(testkit.ServerEnv) == "mysql" {
		s.dialect = MySQL
	}
	cfg, err := mysql.ParseDSN(testkit.Account(tb, testkit.Database(tb), "ALL PRIVILEGES ON *.*"))
	if err != nil {
		tb.Fatal(err)
	}
	cfg.MultiStatements = true
	s.root = open(tb, cfg)
	data, err := os.ReadFile("testdata/shop.sql")
	if err != nil {
		tb.Fatal(err)
	}
	setup := string(data)
	if s.dialect == MariaDB {
		setup += "CREATE SEQUENCE numbers; CREATE TABLE numbered (id INT DEFAULT (NEXTVAL(numbers))); INSERT INTO numbered VALUES (7);"
	}
	s.exec(tb, setup)
	admin := s.root
	tb.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), "DROP DATABASE shop"); err != nil {
			tb.Errorf("drop: %v", err)
		}
	})
	cfg.DBName, cfg.MultiStatements = "shop", false
	s.root = open(tb, cfg)
	return s
}

func open(tb testing.TB, cfg *mysql.Config) *sql.DB {
	tb.Helper()
	cfg = cfg.Clone()
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	db := sql.OpenDB(connector)
	tb.Cleanup(func() { db.Close() })
	return db
}

func (s *shop) exec(tb testing.TB, query string) {
	tb.Helper()
	if _, err := s.root.ExecContext(context.Background(), query); err != nil {
		tb.Fatalf("%s: %v", shorten(query, 200), err)
	}
}

// state is everything that a query could have changed: each table's checksum,
// which for a sequence covers its next value.
func (s *shop) state(tb testing.TB) map[string]string {
	tb.Helper()
	tables := s.tables(tb)
	all := map[string]string{}
	for _, t := range pairs(tb, s.root, "CHECKSUM TABLE "+strings.Join(tables, ", ")) {
		all[t[0]] = t[1]
	}
	if s.dialect == MariaDB {
		all["sequence"] = fmt.Sprint(pairs(tb, s.root, "SELECT next_not_cached_value, cycle_count FROM numbers"))
	}
	return all
}

func (s *shop) tables(tb testing.TB) []string {
	tb.Helper()
	var names []string
	for _, p := range pairs(tb, s.root, "SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'") {
		names = append(names, p[0])
	}
	return names
}

// rowsFree fails if any row is locked by a transaction that is still open.
func (s *shop) rowsFree(tb testing.TB) {
	tb.Helper()
	tx, err := s.root.BeginTx(tb.Context(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	for _, t := range s.tables(tb) {
		rows, err := tx.QueryContext(tb.Context(), "SELECT 1 FROM "+t+" FOR UPDATE NOWAIT")
		if err != nil {
			tb.Errorf("rows of %s are locked: %v", t, err)
			continue
		}
		for rows.Next() { //nolint:revive // drained for its error
		}
		if err := rows.Err(); err != nil {
			tb.Errorf("rows of %s are locked: %v", t, err)
		}
		rows.Close()
	}
}

// querier is a database or one connection to it.
type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// pairs reads the first two columns of a query.
func pairs(tb testing.TB, db querier, query string) [][2]string {
	tb.Helper()
	rows, err := db.QueryContext(tb.Context(), query)
	if err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var all [][2]string
	for rows.Next() {
		var a, b sql.NullString
		if err := rows.Scan(&a, &b); err != nil {
			tb.Fatal(err)
		}
		all = append(all, [2]string{a.String, b.String})
	}
	if err := rows.Err(); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return all
}

// session is one connection inside an open transaction, with the number of
// each kind of command it has run.
type session struct {
	conn *sql.Conn
	shop *shop
}

func (s *shop) session(tb testing.TB, db *sql.DB) *session {
	tb.Helper()
	conn, err := db.Conn(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	return &session{conn, s}
}

// commands counts what the server has counted for this session, without what
// the test itself does.
func (s *session) commands(tb testing.TB) map[string]string {
	tb.Helper()
	n := map[string]string{}
	for _, p := range pairs(tb, s.conn, "SHOW SESSION STATUS LIKE 'Com%'") {
		switch p[0] {
		case "Com_show_status", "Com_stmt_prepare", "Com_stmt_execute", "Com_stmt_close", "Com_stmt_reprepare", "Compression":
		default:
			n[p[0]] = p[1]
		}
	}
	return n
}

// read runs a query to its end and fails unless the server took it for one
// plain SELECT that holds no lock. It returns the query's own error.
func (s *session) read(tb testing.TB, query string, args ...any) error {
	tb.Helper()
	if _, err := s.conn.ExecContext(tb.Context(), "START TRANSACTION"); err != nil {
		tb.Fatal(err)
	}
	defer s.conn.ExecContext(context.Background(), "ROLLBACK") //nolint:errcheck // shows in the next START TRANSACTION
	before := s.commands(tb)
	err := s.drain(tb.Context(), query, args)
	after := s.commands(tb)
	want := maps.Clone(before)
	if n, convErr := strconv.Atoi(before["Com_select"]); convErr != nil {
		tb.Fatal(convErr)
	} else if err == nil {
		want["Com_select"] = strconv.Itoa(n + 1)
	} else {
		want["Com_select"] = after["Com_select"]
	}
	if diff := cmp.Diff(want, after); diff != "" {
		tb.Errorf("%s\nran more than one SELECT (-want +got):\n%s", query, diff)
	}
	if err == nil {
		s.shop.rowsFree(tb)
	}
	if got := pairs(tb, s.conn, "SELECT RELEASE_ALL_LOCKS(), CONNECTION_ID()"); got[0][0] != "0" {
		tb.Errorf("%s\nheld %s user locks", query, got[0][0])
	}
	return err
}

func (s *session) drain(ctx context.Context, query string, args []any) error {
	rows, err := s.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() { //nolint:revive // drained for its error
	}
	return rows.Err()
}

// corpusDecls and corpusParams are the parameters of the corpus.
var corpusDecls = []Decl{
	{Name: "from", Type: Date, Required: true},
	{Name: "to", Type: Date, Required: true},
	{Name: "name", Type: String},
	{Name: "amount", Type: Decimal},
	{Name: "shop_id", Type: Int},
	{Name: "ids", Type: "int[]"},
	{Name: "none", Type: "int[]", Empty: EmptyIsNone},
	{Name: "n", Type: Int},
	{Name: "active", Type: Bool},
	{Name: "at", Type: DateTime},
}

var corpusParams = []Param{
	{"from", Value{Text: "2026-01-01"}},
	{"to", Value{Text: "2026-02-01"}},
	{"name", Value{Text: "a'; DROP TABLE orders; -- "}},
	{"amount", Value{Text: "9.99"}},
	{"shop_id", Value{Text: "1"}},
	{"ids", Value{Texts: []string{"1", "2"}}},
	{"none", Value{}},
	{"n", Value{Text: "3"}},
	{"active", Value{Text: "true"}},
	{"at", Value{Text: "2026-01-31T10:00:00.5"}},
}

// bindSample binds the corpus parameters that a statement uses.
func bindSample(tb testing.TB, st *Statement) string {
	tb.Helper()
	uses := func(name string) bool {
		return slices.Contains(st.Names, name)
	}
	var decls []Decl
	for _, d := range corpusDecls {
		if uses(d.Name) {
			decls = append(decls, d)
		}
	}
	var params []Param
	for _, p := range corpusParams {
		if uses(p.Name) {
			params = append(params, p)
		}
	}
	query, err := Bind(st, decls, params)
	if err != nil {
		tb.Fatal(err)
	}
	return query
}

// TestCheck_OnServer runs the tests that need the database shop, one after the
// other.
func TestCheck_OnServer(t *testing.T) {
	s := newShop(t)
	t.Run("accepted statements are plain reads", func(t *testing.T) {
		before := s.state(t)
		sess := s.session(t, s.root)
		for _, sample := range corpus(t, "accept.sql") {
			opt := testOptions
			opt.Dialect = s.dialect
			st, err := Check(sample.sql, opt)
			if err != nil {
				t.Errorf("%s: %v", sample.why, err)
				continue
			}
			query := bindSample(t, st)
			if err := sess.read(t, query); err != nil {
				t.Errorf("%s: %s\n%v", sample.why, query, err)
			}
		}
		if diff := cmp.Diff(before, s.state(t)); diff != "" {
			t.Errorf("the data changed (-want +got):\n%s", diff)
		}
	})
	t.Run("allowed functions are built in", s.functionsAreBuiltIn)
	t.Run("a blank calls a stored function", s.tightNamesAreTight)
	t.Run("keywords are not stored functions", s.keywordsAreNotCalled)
	t.Run("a write is detected", s.oracleCanFail)
	t.Run("values stay values", s.boundOnServer)
}

// functionsAreBuiltIn asks the server about each name that builtin returns true for.
func (s *shop) functionsAreBuiltIn(t *testing.T) {
	source, err := os.ReadFile("functions.go")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, m := range regexp.MustCompile(`"([a-z0-9_]+)"`).FindAllStringSubmatch(string(source), -1) {
		name := m[1]
		if !builtin(name, s.dialect) {
			continue
		}
		asked++
		for _, arguments := range []string{"", "1", "1, 1", "1, 1, 1", "1, 1, 1, 1", "*", "DISTINCT 1"} {
			call := name + "(" + arguments + ")"
			if _, err := Check("SELECT "+call, Options{Dialect: s.dialect}); err != nil {
				continue
			}
			if err := s.ask(t, call); noSuchFunction(err) {
				t.Errorf("%s is not built in: %v", call, err)
			}
			if tight(name) {
				continue
			}
			if err := s.ask(t, name+" ("+arguments+")"); noSuchFunction(err) {
				t.Errorf("%s is not built in with a blank before the bracket: %v", call, err)
			}
		}
	}
	if asked < 250 {
		t.Errorf("asked about %d functions", asked)
	}
}

// ask evaluates an expression in a database without stored functions.
func (s *shop) ask(t *testing.T, expr string) error {
	t.Helper()
	conn, err := s.root.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "USE mysql"); err != nil {
		t.Fatal(err)
	}
	defer conn.ExecContext(context.Background(), "USE shop") //nolint:errcheck // shows in the next query
	return (&session{conn, s}).drain(t.Context(), "SELECT "+expr, nil)
}

func noSuchFunction(err error) bool {
	var my *mysql.MySQLError
	return errors.As(err, &my) && (my.Number == 1305 || my.Number == 1630)
}

// tightNamesAreTight shows that a blank before "(" calls a stored function.
func (s *shop) tightNamesAreTight(t *testing.T) {
	if got := pairs(t, s.root, "SELECT curdate (), 1"); got[0][0] != "stored" {
		t.Errorf("curdate () gave %q, want the stored function's \"stored\"", got[0][0])
	}
}

// keywordsAreNotCalled makes a stored function of each keyword of the grammar that
// the server allows as the name of one, and puts each in front of a bracket in many
// places. No statement that Check accepts may call one of them.
func (s *shop) keywordsAreNotCalled(t *testing.T) {
	files, err := filepath.Glob("parse*.go")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{"cube": true, "rollup": true, "value": true, "sequence": true, "of": true, "lateral": true}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"([A-Z_]{2,})"`).FindAllStringSubmatch(string(source), -1) {
			words[strings.ToLower(m[1])] = true
		}
	}
	conn := s.session(t, s.root).conn
	called, made := 0, 0
	for w := range words {
		if builtin(w, s.dialect) {
			continue
		}
		if _, err := conn.ExecContext(t.Context(), "CREATE FUNCTION `"+w+"` (a TEXT) RETURNS INT DETERMINISTIC NO SQL BEGIN SET @called = '"+w+"'; RETURN 1; END"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.exec(t, "DROP FUNCTION `"+w+"`") })
		made++
		for _, form := range []string{
			"SELECT %s(1)", "SELECT %s (1)", "SELECT DISTINCT %s (1)", "SELECT 1 + %s (1)", "SELECT 1 %s (1)", "SELECT %s %s (1)", "SELECT 1 = %s (1)", "SELECT 1 = %s ((SELECT 1))", "SELECT 1 = %s (SELECT 1)",
			"SELECT COUNT(*) FROM orders GROUP BY %s (id)", "SELECT id FROM orders ORDER BY %s(id)", "SELECT id FROM orders WHERE %s (1)", "SELECT id FROM orders WHERE id %s (1)", "SELECT id FROM orders WHERE id IN (%s (1))",
			"SELECT NOW() + INTERVAL %s (1) DAY", "SELECT SUM(id) OVER (ORDER BY %s (id)) FROM orders", "SELECT CASE %s (1) WHEN 1 THEN 2 END", "SELECT TRIM(%s (1) FROM 'a')", "SELECT 'a' LIKE %s ('a')", "SELECT COUNT(%s (1)) FROM orders", "SELECT NOT %s (1)",
			"SELECT * FROM %s (1)", "SELECT * FROM orders %s (id)", "SELECT * FROM orders, %s (SELECT 1) AS t",
		} {
			query := strings.ReplaceAll(form, "%s", w)
			if _, err := conn.ExecContext(t.Context(), "SET @called = NULL"); err != nil {
				t.Fatal(err)
			}
			_ = (&session{conn, s}).drain(t.Context(), query, nil) // its own errors are the server's affair
			got := pairs(t, conn, "SELECT IFNULL(@called, ''), 1")[0][0]
			if got == "" {
				continue
			}
			called++
			if _, err := Check(query, Options{Dialect: s.dialect}); err == nil {
				t.Errorf("%s calls the stored function %s", query, got)
			}
		}
	}
	if made < 100 || called < 50 {
		t.Errorf("made %d functions and called them %d times", made, called)
	}
}

// oracleCanFail runs statements that Check refuses and wants session.read to
// report them.
func (s *shop) oracleCanFail(t *testing.T) {
	conn := s.session(t, s.root)
	for _, query := range []string{
		"SELECT id FROM orders FOR UPDATE",
		"SELECT GET_LOCK('exportd_check', 0)",
		"SELECT wipe_all()",
	} {
		probe := &recorder{TB: t}
		if err := conn.read(probe, query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if !probe.failed {
			t.Errorf("%s: was taken for a plain read", query)
		}
	}
}

// recorder records a test failure and does not report it.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }
