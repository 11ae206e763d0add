package tracing

import (
	"strings"
	"testing"
)

func TestTraced(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]bool{
		"/exporttask.ExportTask/GetInst":                      true,
		"/grpc.health.v1.Health/Check":                        false,
		"/exporttask.ExportTask/\xff":                         false,
		"/exporttask.ExportTask/" + strings.Repeat("x", 1000): false,
		"":                         false,
		"/exporttaskX/GetInst\xff": false,
	} {
		if got := traced(method); got != want {
			t.Errorf("%.40q: got %v, want %v", method, got, want)
		}
	}
}
