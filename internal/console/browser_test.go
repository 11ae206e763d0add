//go:build console

package console_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"exporttask/internal/testkit/exportdtest"
)

func TestMain(m *testing.M) { exportdtest.Main(m, nil) }

// browserTimeout bounds the whole run of the browser tests.
const browserTimeout = 10 * time.Minute

// tokens of the second service, by name; their operator is 7, the admin's 1.
var tokens = map[string]string{
	"clerk":  "exportd_" + strings.Repeat("c", 43),
	"reader": "exportd_" + strings.Repeat("r", 43),
	"boss":   "exportd_" + strings.Repeat("b", 43),
}

// TestConsole runs console/test/*.test.mjs in Chromium against two services: one
// without tokens, whose pages come from a replica that runs nothing while another
// one does the work, and one with tokens.
func TestConsole(t *testing.T) {
	t.Parallel()
	open := exportdtest.NewSite(t, "-config="+writeConfig(t))
	createShop(t, open)
	worker := open.Start(t)
	front := open.Start(t, "-workers=0")

	closed := exportdtest.NewSite(t, "-tokens-file="+writeTokens(t))
	createShop(t, closed)
	signIn := closed.Start(t)

	control := newControl(t, open, front)
	env, err := json.Marshal(map[string]any{
		"open": front.HTTP, "worker": worker.HTTP, "closed": signIn.HTTP, "control": control.URL, "tokens": tokens,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), browserTimeout)
	defer stop()
	files, err := filepath.Glob("../../console/test/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("no browser tests: %v", err)
	}
	args := []string{"--test", "--test-concurrency=1"}
	if only := os.Getenv("ONLY"); only != "" { // names of tests, as a regular expression
		args = append(args, "--test-name-pattern="+only)
	}
	cmd := exec.CommandContext(ctx, "node", append(args, files...)...)
	cmd.Env = append(os.Environ(), "CONSOLE_TEST="+string(env))
	cmd.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("node --test (make test-console installs what is missing): %v\n%s", err, out.String())
	} else if testing.Verbose() {
		t.Log(out.String())
	}
}

// writeConfig writes a configuration with destinations: one that works and one
// whose folder is not there.
func writeConfig(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	archive := filepath.Join(dir, "archive")
	if err := os.Mkdir(archive, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "exportd.yaml")
	config := fmt.Sprintf("destinations:\n  archive: {kind: folder, folder: %s}\n  broken: {kind: folder, folder: %s, attempts: 1}\n", archive, filepath.Join(dir, "missing"))
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func writeTokens(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for name, line := range map[string]string{"clerk": "operator: 7\n  scopes: [read, run]", "reader": "operator: 7\n  scopes: [read]", "boss": "operator: 1\n  scopes: [admin]"} {
		fmt.Fprintf(&b, "- name: %s\n  sha256: %x\n  %s\n", name, sha256.Sum256([]byte(tokens[name])), line)
	}
	file := filepath.Join(t.TempDir(), "tokens.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// createShop creates what the tests export: a shop, numbers whose digests take
// their time, and values that a page must not take for anything but text.
func createShop(t *testing.T, site *exportdtest.Site) {
	t.Helper()
	site.Exec(t,
		`CREATE TABLE orders (order_no VARCHAR(20) NOT NULL PRIMARY KEY, customer VARCHAR(60) NOT NULL, amount DECIMAL(12,2) NOT NULL, paid DECIMAL(12,2) NULL, status VARCHAR(12) NOT NULL, created_at DATETIME NOT NULL, remark VARCHAR(200) NULL) CHARACTER SET utf8mb4`,
		`INSERT INTO orders WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900)
		SELECT LPAD(i * 37, 8, '0'), ELT(1 + i % 5, 'Ada Park', 'Linh Tran', '王伟', 'Noor Haddad', '李秀英'), i * 1047 % 90000 / 100, IF(i % 3 = 0, NULL, i * 1047 % 90000 / 100),
			ELT(1 + i % 3, 'open', 'paid', 'shipped'), TIMESTAMP('2026-01-01 08:00:00') + INTERVAL i * 397 MINUTE, CASE WHEN i % 4 = 0 THEN NULL WHEN i % 5 = 0 THEN '' WHEN i % 41 = 1 THEN '=1+1' ELSE CONCAT('deliver before ', 8 + i % 9, ':00') END FROM n`,
		`CREATE TABLE numbers (n INT NOT NULL PRIMARY KEY)`,
		`INSERT INTO numbers WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n`,
		`CREATE TABLE hostile (id INT NOT NULL PRIMARY KEY, v VARCHAR(300) NOT NULL) CHARACTER SET utf8mb4`,
		"INSERT INTO hostile VALUES (1, '<script>window.pwned=1</script>'), (2, '<img src=x onerror=\"window.pwned=1\">'), (3, '<svg/onload=window.pwned=1>'), (4, 'javascript:window.pwned=1'), (5, CONVERT(UNHEX('E280AE66646578652E74786574') USING utf8mb4)), (6, '\"><iframe srcdoc=\"<script>parent.pwned=1</script>\">'), (7, '{{constructor.constructor(\\'window.pwned=1\\')()}}')",
	)
}

// newControl lets the browser tests stop the replica of the pages and start it
// again at its address.
func newControl(t *testing.T, site *exportdtest.Site, front *exportdtest.Replica) *httptest.Server {
	t.Helper()
	var mu sync.Mutex
	addr := strings.TrimPrefix(front.HTTP, "http://")
	mux := http.NewServeMux()
	mux.HandleFunc("POST /stop", func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		front.Kill(t)
	})
	mux.HandleFunc("POST /start", func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		front = site.Start(t, "-workers=0", "-http-addr="+addr)
	})
	// A schedule that was made an hour ago, and whose last due times have passed.
	mux.HandleFunc("POST /age", func(_ http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.FormValue("sched"))
		if err != nil {
			t.Error(err)
			return
		}
		site.Exec(t, fmt.Sprintf(`UPDATE welife_export_sched SET created = created - INTERVAL 1 HOUR,
			nextDue = UTC_TIMESTAMP() - INTERVAL (MINUTE(UTC_TIMESTAMP()) %% 5) MINUTE - INTERVAL SECOND(UTC_TIMESTAMP()) SECOND - INTERVAL 30 MINUTE WHERE eschedId = %d`, id))
	})
	control := httptest.NewServer(mux)
	t.Cleanup(control.Close)
	return control
}
