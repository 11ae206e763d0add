package source

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format/row"
	"exporttask/internal/testkit"
)

type typeCase struct {
	decl, value string // of DDL and INSERT
	want        string // the cell
	col         row.Column
}

const (
	wkbPoint = "\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x40"
	nines    = "99999999999999999999999999999999999.999999999999999999999999999999"
)

func typeCases() []typeCase {
	return []typeCase{
		{"TINYINT", "-128", "-128", row.Column{Type: "TINYINT", Kind: row.Int, Scale: -1, Length: 4}},
		{"TINYINT(1)", "1", "1", row.Column{Type: "TINYINT", Kind: row.Int, Scale: -1, Length: 1}},
		{"SMALLINT UNSIGNED", "65535", "65535", row.Column{Type: "SMALLINT UNSIGNED", Kind: row.Int, Unsigned: true, Scale: -1, Length: 5}},
		{"MEDIUMINT", "-8388608", "-8388608", row.Column{Type: "MEDIUMINT", Kind: row.Int, Scale: -1, Length: 9}},
		{"INT(8) UNSIGNED ZEROFILL", "42", "00000042", row.Column{Type: "INT UNSIGNED", Kind: row.Int, Unsigned: true, Zerofill: true, Scale: -1, Length: 8}},
		{"BIGINT", "-9223372036854775808", "-9223372036854775808", row.Column{Type: "BIGINT", Kind: row.Int, Scale: -1, Length: 20}},
		{"BIGINT UNSIGNED", "18446744073709551615", "18446744073709551615", row.Column{Type: "BIGINT UNSIGNED", Kind: row.Int, Unsigned: true, Scale: -1, Length: 20}},
		{"DECIMAL(65,30)", nines, nines, row.Column{Type: "DECIMAL", Kind: row.Decimal, Scale: 30, Length: 65}},
		{"DECIMAL(12,2)", "-0.5", "-0.50", row.Column{Type: "DECIMAL", Kind: row.Decimal, Scale: 2, Length: 12}},
		{"DECIMAL(6,2) UNSIGNED ZEROFILL", "1.5", "0001.50", row.Column{Type: "DECIMAL UNSIGNED", Kind: row.Decimal, Unsigned: true, Zerofill: true, Scale: 2, Length: 6}},
		{"FLOAT", "0.1", "0.1", row.Column{Type: "FLOAT", Kind: row.Float, Scale: -1, Length: 12}},
		{"FLOAT(7,2)", "100", "100.00", row.Column{Type: "FLOAT", Kind: row.Float, Scale: 2, Length: 7}},
		{"DOUBLE", "1e-7", "0.0000001", row.Column{Type: "DOUBLE", Kind: row.Float, Scale: -1, Length: 22}},
		{"DOUBLE", "1.7976931348623157e308", "1.7976931348623157e308", row.Column{Type: "DOUBLE", Kind: row.Float, Scale: -1, Length: 22}},
		{"DOUBLE(12,2)", "100", "100.00", row.Column{Type: "DOUBLE", Kind: row.Float, Scale: 2, Length: 12}},
		{"BIT(9)", "b'100000001'", "\x01\x01", row.Column{Type: "BIT", Kind: row.Bit, Unsigned: false, Scale: -1, Length: 9}},
		{"YEAR", "0", "0000", row.Column{Type: "YEAR", Kind: row.Year, Scale: -1, Length: 4}},
		{"DATE", "'0000-00-00'", "0000-00-00", row.Column{Type: "DATE", Kind: row.Date, Scale: -1, Length: 10}},
		{"TIME", "'-838:59:59'", "-838:59:59", row.Column{Type: "TIME", Kind: row.Time, Scale: 0, Length: 10}},
		{"TIME(3)", "'-00:00:00.5'", "-00:00:00.500", row.Column{Type: "TIME", Kind: row.Time, Scale: 3, Length: 14}},
		{"DATETIME", "'0000-00-00 00:00:00'", "0000-00-00 00:00:00", row.Column{Type: "DATETIME", Kind: row.DateTime, Scale: 0, Length: 19}},
		{"DATETIME(6)", "'9999-12-31 23:59:59.999999'", "9999-12-31 23:59:59.999999", row.Column{Type: "DATETIME", Kind: row.DateTime, Scale: 6, Length: 26}},
		{"TIMESTAMP(2) NULL", "'2026-01-31 12:00:00'", "2026-01-31 12:00:00.00", row.Column{Type: "TIMESTAMP", Kind: row.DateTime, Scale: 2, Length: 22}},
		{"CHAR(5)", "'ab'", "ab", row.Column{Type: "CHAR", Kind: row.Text, Scale: -1, Length: 5}},
		{"VARCHAR(20)", "'007 中文😀'", "007 中文😀", row.Column{Type: "VARCHAR", Kind: row.Text, Scale: -1, Length: 20}},
		{"VARCHAR(20)", "''", "", row.Column{Type: "VARCHAR", Kind: row.Text, Scale: -1, Length: 20}},
		{"VARCHAR(20)", "NULL", null, row.Column{Type: "VARCHAR", Kind: row.Text, Scale: -1, Length: 20}},
		{"VARCHAR(9) CHARACTER SET latin1", "'Größe'", "Größe", row.Column{Type: "VARCHAR", Kind: row.Text, Scale: -1, Length: 9}},
		{"VARCHAR(9) CHARACTER SET gbk", "'中文'", "中文", row.Column{Type: "VARCHAR", Kind: row.Text, Scale: -1, Length: 9}},
		{"TINYTEXT", "'x'", "x", row.Column{Type: "TINYTEXT", Kind: row.Text, Scale: -1, Length: 255}},
		{"TEXT", "'x'", "x", row.Column{Type: "TEXT", Kind: row.Text, Scale: -1, Length: 65535}},
		{"TEXT CHARACTER SET latin1", "'x'", "x", row.Column{Type: "TEXT", Kind: row.Text, Scale: -1, Length: 65535}},
		{"MEDIUMTEXT", "REPEAT('y',70000)", strings.Repeat("y", 70000), row.Column{Type: "MEDIUMTEXT", Kind: row.Text, Scale: -1, Length: 1<<24 - 1}},
		{"LONGTEXT", "'x'", "x", row.Column{Type: "LONGTEXT", Kind: row.Text, Scale: -1, Length: (1<<32 - 1) / 4}},
		{"BINARY(4)", "'ab'", "ab\x00\x00", row.Column{Type: "BINARY", Kind: row.Binary, Scale: -1, Length: 4}},
		{"VARBINARY(4)", "X'00FF0A'", "\x00\xff\n", row.Column{Type: "VARBINARY", Kind: row.Binary, Scale: -1, Length: 4}},
		{"TINYBLOB", "X'FB'", "\xfb", row.Column{Type: "TINYBLOB", Kind: row.Binary, Scale: -1, Length: 255}},
		{"BLOB", "X'FF'", "\xff", row.Column{Type: "BLOB", Kind: row.Binary, Scale: -1, Length: 65535}},
		{"MEDIUMBLOB", "X'FE'", "\xfe", row.Column{Type: "MEDIUMBLOB", Kind: row.Binary, Scale: -1, Length: 1<<24 - 1}},
		{"LONGBLOB", "X'FC'", "\xfc", row.Column{Type: "LONGBLOB", Kind: row.Binary, Scale: -1, Length: 1<<32 - 1}},
		{"JSON", "'{\"a\": 1}'", `{"a": 1}`, row.Column{Type: "JSON", Kind: row.Text, Scale: -1}},
		{"ENUM('a','bb')", "'bb'", "bb", row.Column{Type: "ENUM", Kind: row.Text, Scale: -1, Length: 2}},
		{"SET('x','y')", "'x,y'", "x,y", row.Column{Type: "SET", Kind: row.Text, Scale: -1, Length: 3}},
		{"GEOMETRY", "POINT(1,2)", wkbPoint, row.Column{Type: "GEOMETRY", Kind: row.Geometry, Scale: -1}},
	}
}

