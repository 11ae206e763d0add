package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"exporttask/api"
	"exporttask/internal/auth/signedurl"
	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
)

// answer is what HTTP said.
type answer struct {
	code   int
	header http.Header
	body   string
}

// ask makes one request; headers are pairs.
func (s *service) ask(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	target := path
	if strings.HasPrefix(path, "/") {
		target = s.http + path
	}
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

func TestServe_HTTP_export(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t))
	made := s.ask(t, "POST", "/v1/tpl", `{"etplName": "订单", "etplExpr": "select EtplName from welife_export_tpl"}`, "X-Request-Id", "mine-1")
	if made.code != 200 || !strings.Contains(made.body, `"etplId":1`) || !strings.Contains(made.body, `"errCode":""`) {
		t.Fatalf("POST /v1/tpl: %d %s", made.code, made.body)
	}
	if got := made.header.Get("X-Request-Id"); got != "mine-1" {
		t.Errorf("X-Request-Id %q, want the one sent", got)
	}
	if got := s.ask(t, "POST", "/v1/tpl:preview", `{"etplId": 1}`); got.code != 200 || !strings.Contains(got.body, `"text":"订单"`) {
		t.Errorf("preview: %d %s", got.code, got.body)
	}
	if got := s.ask(t, "POST", "/v1/inst", `{"etplId": "1"}`); got.code != 200 { // a number as a string
		t.Fatalf("POST /v1/inst: %d %s", got.code, got.body)
	}
	lines := strings.Split(strings.TrimSpace(s.ask(t, "GET", "/v1/inst/1/watch", "").body), "\n")
	var last struct {
		State    string
		RowsDone string
		Files    []struct{ Name, URL, Sha256 string }
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.State != "STATE_SUCCEEDED" || last.RowsDone != "1" {
		t.Fatalf("watch: %q (%v), want lines up to STATE_SUCCEEDED with 1 row", lines, err)
	}
	events := s.ask(t, "GET", "/v1/inst/1/watch", "", "Accept", "text/event-stream")
	if got := events.header.Get("Content-Type"); got != "text/event-stream" || !strings.Contains(events.body, "event: change\ndata: {") || !strings.HasSuffix(events.body, "event: end\ndata: {}\n\n") {
		t.Errorf("events: %s %q", got, events.body)
	}

	const want = "EtplName\r\n订单\r\n"
	sum := sha256.Sum256([]byte(want))
	etag := `"` + hex.EncodeToString(sum[:]) + `"`
	file := s.ask(t, "GET", "/v1/inst/1/file", "")
	if file.code != 200 || file.body != want || file.header.Get("ETag") != etag || file.header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("file: %d %q %v", file.code, file.body, file.header)
	}
	if got := file.header.Get("Content-Disposition"); !strings.Contains(got, "filename*=UTF-8''%E8%AE%A2%E5%8D%95-1.csv") {
		t.Errorf("Content-Disposition %q", got)
	}
	if got := s.ask(t, "GET", last.Files[0].URL, ""); got.body != want {
		t.Errorf("the file's own address: %d %q", got.code, got.body)
	}
	for name, tc := range map[string]struct {
		method  string
		headers []string
		code    int
		body    string
	}{
		"HEAD":                   {"HEAD", nil, 200, ""},
		"a range":                {"GET", []string{"Range", "bytes=3-7"}, 206, want[3:8]},
		"the rest":               {"GET", []string{"Range", "bytes=5-"}, 206, want[5:]},
		"the end":                {"GET", []string{"Range", "bytes=-4"}, 206, want[len(want)-4:]},
		"past the end":           {"GET", []string{"Range", "bytes=999-"}, 416, "{\"errCode\":\"11\",\"errMsg\":\"Range: outside of the file, whose size is 18 bytes\"}\n"},
		"a range of this file":   {"GET", []string{"Range", "bytes=5-", "If-Range", etag}, 206, want[5:]},
		"a range of another one": {"GET", []string{"Range", "bytes=5-", "If-Range", `"other"`}, 200, want},
		"known already":          {"GET", []string{"If-None-Match", etag}, 304, ""},
	} {
		got := s.ask(t, tc.method, "/v1/inst/1/file", "", tc.headers...)
		if got.code != tc.code || got.body != tc.body {
			t.Errorf("%s: %d %q, want %d %q", name, got.code, got.body, tc.code, tc.body)
		}
	}
}

