package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"

	"exporttask/api"
	"exporttask/internal/testkit"
)

// auditRow is of a row what the tests look at.
type auditRow struct {
	AuditID                     json.Number `json:"auditId"`
	Action, Kind                string
	ObjectID                    json.Number `json:"objectId"`
	OperatorID, ByOperator      int
	Token, Peer, RequestID, Via string
	Detail                      string
}

// audit reads the audit log over HTTP, oldest first.
func (s *service) audit(t *testing.T, token, query string) (rows []auditRow, text string) {
	t.Helper()
	got := s.ask(t, "GET", "/v1/audit?oldestFirst=true&pageSize=5000"+query, "", bearer(token)...)
	var reply struct{ Data []auditRow }
	if err := json.Unmarshal([]byte(got.body), &reply); err != nil || got.code != 200 {
		t.Fatalf("audit log: %d %s %v", got.code, got.body, err)
	}
	return reply.Data, got.body
}

// TestServe_audit does everything that is recorded, in every way there is.
func TestServe_audit(t *testing.T) {
	t.Parallel()
	const secret = "4111111111111111"
	s := startService(t, testkit.Database(t), "EXPORTD_TOKENS_FILE="+tokensFile(t), "EXPORTD_LINK_KEYS_FILE="+writeFile(t, "keys", linkKeys))
	as := func(token, method, path, body string) answer {
		t.Helper()
		return s.ask(t, method, path, body, append(bearer(token), "X-Request-Id", "id-of-"+token)...)
	}
	ok := func(got answer) answer {
		t.Helper()
		if got.code != 200 {
			t.Fatalf("%d %s", got.code, got.body)
		}
		return got
	}
	ok(as("seven", "POST", "/v1/tpl", `{"etplName": "mine", "etplExpr": "select :n as n", "etplParams": [{"name": "n", "optional": true}], "etplOptions": {"fileName": "{name}-{param.n}"}}`))
	ok(as("seven", "PATCH", "/v1/tpl/1", `{"etplTag": "shop"}`))
	ok(as("seven", "POST", "/v1/tpl:preview", `{"etplId": 1, "params": [{"name": "n", "value": "`+secret+`"}]}`))
	ok(as("seven", "POST", "/v1/inst", `{"etplId": 1, "params": [{"name": "n", "value": "`+secret+`"}]}`))
	if got := as("seven", "GET", "/v1/inst/1/watch", ""); !strings.Contains(got.body, "STATE_SUCCEEDED") {
		t.Fatal(got.body)
	}
	var inst struct {
		Data struct{ Files []struct{ URL string } }
	}
	if err := json.Unmarshal([]byte(as("seven", "GET", "/v1/inst/1", "").body), &inst); err != nil || len(inst.Data.Files) != 1 {
		t.Fatal(err)
	}
	ok(as("seven", "GET", "/v1/inst/1/file", ""))
	ok(s.ask(t, "GET", inst.Data.Files[0].URL, ""))
	if got := s.ask(t, "GET", inst.Data.Files[0].URL, "", "Range", "bytes=2-"); got.code != 206 {
		t.Fatalf("range: %d", got.code)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+tokenOf("boss"))
	stream, err := s.client.DownloadInst(ctx, &api.WshExportTaskDownloadInstReq{EinstId: 1})
	for err == nil {
		_, err = stream.Recv()
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	as("eight", "GET", "/v1/inst/1/file", "")
	as("viewer", "POST", "/v1/inst", `{"etplId": 1}`)
	ok(as("seven", "POST", "/v1/sched", `{"eschedName": "s", "etplId": 1, "cron": "0 0 1 1 *"}`))
	ok(as("seven", "POST", "/v1/sched/1:run", `{}`))
	ok(as("boss", "DELETE", "/v1/inst/1?reason=ticket&eraseParams=true", ""))

	want := []string{
		"AUDIT_CREATE AUDIT_TPL 1 of 7 by 7 seven http: ",
		"AUDIT_CHANGE AUDIT_TPL 1 of 7 by 7 seven http: version 2: etplTag",
		"AUDIT_PREVIEW AUDIT_TPL 1 of 7 by 7 seven http: ",
		"AUDIT_RUN AUDIT_INST 1 of 7 by 7 seven http: template 1, version 2",
		"AUDIT_DOWNLOAD AUDIT_FILE 1 of 7 by 7 seven http: file 1, 21 bytes",
		"AUDIT_DOWNLOAD AUDIT_FILE 1 of 7 by 0  link: file 1, 21 bytes",
		"AUDIT_DOWNLOAD AUDIT_FILE 1 of 7 by 0  link: file 1, 21 bytes, from byte 2",
		"AUDIT_DOWNLOAD AUDIT_FILE 1 of 7 by 1 boss grpc: file 1, 21 bytes",
		"AUDIT_REFUSE AUDIT_INST 1 of 8 by 8 eight http: GetInst of another operator's instance",
		"AUDIT_REFUSE AUDIT_NOTHING 0 of 7 by 7 viewer http: CreateInst needs the scope run",
		"AUDIT_CREATE AUDIT_SCHED 1 of 7 by 7 seven http: of template 1",
		"AUDIT_RUN AUDIT_INST 2 of 7 by 7 seven http: template 1, version 2, schedule 1, due ",
		"AUDIT_ERASE AUDIT_INST 1 of 7 by 1 boss http: files and parameters: ticket",
	}
	var rows []auditRow
	var text string
	var got []string
	testkit.Eventually(t, "all rows are there", func() bool {
		rows, text = s.audit(t, "boss", "")
		got = nil
		for _, r := range rows {
			got = append(got, fmt.Sprintf("%s %s %s of %d by %d %s %s: %s", r.Action, r.Kind, r.ObjectID, r.OperatorID, r.ByOperator, r.Token, r.Via, r.Detail))
			if r.Peer != "127.0.0.1" || r.Token != "" && r.Via == "http" && r.RequestID != "id-of-"+r.Token {
				t.Errorf("row %s: peer %q, request %q", r.AuditID, r.Peer, r.RequestID)
			}
		}
		return len(got) == len(want)
	})
	// Refused calls are recorded a moment later, so their place may differ.
	slices.Sort(got)
	slices.Sort(want)
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
	if strings.Contains(text, secret) {
		t.Error("the log holds the value of a parameter")
	}
	mine, _ := s.audit(t, "eight", "")
	if len(mine) != 1 || mine[0].Action != "AUDIT_REFUSE" {
		t.Errorf("another operator sees %+v, want its own refusal", mine)
	}
	own, text := s.audit(t, "seven", "&kind=AUDIT_FILE&objectId=1&actions=AUDIT_DOWNLOAD")
	if len(own) != 4 || strings.Contains(text, `"head"`) {
		t.Errorf("%d downloads of the file, want 4; %s", len(own), text)
	}
}
