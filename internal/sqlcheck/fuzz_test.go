package sqlcheck

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oracle holds what Check accepts against a real server, under its usual
// sql_mode and under others that read quotes, backslashes, blanks and names in
// another way.
type oracle struct {
	shop     *shop
	before   map[string]string
	sessions map[string]*session
}

func newOracle(f *testing.F) *oracle {
	f.Helper()
	s := newShop(f)
	o := &oracle{shop: s, before: s.state(f), sessions: map[string]*session{}}
	limit := "SET SESSION max_statement_time = 0.2" // seconds
	if s.dialect == MySQL {
		limit = "SET SESSION max_execution_time = 200" // milliseconds
	}
	modes := map[string]string{
		"usual": "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
		"odd":   "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,HIGH_NOT_PRECEDENCE",
		"blank": "IGNORE_SPACE,NO_BACKSLASH_ESCAPES",
	}
	if s.dialect == MariaDB {
		modes["oracle"] = "ORACLE"
	}
	for name, mode := range modes {
		sess := s.session(f, s.root)
		for _, q := range []string{limit, "SET SESSION sql_mode = '" + mode + "'"} {
			if _, err := sess.conn.ExecContext(context.Background(), q); err != nil {
				f.Fatal(err)
			}
		}
		o.sessions[name] = sess
	}
	return o
}

// check fails unless sql is refused, or is read in one way by everyone: by
// Check when it reads its own output, and by the server, for which it must be
// one plain SELECT (or an error of its own, such as an unknown column).
func (o *oracle) check(t *testing.T, sql string) {
	t.Helper()
	opt := testOptions
	opt.Dialect = o.shop.dialect
	st, err := Check(sql, opt)
	if err != nil {
		return
	}
	var named strings.Builder
	end := 0
	for _, m := range st.marks {
		named.WriteString(st.SQL[end:m.off] + ":" + m.name)
		end = m.off + 1
	}
	named.WriteString(st.SQL[end:])
	again, err := Check(named.String(), opt)
	if err != nil {
		t.Fatalf("%q\nwas accepted, what is sent is not: %v", sql, err)
	}
	if diff := cmp.Diff([]any{st.SQL, st.Names}, []any{again.SQL, again.Names}); diff != "" {
		t.Errorf("%q\nis read in two ways (-first +second):\n%s", sql, diff)
	}
	if problem, _ := referee(st, opt); problem != "" {
		t.Errorf("%q\nanother grammar reads %s in %q", sql, problem, st.SQL)
	}
	texts := []string{}
	if sample, err := st.Sample(nil); err == nil {
		texts = append(texts, sample)
	}
	args := make([]any, len(st.Names))
	for i := range args {
		args[i] = 1
	}
	for _, sess := range o.sessions {
		_ = sess.read(t, st.SQL, args...) // its own errors are the server's affair
		for _, text := range texts {
			_ = sess.read(t, text)
		}
	}
	if diff := cmp.Diff(o.before, o.shop.state(t)); diff != "" {
		t.Errorf("%q\nchanged the data (-want +got):\n%s", st.SQL, diff)
	}
}

func FuzzCheck(f *testing.F) {
	o := newOracle(f)
	for _, name := range []string{"accept.sql", "refuse.sql", "hostile.sql"} {
		for _, s := range corpus(f, name) {
			f.Add(s.sql)
		}
	}
	f.Fuzz(func(t *testing.T, sql string) { o.check(t, sql) })
}

// fragments are what FuzzFragments puts together: a byte chooses one. They are
// the places where lexers and grammars are known to part ways.
func fragments() []string {
	return []string{
		"SELECT ", "1", " ", "\n", "(", ")", ",", "*", " FROM ", "orders", "shops", "o", ".", "id", "amount", "`", "'", `"`, `\`, "''", `\'`, `\\`,
		"/*", "*/", "/*!", "/*M!", "/*+ ", "--", "-- ", "#", ";", ":x", ":", ":=", "@v", "@", "?", "a", "_utf8mb4", "N'", "X'4D'", "0x4D", "1e", "1.", ".5",
		" WHERE ", " AND ", " IN ", " AS ", " UNION ", " UNION ALL ", " LIMIT ", " ORDER BY ", " GROUP BY ", " HAVING ", " JOIN ", " ON ", " USING ",
		"WITH ", "RECURSIVE ", " c ", " FOR ", " UPDATE ", " SHARE ", " LOCK IN SHARE MODE", " INTO ", " OUTFILE '/tmp/exportd_check'", " PROCEDURE ",
		"sleep", "curdate", "wipe_all", "GET_LOCK", "COUNT", "CONCAT", "IF", "NEXT VALUE FOR ", "numbers", "DEFAULT", "NEXTVAL", "VALUES", "TABLE ", "ROW",
		"shop", "mysql", "user", "sys", "CASE ", " WHEN ", " THEN ", " END ", " NOT ", " NULL ", " LIKE ", "=", "<", ">", "+", "-", "/", "!", "|", "&", "%",
		"CAST(", " CHAR ", "INTERVAL ", " DAY ", "DATE ", "DISTINCT ", " OVER ", " WINDOW w AS ", "PARTITION BY ", " COLLATE utf8mb4_bin ", "\r\n", "\t", "é", "金", "$", "{", "}",
		// New words stand at the end: the corpus picks words by their place.
		" JSON_TABLE(", " COLUMNS (", " PATH ", " VALUES (", "MATCH", " AGAINST (", "INTERVAL (", " OFFSET ", " ROWS ", " FETCH NEXT ", " ONLY", " WITHIN GROUP (", "TRIM(BOTH ", "SQL_NO_CACHE ", "SQL_CACHE ",
		"POINT", "ROLLUP", " ANY ", " LATERAL ", "MEMBER OF ", " SOUNDS LIKE ", " WITH ROLLUP", " ROW(", "30d", "1月", "REPEAT(", "NULLIF(", "DATE'", "EXISTS ", " IS ", "BETWEEN ",
	}
}

func FuzzFragments(f *testing.F) {
	o := newOracle(f)
	words := fragments()
	index := map[string]byte{}
	for i, w := range words {
		index[w] = byte(i)
	}
	encode := func(parts ...string) []byte {
		var b []byte
		for _, p := range parts {
			b = append(b, index[p])
		}
		return b
	}
	f.Add(encode("SELECT ", "*", " FROM ", "orders"))
	f.Add(encode("SELECT ", "id", " FROM ", "orders", " WHERE ", "id", " IN ", "(", ":x", ")", " ORDER BY ", "id", " LIMIT ", "1"))
	f.Add(encode("SELECT ", "COUNT", "(", "*", ")", " FROM ", "shop", ".", "orders", " AS ", "o", " GROUP BY ", "o", ".", "id", " HAVING ", "1"))
	f.Add(encode("WITH ", " c ", " AS ", "(", "SELECT ", "1", " AS ", "a", ")", "SELECT ", "a", " FROM ", " c ", " UNION ", "SELECT ", "'", "a", "'"))
	f.Add(encode("SELECT ", "CONCAT", "(", "'", `\'`, "'", ",", `"`, "a", `"`, ")", "/*", "a", "*/", "-- ", "a"))
	f.Fuzz(func(t *testing.T, picks []byte) {
		var b strings.Builder
		for _, p := range picks {
			b.WriteString(words[int(p)%len(words)])
		}
		o.check(t, b.String())
	})
}