func TestServe_HTTP_errors(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t))
	s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "a", EtplExpr: "SELECT 1"})
	for name, tc := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		code, says         string
	}{
		"a wrong field":      {"POST", "/v1/tpl", `{"etplName": "", "etplExpr": "select 1"}`, nil, 400, "3", "etplName: 0 characters"},
		"an unknown field":   {"POST", "/v1/tpl", `{"etplNmae": "x"}`, nil, 400, "3", "etplNmae"},
		"an unknown query":   {"GET", "/v1/inst?pagesize=3", "", nil, 400, "3", "pagesize"},
		"no JSON":            {"POST", "/v1/tpl", `{"etplName": `, nil, 400, "3", ""},
		"another type":       {"POST", "/v1/tpl", `<a/>`, []string{"Content-Type", "text/xml"}, 415, "3", "want application/json"},
		"invalid UTF-8":      {"POST", "/v1/tpl", "{\"etplName\": \"\xff\", \"etplExpr\": \"select 1\"}", nil, 400, "3", "UTF-8"},
		"no such instance":   {"GET", "/v1/inst/77", "", nil, 404, "5", "einstId: 77, no such instance"},
		"no such file":       {"GET", "/v1/inst/77/file", "", nil, 404, "5", "einstId: 77, no such instance"},
		"no such watch":      {"GET", "/v1/inst/77/watch", "", nil, 404, "5", "einstId: 77"},
		"no number":          {"GET", "/v1/inst/x", "", nil, 400, "3", "einst"},
		"a parent folder":    {"GET", "/v1/inst/..%2f..%2fetc%2fpasswd/file", "", nil, 400, "3", "einstId"},
		"NUL":                {"GET", "/v1/inst/1%00/file", "", nil, 400, "3", "einstId"},
		"a wrong state":      {"POST", "/v1/tpl", `{"etplName": "b", "etplExpr": "delete from t"}`, nil, 400, "3", "etplExpr"},
		"no such route":      {"GET", "/v2/tpl", "", nil, 404, "5", "no such route"},
		"no such method":     {"PUT", "/v1/tpl", `{}`, nil, 405, "12", "PUT is not a method"},
		"a link of nobody":   {"GET", "/d/k/1/x/1/a.csv", "", nil, 404, "5", "signed links are disabled"},
		"a deleted template": {"POST", "/v1/inst", `{"etplId": 2}`, nil, 409, "9", "deleted"},
	} {
		if name == "a deleted template" {
			id := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "gone", EtplExpr: "SELECT 1"})
			if got := s.ask(t, "DELETE", fmt.Sprintf("/v1/tpl/%d", id), ""); got.code != 200 {
				t.Fatalf("DELETE: %d %s", got.code, got.body)
			}
			tc.body = fmt.Sprintf(`{"etplId": %d}`, id)
		}
		got := s.ask(t, tc.method, tc.path, tc.body, tc.headers...)
		var e struct{ ErrCode, ErrMsg string }
		if err := json.Unmarshal([]byte(got.body), &e); err != nil {
			t.Errorf("%s: %d %q is no envelope: %v", name, got.code, got.body, err)
			continue
		}
		if got.code != tc.status || e.ErrCode != tc.code || !strings.Contains(e.ErrMsg, tc.says) {
			t.Errorf("%s: %d %+v, want %d %s %q", name, got.code, e, tc.status, tc.code, tc.says)
		}
	}
	for path, code := range map[string]int{"/healthz": 200, "/readyz": 200, "/openapi.json": 200, "/metrics": 200} {
		if got := s.ask(t, "GET", path, ""); got.code != code {
			t.Errorf("%s: %d %s", path, got.code, got.body)
		}
	}
	if got := s.ask(t, "GET", "/v1/tpl", "", "Origin", "https://evil.test"); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a page of any origin may call, want none")
	}
}

