package source

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
	"exporttask/internal/testkit/servers"
)

// The test server has no time zone tables; its own time zone is that of the
// machine.

func TestSource_Query_timeZone(t *testing.T) {
	dsn := setup(t, "CREATE TABLE o (id INT, paid_at TIMESTAMP NULL, made DATETIME, add_time INT)",
		// 23:30 on 31 January in UTC is 07:30 on 1 February in Shanghai.
		"INSERT INTO o VALUES (1, '2026-01-31 23:30:00', '2026-02-01 07:30:00', UNIX_TIMESTAMP('2026-01-31 23:30:00'))")
	const query = "SELECT paid_at, DATE(paid_at), made, FROM_UNIXTIME(add_time), TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(), NOW()) " +
		"FROM o WHERE paid_at >= '2026-02-01 00:00:00' AND add_time >= UNIX_TIMESTAMP('2026-02-01 00:00:00')"
	for _, zone := range []string{"Asia/Shanghai", "+08:00"} {
		got := queryAll(t, open(t, dsn, Options{TimeZone: zone}), Query{SQL: query})
		want := [][]string{{"2026-02-01 07:30:00", "2026-02-01", "2026-02-01 07:30:00", "2026-02-01 07:30:00", "8"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", zone, diff)
		}
	}
	if got := queryAll(t, open(t, dsn, Options{}), Query{SQL: query}); len(got) != 0 {
		t.Errorf("UTC: got %v, want no row: it is 31 January there", got)
	}
}

// The location of TIMESTAMP columns is the session's, so that a declared zone
// converts from it.
func TestSource_Prepare_timestampLocation(t *testing.T) {
	dsn := setup(t, "CREATE TABLE o (t TIMESTAMP NULL, d DATETIME)")
	for zone, want := range map[string]string{"Asia/Shanghai": "Asia/Shanghai", "+09:00": "+09:00", "UTC": "", "": ""} {
		cols, err := open(t, dsn, Options{TimeZone: zone}).Prepare(t.Context(), "SELECT t, d FROM o", 0)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if cols[0].Location != nil {
			got = cols[0].Location.String()
		}
		if got != want || cols[1].Location != nil {
			t.Errorf("%q: TIMESTAMP in %q, DATETIME in %v, want %q and none", zone, got, cols[1].Location, want)
		}
	}
}

// A substitute that was found on one server is not used on another.
func TestZone_session_otherServer(t *testing.T) {
	z, err := parseZone("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	first, second := identity{host: "a"}, identity{host: "b"}
	z.substitute.Store(&substitute{value: "SYSTEM", server: first})
	if got := z.session(first); got != "time_zone='SYSTEM'" {
		t.Errorf("the server without tables: %s", got)
	}
	if got := z.session(second); got != "time_zone='Asia/Shanghai'" {
		t.Errorf("another server: %s", got)
	}
}

func TestSource_Query_timeZoneOfServer(t *testing.T) {
	dsn := testkit.Database(t)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var want string
	if err := db.QueryRowContext(t.Context(), "SELECT @@global.time_zone").Scan(&want); err != nil {
		t.Fatal(err)
	}
	got := queryAll(t, open(t, dsn, Options{TimeZone: ServerTimeZone}), Query{SQL: "SELECT @@time_zone"})
	if diff := cmp.Diff([][]string{{want}}, got); diff != "" {
		t.Errorf("time_zone (-want +got):\n%s", diff)
	}
}

func TestSource_Query_timeZoneWithClockChanges(t *testing.T) {
	s := open(t, testkit.Database(t), Options{TimeZone: "America/New_York"})
	_, err := s.Query(t.Context(), Query{SQL: "SELECT 1"})
	var config *ConfigError
	if !errors.As(err, &config) || !strings.Contains(err.Error(), "America/New_York") || !strings.Contains(err.Error(), "time zone tables") {
		t.Errorf("got %v, want a *ConfigError that names the zone", err)
	}
	if !Misconfigured(err) {
		t.Errorf("verdict %v, want that of the administrator", Classify(err))
	}
}

// A server whose tables know America/New_York, and whose system time zone is
// Europe/Berlin.
func TestSource_Query_timeZoneTables(t *testing.T) {
	if isMySQL() {
		t.Skip("MariaDB stands for both: the tables are the same")
	}
	t.Setenv("TZ", "Europe/Berlin")
	server, err := servers.StartDB(t.Context(), testkit.Server(t).Install(), servers.DBOptions{Dir: filepath.Join(t.TempDir(), "db"), Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop() //nolint:errcheck // the folder is removed
	root := server.RootDSN("mysql")
	run(t, root, "CREATE DATABASE shop", "CREATE TABLE shop.z (t TIMESTAMP NULL)",
		"INSERT INTO shop.z VALUES ('2026-03-08 06:59:59'), ('2026-03-08 07:00:00'), ('2026-11-01 05:30:00'), ('2026-11-01 06:30:00')")
	dsn := server.RootDSN("shop")
	read := Query{SQL: "SELECT t FROM z ORDER BY t"}

	t.Run("system_zone_is_the_same", func(t *testing.T) {
		s := open(t, dsn, Options{TimeZone: "Europe/Berlin"})
		got := queryAll(t, s, read)
		want := [][]string{{"2026-03-08 07:59:59"}, {"2026-03-08 08:00:00"}, {"2026-11-01 06:30:00"}, {"2026-11-01 07:30:00"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
	t.Run("server_location", func(t *testing.T) {
		berlin, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, dsn, Options{TimeZone: ServerTimeZone, ServiceZone: berlin})
		if warnings, err := s.Probe(t.Context()); err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "time zone tables") {
			t.Errorf("warnings %q, error %v, want one about tables", warnings, err)
		}
		if s.Location() != berlin {
			t.Errorf("location %s, want Europe/Berlin", s.Location())
		}
		other := open(t, dsn, Options{TimeZone: ServerTimeZone})
		if warnings, err := other.Probe(t.Context()); err != nil || len(warnings) != 2 || !strings.Contains(warnings[0], "service's zone") {
			t.Errorf("warnings %q, error %v, want two, one about the service's zone", warnings, err)
		}
	})
	loadZone(t, root, 1, "America/New_York")
	loadZone(t, root, 2, "Europe/Moscow")
	t.Run("named", func(t *testing.T) {
		s := open(t, dsn, Options{TimeZone: "America/New_York"})
		warnings, err := s.Probe(t.Context())
		if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "SYSTEM (CE") || !strings.Contains(warnings[0], "America/New_York") {
			t.Errorf("warnings %q, error %v, want one about the server's time zone", warnings, err)
		}
		got := queryAll(t, s, read)
		want := [][]string{{"2026-03-08 01:59:59"}, {"2026-03-08 03:00:00"}, {"2026-11-01 01:30:00"}, {"2026-11-01 01:30:00"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
	t.Run("other_rules", func(t *testing.T) {
		run(t, root, "UPDATE mysql.time_zone_transition SET transition_time = transition_time + 86400*7 WHERE time_zone_id = 1 AND transition_time > UNIX_TIMESTAMP()", "FLUSH TABLES")
		if err := server.Kill(); err != nil { // the rules are cached
			t.Fatal(err)
		}
		if err := server.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		warnings, err := open(t, dsn, Options{TimeZone: "America/New_York"}).Probe(t.Context())
		if err != nil || len(warnings) != 2 || !strings.Contains(warnings[1], "other rules") {
			t.Errorf("warnings %q, error %v, want two, one about the rules", warnings, err)
		}
	})
}

// loadZone writes a zone into the server's time zone tables.
func loadZone(t *testing.T, root string, id int, name string) {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]int{}
	stmts := []string{
		fmt.Sprintf("INSERT INTO mysql.time_zone (time_zone_id, use_leap_seconds) VALUES (%d, 'N')", id),
		fmt.Sprintf("INSERT INTO mysql.time_zone_name (name, time_zone_id) VALUES ('%s', %d)", name, id),
	}
	for at := time.Unix(0, 0); at.Year() < 2037; {
		abbreviation, offset := at.In(zone).Zone()
		key := fmt.Sprint(abbreviation, offset)
		if _, ok := types[key]; !ok {
			types[key] = len(types)
			stmts = append(stmts, fmt.Sprintf("INSERT INTO mysql.time_zone_transition_type VALUES (%d, %d, %d, %t, '%s')",
				id, types[key], offset, at.In(zone).IsDST(), abbreviation))
		}
		stmts = append(stmts, fmt.Sprintf("INSERT INTO mysql.time_zone_transition (time_zone_id, transition_time, transition_type_id) VALUES (%d, %d, %d)", id, at.Unix(), types[key]))
		_, next := at.In(zone).ZoneBounds()
		if next.IsZero() {
			break
		}
		at = next
	}
	run(t, root, stmts...)
}

func TestSource_Notes(t *testing.T) {
	dsn := setup(t, "CREATE TABLE n (f FLOAT, g FLOAT(9,2), d DOUBLE, at DATETIME)", "INSERT INTO n VALUES (123456.789, 1.5, 1.5, '2026-01-01 00:00:00')")
	s := open(t, dsn, Options{})
	for sql, want := range map[string][]string{
		"SELECT f FROM n": {NoteFloat},
		"SELECT g, d, CAST(f AS DOUBLE) AS f2 FROM n":                                                         nil,
		"SELECT CONVERT_TZ(at, '+00:00', 'Asia/Shanghai') FROM n":                                             {NoteZoneNames},
		"SELECT convert_tz (at, '+00:00', '+08:00') FROM n":                                                   nil,
		"SELECT CONVERT_TZ(at, @@session.time_zone, '+08:00') FROM n":                                         {NoteZoneNames},
		"SELECT CONVERT_TZ(CONVERT_TZ(at, '+00:00', '+08:00'), '+08:00', 'Asia/Tokyo'), f + 0 AS x, f FROM n": {NoteZoneNames, NoteFloat},
	} {
		codes := func(notes []Note) (all []string) {
			for _, n := range notes {
				all = append(all, n.Code)
			}
			return all
		}
		columns, err := s.Prepare(t.Context(), sql, 0)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if diff := cmp.Diff(want, codes(s.Notes(sql, columns))); diff != "" {
			t.Errorf("Prepare %s (-want +got):\n%s", sql, diff)
		}
		cur, err := s.Query(t.Context(), Query{SQL: sql})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, codes(cur.Notes())); diff != "" {
			t.Errorf("Query %s (-want +got):\n%s", sql, diff)
		}
		if err := cur.Close(); err != nil {
			t.Error(err)
		}
	}
}
