package source

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
)

func TestConn_begin_variables(t *testing.T) {
	s := open(t, withParam(testkit.Database(t), "collation=utf8mb4_bin"), Options{TimeZone: "+08:00", Limits: Limits{StatementTime: 90 * time.Second}})
	limit := "@@max_statement_time"
	want := []string{"+08:00", "3600", "65535", "utf8mb4", "utf8mb4", "utf8mb4_bin", "18446744073709551615", "90.000000"}
	if os.Getenv(testkit.ServerEnv) == "mysql" {
		limit, want[2], want[7] = "@@max_execution_time", "1024", "90000"
	}
	got := queryAll(t, s, Query{SQL: "SELECT @@time_zone, @@net_write_timeout, @@max_error_count, @@character_set_client, @@character_set_results, " +
		"@@collation_connection, @@sql_select_limit, " + limit})
	if diff := cmp.Diff([][]string{want}, got); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}

func TestSource_Query_timestampZone(t *testing.T) {
	dsn := setup(t, "CREATE TABLE z (t TIMESTAMP NULL, d DATETIME)", "INSERT INTO z VALUES ('2026-01-31 23:00:00', '2026-01-31 23:00:00')")
	for zone, want := range map[string]string{"": "2026-01-31 23:00:00", "+08:00": "2026-02-01 07:00:00", "-03:30": "2026-01-31 19:30:00"} {
		got := queryAll(t, open(t, dsn, Options{TimeZone: zone}), Query{SQL: "SELECT t, d FROM z"})
		if diff := cmp.Diff([][]string{{want, "2026-01-31 23:00:00"}}, got); diff != "" {
			t.Errorf("zone %q (-want +got):\n%s", zone, diff)
		}
	}
}

func TestSource_Query_readOnly(t *testing.T) {
	dsn := setup(t, "CREATE TABLE w (i INT)")
	for _, snapshot := range []bool{false, true} {
		s := open(t, dsn, Options{Snapshot: snapshot})
		_, err := s.Query(t.Context(), Query{SQL: "INSERT INTO w VALUES (1)"})
		var se *ServerError
		if !errors.As(err, &se) || se.Code != 1792 {
			t.Errorf("snapshot %t: got %v, want server error 1792", snapshot, err)
		}
		if _, err := s.Query(t.Context(), Query{SQL: "SELECT 1; SELECT 2"}); !errors.As(err, &se) || se.Code != 1064 {
			t.Errorf("two statements: got %v, want server error 1064", err)
		}
		if _, err := s.Query(t.Context(), Query{SQL: "DO 1"}); !errors.Is(err, errNoResult) {
			t.Errorf("no result: got %v, want errNoResult", err)
		}
	}
}

func TestConn_begin_snapshot(t *testing.T) {
	dsn := setup(t, "CREATE TABLE s (i INT) ENGINE=InnoDB", "INSERT INTO s VALUES (1)")
	s := open(t, dsn, Options{})
	c, err := s.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.begin(Limits{}, Query{Snapshot: true}); err != nil {
		t.Fatal(err)
	}
	run(t, dsn, "INSERT INTO s VALUES (2)")
	rows, err := c.selectAll("SELECT COUNT(*) FROM s")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"1"}}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestSource_kill_otherServer(t *testing.T) {
	dsn := withDigits(t)
	s := open(t, dsn, Options{})
	mine, err := s.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer mine.close()
	balanced := &conn{nc: mine.nc, id: mine.id, peer: identity{host: "elsewhere", port: "3306", serverID: "9"}, src: s, to: mine.to}
	if err := s.kill(balanced); !errors.As(err, new(*KillError)) {
		t.Errorf("got %v, want a *KillError", err)
	}
	if _, err := mine.selectAll("SELECT 1"); err != nil {
		t.Errorf("the connection of that number here was killed: %v", err)
	}
}

func TestSource_EstimateRows(t *testing.T) {
	dsn := withDigits(t)
	run(t, dsn, "ANALYZE TABLE digits")
	s := open(t, dsn, Options{})
	for sql, want := range map[string]int64{
		"SELECT * FROM digits":                                10,
		"SELECT * FROM digits WHERE d = 3":                    1,
		"SELECT * FROM digits a, digits b":                    100,
		"SELECT * FROM digits UNION ALL SELECT * FROM digits": 20,
		"SELECT 1": 0,
		"WITH q AS (SELECT d+0 AS d FROM digits LIMIT 4) SELECT * FROM q": 4,
	} {
		got, err := s.EstimateRows(t.Context(), sql)
		if err != nil || got != want {
			t.Errorf("%s: got %d and %v, want %d", sql, got, err, want)
		}
	}
}

func TestSource_ExcessGrants(t *testing.T) {
	dsn := withDigits(t)
	set, err := parseDSN(dsn, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := open(t, testkit.Account(t, dsn, "SELECT", "SHOW VIEW"), Options{}).ExcessGrants(t.Context())
	if err != nil || len(got) != 0 {
		t.Errorf("a reader: got %q and %v, want neither", got, err)
	}
	got, err = open(t, testkit.Account(t, dsn, "SELECT, INSERT, UPDATE (d) ON digits"), Options{}).ExcessGrants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	on := fmt.Sprintf("ON `%s`.`digits`", set.database)
	if len(got) != 2 || got[0] != "INSERT "+on {
		t.Errorf("a writer: got %q, want INSERT and UPDATE %s", got, on)
	}
}

func TestExcessOf(t *testing.T) {
	for grant, want := range map[string][]string{
		"GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*AB'":         nil,
		"GRANT SELECT (`a`, `b`), SHOW VIEW ON `d`.`t` TO `u`@`%`":           nil,
		"GRANT SELECT, UPDATE (`a`, `b`) ON `d`.`t` TO `u`@`%`":              {"UPDATE (`a`, `b`) ON `d`.`t`"},
		"GRANT ALL PRIVILEGES ON *.* TO `u`@`%` WITH GRANT OPTION":           {"ALL PRIVILEGES ON *.*", "GRANT OPTION ON *.*"},
		"GRANT `writer`@`%` TO `u`@`%`":                                      {"role `writer`@`%`"},
		"GRANT PROXY ON ''@'%' TO 'u'@'%'":                                   {"PROXY ON ''@'%'"},
		"IDENTIFIED BY PASSWORD '*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29'": {"a grant of unknown form"},
	} {
		if diff := cmp.Diff(want, excessOf(grant)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", grant, diff)
		}
	}
}