// typeTable creates a table of one row with a column for each case.
func typeTable(t *testing.T) string {
	t.Helper()
	var decls, values []string
	for i, c := range typeCases() {
		decls = append(decls, fmt.Sprintf("c%d %s", i, c.decl))
		values = append(values, c.value)
	}
	return setup(t, "CREATE TABLE types ("+strings.Join(decls, ", ")+")", "INSERT INTO types VALUES ("+strings.Join(values, ", ")+")")
}

func TestSource_Query_cellText(t *testing.T) {
	s := open(t, typeTable(t), Options{})
	queries := map[string]Query{
		"all rows":           {SQL: "SELECT * FROM types"},
		"through a subquery": {SQL: "SELECT * FROM (SELECT * FROM types) AS t LIMIT 5"},
	}
	for name, q := range queries {
		t.Run(name, func(t *testing.T) {
			cur, err := s.Query(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			cols := cur.Columns()
			rows, err := drain(cur)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != 1 || len(rows[0]) != len(typeCases()) {
				t.Fatalf("got %d rows, want 1 of %d cells", len(rows), len(typeCases()))
			}
			for i, c := range typeCases() {
				c.col.Name = fmt.Sprintf("c%d", i)
				if diff := cmp.Diff(c.want, rows[0][i]); diff != "" {
					t.Errorf("%s: cell (-want +got):\n%s", c.decl, diff)
				}
				if diff := cmp.Diff(c.col, cols[i]); diff != "" {
					t.Errorf("%s: column (-want +got):\n%s", c.decl, diff)
				}
			}
		})
	}
}

func TestSource_Prepare(t *testing.T) {
	s := open(t, typeTable(t), Options{})
	got, err := s.Prepare(t.Context(), "SELECT * FROM types WHERE c0 = ?", 1)
	if err != nil {
		t.Fatal(err)
	}
	var want []row.Column
	for i, c := range typeCases() {
		c.col.Name = fmt.Sprintf("c%d", i)
		want = append(want, c.col)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

func TestSource_Prepare_refused(t *testing.T) {
	s := open(t, typeTable(t), Options{})
	for name, c := range map[string]struct {
		sql  string
		args int
	}{
		"a table that is not there":       {"SELECT * FROM nowhere", 0},
		"a missing placeholder":           {"SELECT ?", 2},
		"a placeholder too many":          {"SELECT ?, ?", 1},
		"a statement without a result":    {"DO 1", 0},
		"two statements":                  {"SELECT 1; SELECT 2", 0},
		"a statement that does not parse": {"SELEC 1", 0},
	} {
		t.Run(name, func(t *testing.T) {
			if cols, err := s.Prepare(t.Context(), c.sql, c.args); err == nil {
				t.Errorf("got columns %v, want an error", cols)
			}
		})
	}
}

// The mariadb client prints what it receives, so a difference is caused by this
// package.
func TestSource_Query_sameAsMariaDBClient(t *testing.T) {
	dsn := setup(t, "CREATE TABLE n (i INT(6) ZEROFILL, d DOUBLE, f FLOAT, m DECIMAL(20,6), y YEAR, t TIME(6), s VARCHAR(50), x DATETIME(3))",
		`INSERT INTO n SELECT a.n*31, POW(-1.7, a.n), 1/(1+a.n), a.n/7, IF(a.n%2, 0, 2000+a.n), SEC_TO_TIME(-a.n*1.25), IF(a.n%5, CONCAT('row ', a.n, ' 中'), NULL), '2026-01-01' + INTERVAL a.n*977 SECOND
		 FROM (WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n+1 FROM r WHERE n < 900) SELECT n FROM r) a`)
	const q = "SELECT *, i+1, d*2, m/3, CAST(d AS CHAR) FROM n ORDER BY i"
	want := testkit.MariaDBClient(t).Query(t, dsn, q, "--batch", "--raw", "--skip-column-names", "--default-character-set=utf8mb4")
	var got bytes.Buffer
	for _, r := range queryAll(t, open(t, dsn, Options{BatchBytes: minBatchBytes}), Query{SQL: q}) {
		got.WriteString(strings.ReplaceAll(strings.Join(r, "\t"), null, "NULL") + "\n")
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("rows (-want +got):\n%.2000s", diff)
	}
}

func TestSource_Prepare_MariaDBTypes(t *testing.T) {
	if os.Getenv(testkit.ServerEnv) == "mysql" {
		t.Skip("types of MariaDB alone")
	}
	dsn := setup(t, "CREATE TABLE m (u UUID, i INET6, p POINT)", "INSERT INTO m VALUES ('123e4567-e89b-12d3-a456-426655440000', '::1', POINT(1,2))")
	cur, err := open(t, dsn, Options{}).Query(t.Context(), Query{SQL: "SELECT * FROM m"})
	if err != nil {
		t.Fatal(err)
	}
	want := []row.Column{
		{Name: "u", Type: "UUID", Kind: row.Text, Scale: -1, Length: 36},
		{Name: "i", Type: "INET6", Kind: row.Text, Scale: -1, Length: 39},
		{Name: "p", Type: "POINT", Kind: row.Geometry, Scale: -1},
	}
	if diff := cmp.Diff(want, cur.Columns()); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	rows, err := drain(cur)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"123e4567-e89b-12d3-a456-426655440000", "::1", wkbPoint}}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestSource_Prepare_noFixedScale(t *testing.T) {
	for _, typ := range []byte{typeDateTime, typeTime, typeTimestamp, typeFloat, typeDouble} {
		for _, decimals := range []byte{31, 39} { // MySQL's and MariaDB's "as many as it takes"
			d := definition{typ: typ, decimals: decimals}
			if got := d.column(); got.Scale != -1 {
				t.Errorf("%s: scale: got %d, want -1", got.Type, got.Scale)
			}
		}
	}
}

func TestSource_Prepare_expressions(t *testing.T) {
	s := open(t, testkit.Database(t), Options{})
	cur, err := s.Query(t.Context(), Query{SQL: "SELECT NULL, 1 AS n, 'x' AS `a b`, 1.50 AS d, TIMESTAMP'2026-01-31 00:00:00' AS ts, X'00' AS bin"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range cur.Columns() {
		got = append(got, fmt.Sprintf("%s %s %d", c.Name, c.Type, c.Scale))
	}
	rows, err := drain(cur)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{null, "1", "x", "1.50", "2026-01-31 00:00:00", "\x00"}}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	want := []string{"NULL NULL -1", "n INT -1", "a b VARCHAR -1", "d DECIMAL 2", "ts DATETIME 0", "bin VARBINARY -1"}
	if os.Getenv(testkit.ServerEnv) == "mysql" {
		want[1] = "n BIGINT -1"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}