const linkKeys = "k1: 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"

func TestServe_signed_link(t *testing.T) {
	t.Parallel()
	keys := writeFile(t, "keys", linkKeys)
	s := startService(t, testkit.Database(t), "EXPORTD_LINK_KEYS_FILE="+keys, "EXPORTD_LINK_TTL=1h")
	inst := s.export(t, s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "a b", EtplExpr: "SELECT 1 AS n"}))
	file := inst.GetFiles()[0]
	if file.GetUrlExpires() == "" {
		t.Error("the link has no end")
	}
	link := strings.TrimPrefix(file.GetUrl(), s.http)
	if got := s.ask(t, "GET", link, ""); got.code != 200 || got.body != "n\r\n1\r\n" {
		t.Fatalf("%s: %d %q", link, got.code, got.body)
	}
	if got := s.ask(t, "HEAD", link, ""); got.code != 200 {
		t.Errorf("HEAD: %d", got.code)
	}
	if got := s.ask(t, "POST", link, "{}"); got.code == 200 {
		t.Errorf("POST: %d", got.code)
	}
	for i := range len(link) {
		changed := []byte(link)
		changed[i] ^= 1
		if changed[i] <= ' ' || changed[i] == '?' || changed[i] == '#' || changed[i] == '%' || changed[0] != '/' {
			continue // no longer one path
		}
		if got := s.ask(t, "GET", string(changed), ""); got.code == 200 {
			t.Errorf("%s opens the file, want only %s to", changed, link)
		}
	}
	if err := os.WriteFile(keys, []byte(strings.ReplaceAll(linkKeys, "k1", "k2")), 0o600); err != nil {
		t.Fatal(err)
	}
	s.logged(t, "signing keys")
	if got := s.ask(t, "GET", link, ""); got.code != 403 {
		t.Errorf("after its key went: %d, want 403", got.code)
	}
}

func TestServe_signed_link_expires(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t), "EXPORTD_LINK_KEYS_FILE="+writeFile(t, "keys", linkKeys), "EXPORTD_LINK_TTL=1s")
	inst := s.export(t, s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "a", EtplExpr: "SELECT 1 AS n"}))
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for {
		got := s.ask(t, "GET", inst.GetFiles()[0].GetUrl(), "")
		if got.code == http.StatusGone && strings.Contains(got.body, "expired") {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still %d after 20 times its life, want 410", got.code)
		}
	}
}

// tokensFile has an operator 7, another 8, and an admin.
func tokensFile(t testing.TB) string {
	t.Helper()
	entry := func(name string, operator int, scopes string) string {
		sum := sha256.Sum256([]byte(tokenOf(name)))
		return fmt.Sprintf("- {name: %s, sha256: %x, operator: %d, scopes: [%s]}\n", name, sum, operator, scopes)
	}
	return writeFile(t, "tokens.yaml", entry("seven", 7, "read, run")+entry("eight", 8, "read, run")+entry("boss", 1, "admin")+entry("viewer", 7, "read"))
}

func tokenOf(name string) string {
	return "test-token-of-" + name + "-0123456789abcdef0123456789abcdef"
}

func bearer(name string) []string { return []string{"Authorization", "Bearer " + tokenOf(name)} }

