package auth

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/model"
)

// TestInterceptors_Audit wants an audit entry for each refused call of a token, and
// none for calls that are let through or name what does not exist.
func TestInterceptors_Audit(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []string
	s := setup(t, func(c *Config) {
		c.Audit = func(_ context.Context, e model.AuditEntry) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, fmt.Sprintf("%d %d %d %d %s", e.Action, e.Kind, e.ObjectID, e.Operator, e.Detail))
		}
	})
	for _, c := range []struct {
		token, method string
		fields        map[string]int64
	}{
		{"reader", "CreateInst", nil},
		{"runner", "DownloadInst", map[string]int64{"einstId": mine}},
		{"shop", "GetInst", map[string]int64{"einstId": mine}},
		{"shop", "GetInst", map[string]int64{"einstId": nobodys}},
		{"shop", "DownloadInst", map[string]int64{"einstId": theirs}},
		{"shop", "UpdateTpl", map[string]int64{"etplId": theirs}},
		{"shop", "RunSched", map[string]int64{"eschedId": theirs}},
		{"shop", "RetryDelivery", map[string]int64{"edeliveryId": theirs}},
		{"shop", "ListAudit", map[string]int64{"operatorId": them}},
		{"boss", "GetInst", map[string]int64{"einstId": theirs}},
		{"nobody", "GetInst", map[string]int64{"einstId": theirs}},
	} {
		s.call(s.as(t.Context(), c.token), t, c.method, request(t, c.method, c.fields))
	}
	want := []string{
		"11 0 0 7 CreateInst needs the scope run",
		"11 0 0 7 DownloadInst needs the scope read",
		"11 3 80 7 DownloadInst of another operator's instance",
		"11 1 80 7 UpdateTpl of another operator's template",
		"11 2 80 7 RunSched of another operator's schedule",
		"11 5 80 7 RetryDelivery of another operator's delivery",
		"11 0 0 7 ListAudit as operator 8",
	}
	mu.Lock()
	diff := cmp.Diff(want, got)
	got = nil
	mu.Unlock()
	if diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range 300 {
		s.call(s.as(t.Context(), "reader"), t, "CreateInst", request(t, "CreateInst", nil))
	}
	mu.Lock()
	defer mu.Unlock()
	if n := len(got); n < 90 || n > 200 {
		t.Errorf("%d of 300 refusals were recorded, want about 100", n)
	}
}
