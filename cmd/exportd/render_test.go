package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"exporttask/internal/testkit"
)

// renderIn runs the command on a database.
func renderIn(t *testing.T, dsn string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = render(context.Background(), args, getenv(map[string]string{"EXPORTD_DSN": dsn}), &out, &errs)
	return code, out.String(), errs.String()
}

func TestRender(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	execAll(t, db, hostileTable, hostileRows)
	file := filepath.Join(t.TempDir(), "out.csv")
	query := filepath.Join(t.TempDir(), "q.sql")
	if err := os.WriteFile(query, []byte("SELECT id, no FROM hostile WHERE id > :least ORDER BY id"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := renderIn(t, dsn, "-query=@"+query, "-p", "least=1180000000000000002", "-columns=id:Id,no", "-o="+file)
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := "Id,no\r\n1180000000000000003,\"\"\r\n1180000000000000004,x\r\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	sum := sha256.Sum256(got)
	if !strings.Contains(stderr, "2 rows") || !strings.Contains(stderr, hex.EncodeToString(sum[:])) {
		t.Errorf("stderr %q does not tell rows and SHA-256", stderr)
	}

	code, stdout, _ := renderIn(t, dsn, "-query=SELECT '=1' AS f", "-o=-", "-no-header")
	if code != exitOK || stdout != "'=1\r\n" {
		t.Errorf("to standard output: exit %d, %q", code, stdout)
	}
	code, stdout, _ = renderIn(t, dsn, "-query=SELECT 1", "-o=-", "-format=xlsx")
	if code != exitOK || !strings.HasPrefix(stdout, "PK") {
		t.Errorf("XLSX to standard output: exit %d, %.4q", code, stdout)
	}
}

func TestRender_failure_leaves_no_file(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no query":          {[]string{"-o=FILE"}, exitUsage, "query: empty"},
		"no output":         {[]string{"-query=SELECT 1"}, exitUsage, "o: empty"},
		"odd format":        {[]string{"-query=SELECT 1", "-o=FILE", "-format=pdf"}, exitUsage, `format: "pdf"`},
		"odd parameter":     {[]string{"-query=SELECT 1", "-o=FILE", "-p=x"}, exitUsage, "want NAME=VALUE"},
		"no SELECT":         {[]string{"-query=DROP TABLE t", "-o=FILE"}, exitError, "etplExpr"},
		"missing parameter": {[]string{"-query=SELECT :x", "-o=FILE"}, exitError, `"x"`},
		"wrong SQL":         {[]string{"-query=SELECT nothing FROM nowhere", "-o=FILE"}, exitError, "nowhere"},
		"past a limit":      {[]string{"-query=SELECT 1 UNION ALL SELECT 2", "-o=FILE", "-max-rows=1"}, exitError, "limit of rows passed: 1"},
		"no such folder":    {[]string{"-query=SELECT 1", "-o=/nowhere/x.csv"}, exitError, "/nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for i, a := range tc.args {
				tc.args[i] = strings.Replace(a, "FILE", filepath.Join(dir, "out"), 1)
			}
			code, _, stderr := renderIn(t, dsn, tc.args...)
			if code != tc.code || !strings.Contains(stderr, tc.says) {
				t.Errorf("exit %d %q, want %d and %q", code, stderr, tc.code, tc.says)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
				t.Errorf("left behind: %v (%v)", left, err)
			}
		})
	}
}
