package source

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"exporttask/internal/testkit"
)

var update = flag.Bool("update", false, "write docs/source-errors.md")

func TestServerErrors_order(t *testing.T) {
	last := uint16(0)
	for _, c := range ServerErrors {
		if c.First <= last || c.Last < c.First {
			t.Errorf("%d..%d after %d: want the order of the numbers without overlap", c.First, c.Last, last)
		}
		if c.Name == "" || c.From == 0 || c.Meaning == "" {
			t.Errorf("%d: want a name, an origin and a meaning", c.First)
		}
		last = c.Last
	}
}

// docs/source-errors.md is written from the table.
func TestServerErrors_docs(t *testing.T) {
	const file, begin, end = "../../docs/source-errors.md", "<!-- table -->\n", "<!-- end of table -->\n"
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(old), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s: want %q and %q", file, begin, end)
	}
	var b strings.Builder
	b.WriteString(head + begin + "| numbers | name | sent by | action | who | meaning |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, c := range ServerErrors {
		numbers := fmt.Sprint(c.First)
		if c.Last != c.First {
			numbers += fmt.Sprintf("–%d", c.Last)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", numbers, c.Name, c.From, c.Verdict.Action, c.Verdict.Owner, c.Meaning)
	}
	b.WriteString(end + tail)
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != string(old) {
		t.Errorf("%s differs from the table: run go test ./internal/source -run TestServerErrors_docs -update", file)
	}
}

// The verdicts on errors of a real server.
func TestClassify_server(t *testing.T) {
	dsn := withDigits(t)
	set, err := parseDSN(dsn, Options{})
	if err != nil {
		t.Fatal(err)
	}
	account := testkit.Account(t, dsn, "SELECT ON digits")
	for name, c := range map[string]struct {
		dsn, sql string
		want     Verdict
	}{
		"syntax":             {dsn, "SELEC 1", Verdict{Final, Author}},
		"unknown_table":      {dsn, "SELECT * FROM nothing", Verdict{Final, Author}},
		"unknown_column":     {dsn, "SELECT nothing FROM digits", Verdict{Final, Author}},
		"unknown_schema":     {dsn, "SELECT * FROM nowhere.digits", Verdict{Final, Author}},
		"mixed_collations":   {dsn, "SELECT 'a' COLLATE utf8mb4_bin = 'b' COLLATE utf8mb4_general_ci", Verdict{Final, Author}},
		"no_privilege":       {account, "SELECT * FROM mysql.user", Verdict{Final, Author}},
		"two_rows":           {dsn, "SELECT (SELECT d FROM digits)", Verdict{Final, Author}},
		"wrong_password":     {strings.Replace(account, ":", ":x", 1), "SELECT 1", Verdict{Final, Administrator}},
		"unknown_account":    {"nobody:x@tcp(" + set.addr + ")/", "SELECT 1", Verdict{Final, Administrator}},
		"unknown_database":   {strings.Replace(dsn, "/"+set.database, "/nowhere", 1), "SELECT 1", Verdict{Final, Administrator}},
		"unknown_collation":  {withParam(dsn, "collation=utf8mb4_nothing"), "SELECT 1", Verdict{Final, Administrator}},
		"unreachable":        {"u:p@tcp(127.0.0.1:1)/", "SELECT 1", Verdict{Wait, Server}},
		"no_result":          {dsn, "DO 1", Verdict{Final, Author}},
		"certificate":        {withParam(dsn, "tls=true"), "SELECT 1", Verdict{Final, Administrator}},
		"unknown_host":       {"u:p@tcp(nowhere.invalid)/", "SELECT 1", Verdict{Wait, Server}},
		"missing_socket":     {"u:p@unix(/nowhere/mysqld.sock)/", "SELECT 1", Verdict{Wait, Server}},
		"write":              {dsn, "INSERT INTO digits VALUES (1)", Verdict{Final, Author}},
		"unknown_time_zone":  {dsn, "SELECT CONVERT_TZ(NOW(), 'a', 'b') FROM nothing", Verdict{Final, Author}},
		"value_out_of_range": {dsn, "SELECT CAST(18446744073709551615 AS UNSIGNED) + 1", Verdict{Final, Author}},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, c.dsn, Options{})
			cur, err := s.Query(t.Context(), Query{SQL: c.sql})
			if err == nil {
				_, err = drain(cur)
			}
			if err == nil {
				t.Fatal("no error")
			}
			if before := c.want.Owner == Administrator || c.want.Action == Wait; before != errors.As(err, new(*LoginError)) {
				t.Errorf("%v: a *LoginError: %t, want %t", err, !before, before)
			}
			if got := Classify(err); got != c.want {
				t.Errorf("%v: got %s, %s, want %s, %s", err, got.Action, got.Owner, c.want.Action, c.want.Owner)
			}
		})
	}
}

// The verdicts on numbers that the test servers do not send.
func TestClassify_numbers(t *testing.T) {
	for code, want := range map[uint16]Verdict{
		9001: {Wait, Server}, 9002: {Wait, Server}, 9003: {Retry, Server}, 9006: {Wait, Server}, 9501: {Wait, Server},
		2003: {Wait, Server}, 2006: {Wait, Server}, 2013: {Wait, Server}, 2055: {Wait, Server}, 2026: {Wait, Server},
		1461: {Wait, Server}, 1040: {Wait, Server}, 1203: {Wait, Server}, 1226: {Wait, Server}, 1053: {Wait, Server},
		1047: {Wait, Server}, 1927: {Wait, Server}, 3169: {Wait, Server}, 4031: {Wait, Server}, 1152: {Wait, Server},
		1205: {Retry, Server}, 1213: {Retry, Server}, 1020: {Retry, Server}, 1412: {Retry, Server}, 1615: {Retry, Server},
		1030: {Retry, Server}, 1114: {Retry, Server}, 5: {Retry, Server}, 28: {Retry, Server}, 1105: {Retry, Server},
		1045: {Final, Administrator}, 1044: {Final, Administrator}, 1130: {Final, Administrator}, 1251: {Final, Administrator}, 1698: {Final, Administrator},
		1820: {Final, Administrator}, 3118: {Final, Administrator}, 4151: {Final, Administrator}, 3159: {Final, Administrator},
		1064: {Final, Author}, 1146: {Final, Author}, 1142: {Final, Author}, 1267: {Final, Author}, 1690: {Final, Author},
		1317: {Final, Server}, 1194: {Final, Server},
	} {
		if got := Classify(fmt.Errorf("query: %w", &ServerError{Code: code, State: "HY000"})); got != want {
			t.Errorf("%d: got %s, %s, want %s, %s", code, got.Action, got.Owner, want.Action, want.Owner)
		}
	}
	for state, want := range map[string]Verdict{
		"08S01": {Wait, Server}, "08004": {Wait, Server}, "28000": {Final, Administrator}, "40001": {Retry, Server}, "42000": {Final, Author}, "HY000": {Final, Author}, "": {Final, Author},
	} {
		if got := Classify(&ServerError{Code: 65000, State: state}); got != want {
			t.Errorf("state %q: got %s, %s, want %s, %s", state, got.Action, got.Owner, want.Action, want.Owner)
		}
	}
	login := &LoginError{During: "session", Err: &ServerError{Code: 1193, State: "HY000"}}
	if !Misconfigured(login) || Transient(login) {
		t.Errorf("%v: got %v, want the administrator", login, Classify(login))
	}
	if err := errors.Join(&LoginError{During: "login", Err: &ServerError{Code: 1040}}); !Outage(err) {
		t.Errorf("%v: got %v, want an outage", err, Classify(err))
	}
}