func TestServe_HTTP_ownership(t *testing.T) {
	t.Parallel()
	keys := writeFile(t, "keys", linkKeys)
	dsn := testkit.Database(t)
	s := startService(t, dsn, "EXPORTD_TOKENS_FILE="+tokensFile(t), "EXPORTD_LINK_KEYS_FILE="+keys, "EXPORTD_LOG_LEVEL=debug")
	if got := s.ask(t, "GET", "/v1/tpl", ""); got.code != 401 || got.header.Get("WWW-Authenticate") == "" {
		t.Errorf("without a token: %d %v", got.code, got.header)
	}
	if got := s.ask(t, "GET", "/v1/tpl", "", "Grpc-Metadata-Authorization", "Bearer "+tokenOf("boss")); got.code != 401 {
		t.Errorf("a token in forged metadata: %d", got.code)
	}
	if got := s.ask(t, "GET", "/v1/tpl", "", "Authorization", "Bearer nonsense"); got.code != 401 {
		t.Errorf("a wrong token: %d", got.code)
	}
	if got := s.ask(t, "POST", "/v1/tpl", `{"etplName": "x", "etplExpr": "select 1"}`, bearer("viewer")...); got.code != 403 || !strings.Contains(got.body, "scope run") {
		t.Errorf("without the scope: %d %s", got.code, got.body)
	}
	if got := s.ask(t, "POST", "/v1/tpl", `{"etplName": "mine", "etplExpr": "select 1 as n"}`, bearer("seven")...); got.code != 200 || !strings.Contains(got.body, `"operatorId":7`) {
		t.Fatalf("create: %d %s", got.code, got.body)
	}
	if got := s.ask(t, "POST", "/v1/inst", `{"etplId": 1}`, bearer("seven")...); got.code != 200 {
		t.Fatalf("run: %d %s", got.code, got.body)
	}
	watched := s.ask(t, "GET", "/v1/inst/1/watch", "", bearer("seven")...)
	if !strings.Contains(watched.body, "STATE_SUCCEEDED") {
		t.Fatalf("watch: %s", watched.body)
	}
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/v1/inst/1", ""},
		{"GET", "/v1/inst/1/file", ""},
		{"GET", "/v1/inst/1/watch", ""},
		{"GET", "/v1/inst/1/events", ""},
		{"POST", "/v1/inst/1:cancel", "{}"},
		{"POST", "/v1/inst/1:retry", "{}"},
		{"POST", "/v1/inst", `{"etplId": 1}`},
		{"PATCH", "/v1/tpl/1", "{}"},
		{"DELETE", "/v1/tpl/1", ""},
		{"POST", "/v1/tpl:preview", `{"etplId": 1}`},
	} {
		if got := s.ask(t, r.method, r.path, r.body, bearer("eight")...); got.code != 404 {
			t.Errorf("%s %s of another operator: %d %s, want 404", r.method, r.path, got.code, got.body)
		}
	}
	if got := s.ask(t, "GET", "/v1/tpl", "", bearer("eight")...); strings.Contains(got.body, "mine") {
		t.Errorf("another operator's list: %s", got.body)
	}
	if got := s.ask(t, "GET", "/v1/inst/1/file", "", bearer("boss")...); got.code != 200 {
		t.Errorf("the admin: %d", got.code)
	}
	// Nothing secret is in the log of all this, at its most talkative.
	log := s.log.String()
	if !strings.Contains(log, `"level":"DEBUG"`) {
		t.Error("the log has no debug lines")
	}
	for name, secret := range map[string]string{
		"a token": tokenOf("seven"), "the admin's token": tokenOf("boss"), "the signing key": "00112233445566778899aabb",
		"the DSN's password": passwordOf(t, dsn),
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %s", name)
		}
	}
	if scan := bufio.NewScanner(strings.NewReader(log)); scan.Scan() && !json.Valid(bytes.TrimSpace(scan.Bytes())) {
		t.Error("the log is no JSON")
	}
}

func passwordOf(t *testing.T, dsn string) string {
	t.Helper()
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil || cfg.Passwd == "" {
		t.Fatalf("no password in the DSN (%v)", err)
	}
	return ":" + cfg.Passwd + "@"
}

