package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"

	"exporttask/internal/testkit"
)

// TestServe_claims runs a template for tokens of one operator that have different
// claims, or none.
func TestServe_claims(t *testing.T) {
	t.Parallel()
	path := tokensFile(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, shops := range map[string]string{"north": "[1, 2]", "south": "3"} {
		text = fmt.Appendf(text, "- {name: %s, sha256: %x, operator: 7, scopes: [read, run], claims: {shops: %s}}\n", name, sha256.Sum256([]byte(tokenOf(name))), shops)
	}
	s := startService(t, testkit.Database(t), "EXPORTD_TOKENS_FILE="+writeFile(t, "tokens.yaml", string(text)))
	wants := func(token, method, path, body, want string) {
		t.Helper()
		got := s.ask(t, method, path, body, bearer(token)...)
		got.body = strings.ReplaceAll(got.body, ", ", ",") // protojson writes either
		if !strings.Contains(got.body, want) {
			t.Errorf("%s %s %s as %s: got %d %.2000s, want %s", method, path, body, token, got.code, got.body, want)
		}
	}
	const missing = `the caller's token has no claim \"shops\"`
	wants("seven", "POST", "/v1/tpl", `{"etplName": "shops", "etplExpr": "SELECT n FROM (SELECT 1 AS n UNION SELECT 2 UNION SELECT 3) x WHERE n IN (:claim_shops)"}`, `"etplId":1`)
	for token, values := range map[string]string{"north": `"values":["1","2"]`, "south": `"values":["3"]`} {
		wants(token, "POST", "/v1/tpl:preview", `{"etplId": 1}`, values)
		wants(token, "POST", "/v1/inst", `{"etplId": 1}`, values)
		wants(token, "POST", "/v1/sched:preview", `{"draft": {"etplId": 1, "cron": "@daily"}}`, values)
	}
	wants("north", "GET", "/v1/session", "", `"value":"1,2"`)
	wants("north", "POST", "/v1/inst", `{"etplId": 1, "params": [{"name": "claim_shops", "values": ["3"]}]}`, "filled in by the service")
	for _, token := range []string{"seven", "boss"} {
		wants(token, "POST", "/v1/tpl:preview", `{"etplId": 1}`, missing)
		wants(token, "POST", "/v1/inst", `{"etplId": 1}`, missing)
		wants(token, "POST", "/v1/sched", `{"eschedName": "s", "etplId": 1, "cron": "@daily"}`, missing)
	}
	wants("north", "POST", "/v1/sched", `{"eschedName": "s", "etplId": 1, "cron": "@daily"}`, `"eschedId":"1"`)
	wants("seven", "PATCH", "/v1/sched/1", `{"cron": "@weekly"}`, missing)
	wants("boss", "PATCH", "/v1/sched/1", `{"cron": "@weekly"}`, `"cron":"@weekly"`)
	wants("boss", "POST", "/v1/sched:preview", `{"eschedId": 1}`, `"values":["1","2"]`)
	wants("south", "PATCH", "/v1/sched/1", `{"cron": "@monthly"}`, `"cron":"@monthly"`)
	wants("north", "POST", "/v1/sched:preview", `{"eschedId": 1}`, `"values":["3"]`)
}
