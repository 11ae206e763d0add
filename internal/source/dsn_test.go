package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOpen_DSNParameters(t *testing.T) {
	for _, dsn := range []string{
		"u:p@tcp(db:3306)/shop",
		"u:p@tcp(db)/",
		"u@unix(/run/mysqld/mysqld.sock)/shop",
		"u:p?x/y@tcp([::1]:3306)/shop?timeout=3s",
		"u:p@tcp(db)/shop?charset=utf8mb4&collation=utf8mb4_bin",
		"u:p@tcp(db)/shop?tls=true&connectionAttributes=program_name:exportd",
		"u:p@tcp(db)/shop?multiStatements=false&interpolateParams=0",
	} {
		if _, err := Open("shop", dsn, Options{}); err != nil {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}

func TestOpen_refused(t *testing.T) {
	const base = "u:s3cret@tcp(db:3306)/shop"
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dsn  string
		opts Options
		want string
	}{
		"several statements":       {base + "?multiStatements=true", Options{}, "multiStatements"},
		"values in the statement":  {base + "?interpolateParams=true", Options{}, "interpolateParams"},
		"files":                    {base + "?allowAllFiles=true", Options{}, "allowAllFiles"},
		"clear passwords":          {base + "?allowCleartextPasswords=true", Options{}, "allowCleartextPasswords"},
		"clear, any certificate":   {base + "?allowCleartextPasswords=true&tls=skip-verify", Options{}, "want tls=true"},
		"clear, if there is TLS":   {base + "?allowCleartextPasswords=true&tls=preferred", Options{}, "want tls=true"},
		"old passwords":            {base + "?allowOldPasswords=1", Options{}, "allowOldPasswords"},
		"compression":              {base + "?compress=true", Options{}, "compress"},
		"a read timeout":           {base + "?readTimeout=30s", Options{}, "readTimeout"},
		"other names of columns":   {base + "?columnsWithAlias=true", Options{}, "columnsWithAlias"},
		"a parameter that panics":  {base + "?strict=true", Options{}, "strict"},
		"a session variable":       {base + "?sql_mode=ANSI", Options{}, `unknown parameter "sql_mode"`},
		"a misspelt one":           {base + "?parsetime=true", Options{}, "parsetime"},
		"another charset":          {base + "?charset=latin1", Options{}, "latin1"},
		"a charset to fall back":   {base + "?charset=utf8mb4,utf8", Options{}, "charset"},
		"another charset's order":  {base + "?collation=latin1_bin", Options{}, "latin1_bin"},
		"SQL in a collation":       {base + "?collation=utf8mb4_bin,x", Options{}, "collation"},
		"no slash":                 {"u:s3cret@tcp(db:3306)", Options{}, "slash"},
		"another network":          {"u:s3cret@udp(db:3306)/", Options{}, "udp"},
		"unregistered TLS":         {base + "?tls=mine", Options{}, "mine"},
		"a CA that is not there":   {base, Options{CAFile: "/nowhere/ca.pem"}, "/nowhere/ca.pem"},
		"a CA without certificate": {base, Options{CAFile: empty}, empty},
		"a CA without TLS":         {base + "?tls=false", Options{CAFile: empty}, "tls=false"},
		"SQL in a zone":            {base, Options{TimeZone: "x', sql_mode='"}, "time-zone"},
		"unknown zone":             {base, Options{TimeZone: "Asia/Shangai"}, `time-zone: "Asia/Shangai", want an IANA name`},
		"local zone":               {base, Options{TimeZone: "Local"}, "time-zone"},
		"loc":                      {base + "?loc=Asia%2FShanghai", Options{}, `"loc" is not allowed: it has no effect: values are not parsed; set the data source's time-zone`},
		"parseTime":                {base + "?parseTime=false", Options{}, `"parseTime"`},
		"time_zone":                {base + "?time_zone=%27%2B08:00%27", Options{}, "time-zone"},
		"clientFoundRows":          {base + "?clientFoundRows=true", Options{}, "clientFoundRows"},
		"rejectReadOnly":           {base + "?rejectReadOnly=true", Options{}, "rejectReadOnly"},
		"maxAllowedPacket":         {base + "?maxAllowedPacket=0", Options{}, "max-row-bytes"},
		"group_concat_max_len":     {base, Options{GroupConcatMaxLen: 3}, "group-concat-max-len: 3"},
		"no connections":           {base, Options{MaxConnections: -1}, "max-connections: -1"},
		"all reserved":             {base, Options{MaxConnections: 2, ReservedConnections: 2}, "reserved-connections: 2"},
		"tiny batches":             {base, Options{BatchBytes: 10}, "batch bytes: 10"},
		"a negative limit":         {base, Options{Limits: Limits{Rows: -1}}, "limits"},
		"a row of 2 GiB":           {base, Options{Limits: Limits{RowBytes: 2 << 30}}, "max-row-bytes"},
		"a negative timeout":       {base, Options{LoginTimeout: -time.Second}, "login timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open("shop", c.dsn, c.opts)
			if err == nil {
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "data source shop") {
				t.Errorf("got %q, want the source's name and %q", err, c.want)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%q tells the password", err)
			}
		})
	}
}