// The gateway by itself has neither a store nor a database.
func TestGateway(t *testing.T) {
	t.Parallel()
	keys, etcd := writeFile(t, "keys", linkKeys), testkit.Etcd(t)
	s := startService(t, testkit.Database(t), "EXPORTD_TOKENS_FILE="+tokensFile(t), "EXPORTD_ETCD_ENDPOINTS="+etcd.Endpoint())
	g := &service{http: startGateway(t, "-etcd="+etcd.Endpoint(), "-link-keys-file="+keys, "-token-file="+writeFile(t, "token", tokenOf("boss")))}
	if got := g.ask(t, "GET", "/v1/tpl", ""); got.code != 401 {
		t.Errorf("without a token: %d %s, want the service's own 401", got.code, got.body)
	}
	if got := g.ask(t, "POST", "/v1/tpl", `{"etplName": "订单", "etplExpr": "select 1 as n union all select 2"}`, bearer("seven")...); got.code != 200 {
		t.Fatalf("create: %d %s", got.code, got.body)
	}
	if got := g.ask(t, "POST", "/v1/inst", `{"etplId": 1}`, bearer("seven")...); got.code != 200 {
		t.Fatalf("run: %d %s", got.code, got.body)
	}
	if got := g.ask(t, "GET", "/v1/inst/1/watch", "", bearer("seven")...); !strings.Contains(got.body, "STATE_SUCCEEDED") {
		t.Fatalf("watch: %d %s", got.code, got.body)
	}
	const want = "n\r\n1\r\n2\r\n"
	if got := g.ask(t, "GET", "/v1/inst/1/file", "", bearer("seven")...); got.body != want {
		t.Errorf("file: %d %q", got.code, got.body)
	}
	if got := g.ask(t, "GET", "/v1/inst/1/file", "", append(bearer("seven"), "Range", "bytes=4-")...); got.code != 206 || got.body != want[4:] {
		t.Errorf("a range: %d %q", got.code, got.body)
	}
	if got := g.ask(t, "GET", "/v1/inst/1/file", "", bearer("eight")...); got.code != 404 {
		t.Errorf("of another operator: %d %s", got.code, got.body)
	}
	signer, err := signedurl.Open(keys, time.Hour, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	link, _ := signer.URL("", 1, "订单-1.csv", time.Now())
	if got := g.ask(t, "GET", link, ""); got.code != 200 || got.body != want {
		t.Errorf("a signed link: %d %q", got.code, got.body)
	}
	downloads, _ := s.audit(t, "boss", "&actions=AUDIT_DOWNLOAD")
	if last := downloads[len(downloads)-1]; last.Via != "link" || last.Token != "boss" || last.Peer != "127.0.0.1" {
		t.Errorf("the signed link in the audit log: %+v", last)
	}
	if first := downloads[0]; first.Via != "grpc" || first.Token != "seven" {
		t.Errorf("the file in the audit log: %+v", first)
	}
	if got := g.ask(t, "GET", "/readyz", ""); got.code != 200 {
		t.Errorf("readyz: %d %s", got.code, got.body)
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.exited
	if got := g.ask(t, "GET", "/v1/tpl", "", bearer("seven")...); got.code != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("with the service gone: %d %s", got.code, got.body)
	}
}

// startGateway runs `exportd gateway` and returns where it answers.
func startGateway(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(exportdtest.Build(t, "exporttask/cmd/exportd"), append([]string{"gateway", "-http-addr=127.0.0.1:0", "-log-format=json"}, args...)...)
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	addr := make(chan string, 1)
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			var l struct{ Msg, HTTP string }
			if json.Unmarshal(lines.Bytes(), &l) == nil && l.Msg == "listening" {
				addr <- l.HTTP
			}
			t.Logf("gateway: %s", lines.Text())
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		_ = cmd.Wait()
	})
	select {
	case a := <-addr:
		return "http://" + a
	case <-done:
	case <-time.After(30 * time.Second):
	}
	t.Fatal("the gateway does not listen")
	return ""
}
