package metrics

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/export"
	"exporttask/internal/model"
)

type load struct{ err error }

func (l load) QueueLoad(context.Context, int32, int) ([]model.QueueOperator, []model.QueueWorker, error) {
	return []model.QueueOperator{{OperatorID: 7, Waiting: 3, Retrying: 1, Running: 2, OldestSec: 40}}, nil, l.err
}

func (l load) DeliveryLoad(context.Context, []string) ([]model.DeliveryLoad, error) {
	return []model.DeliveryLoad{{Destination: "crm", Waiting: 6, OldestSec: 7}}, l.err
}

func (l load) Ping(context.Context) error { return l.err }

func (l load) SchedLag(context.Context) (time.Duration, error) { return 90 * time.Second, l.err }

// busy returns metrics of a process in which everything has happened once.
func busy(t *testing.T) *Metrics {
	t.Helper()
	m := New(Config{Version: "test", Sources: []string{"default"}, Destinations: []string{"crm", "share"}})
	m.AddQueue(load{})
	m.AddDeliveries(load{}, []string{"crm", "share"})
	m.Delivered("crm", "retried", time.Second)
	m.AddRegistration([]string{"LOST", "REGISTERED"}, func() string { return "REGISTERED" })
	m.AddMemory("exports", 100, func() int64 { return 7 })
	m.AddConnections("grpc", func() (int, int64) { return 4, 5 })
	m.AddHistory(func() model.Losses { return model.Losses{Changes: 8} })
	m.Began()
	m.Began()
	m.Ended(export.Outcome{End: "retried", Code: "14", Source: "default", Format: "XLSX", Duration: time.Second, Rows: 10, Bytes: 1000})
	info := &grpc.UnaryServerInfo{FullMethod: "/exporttask.ExportTask/GetInst"}
	for _, end := range []struct {
		reply any
		err   error
	}{
		{&api.WshExportTaskGetInstRes{}, nil},
		{&api.WshExportTaskGetInstRes{ErrCode: "5"}, nil},
		{nil, status.Error(codes.Unavailable, "down")},
	} {
		_, _ = m.Unary(t.Context(), nil, info, func(context.Context, any) (any, error) { return end.reply, end.err })
	}
	m.Refused("/exporttask.ExportTask/CreateTpl", codes.Unauthenticated)
	return m
}

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	text, err := io.ReadAll(w.Body)
	if err != nil || w.Code != 200 {
		t.Fatalf("scrape: %d %v", w.Code, err)
	}
	return string(text)
}

func TestMetrics_Handler(t *testing.T) {
	t.Parallel()
	text := scrape(t, busy(t))
	for _, line := range []string{
		`exportd_rpcs_total{err_code="0",method="GetInst"} 1`,
		`exportd_rpcs_total{err_code="5",method="GetInst"} 1`,
		`exportd_rpcs_total{err_code="14",method="GetInst"} 1`,
		`exportd_rpcs_total{err_code="16",method="CreateTpl"} 1`,
		`exportd_attempts_total{end="retried",err_code="14",format="XLSX",source="default"} 1`,
		`exportd_rows_total{format="XLSX"} 10`,
		`exportd_file_bytes_total{format="XLSX"} 1000`,
		`exportd_running_attempts 1`,
		`exportd_queue_waiting{operator="7"} 3`,
		`exportd_queue_oldest_seconds{operator="7"} 40`,
		`exportd_schedule_lag_seconds 90`,
		`exportd_delivery_waiting{destination="crm"} 6`,
		`exportd_delivery_waiting{destination="share"} 0`,
		`exportd_delivery_oldest_seconds{destination="crm"} 7`,
		`exportd_delivery_attempts_total{destination="crm",end="retried"} 1`,
		`exportd_database_up 1`,
		`exportd_registration_state{state="REGISTERED"} 1`,
		`exportd_registration_state{state="LOST"} 0`,
		`exportd_connections_refused_total{port="grpc"} 5`,
		`exportd_database_forgotten_total 8`,
		`exportd_memory_limit_bytes{use="exports"} 100`,
		`exportd_memory_used_bytes{use="exports"} 7`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
}

func TestMetrics_AddQueue_DatabaseDown(t *testing.T) {
	t.Parallel()
	m := New(Config{Version: "test"})
	m.AddQueue(load{err: errors.New("down")})
	if text := scrape(t, m); !strings.Contains(text, "exportd_database_up 0\n") {
		t.Error("no exportd_database_up 0")
	}
}

// TestMetrics_Used checks that every metric in the dashboard, the alerts and the
// documentation exists, and that every alert is documented.
func TestMetrics_Used(t *testing.T) {
	t.Parallel()
	existing := scrape(t, busy(t))
	name := regexp.MustCompile(`\b(?:exportd|process|go)_[a-z_]+\b`)
	for _, file := range []string{"../../../deploy/grafana/exportd.json", "../../../deploy/prometheus/alerts.yml", "../../../docs/operations.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := name.FindAllString(string(text), -1)
		if len(found) < 8 {
			t.Errorf("%s uses %d metrics, want 8 or more", file, len(found))
		}
		for _, n := range found {
			if n != "exportd_reader" && !regexp.MustCompile(`(?m)^`+n+`(_bucket)?[ {]`).MatchString(existing) { // the name of a database account
				t.Errorf("%s: no such metric: %s", file, n)
			}
		}
	}

	text, err := os.ReadFile("../../../deploy/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	dec.KnownFields(true)
	if err := dec.Decode(&rules); err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules.Groups[0].Rules {
		if !strings.Contains(string(docs), "### "+r.Alert+"\n") {
			t.Errorf("docs/operations.md has no section about %s", r.Alert)
		}
		if !slices.Contains([]string{"warning", "critical"}, r.Labels["severity"]) || r.Annotations["summary"] == "" {
			t.Errorf("%s has no severity or summary", r.Alert)
		}
	}
}
