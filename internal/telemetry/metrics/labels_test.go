package metrics

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/export"
	"exporttask/internal/model"
)

// manyOperators is a queue with more operators than get series.
type manyOperators struct{ load }

func (manyOperators) QueueLoad(_ context.Context, _ int32, limit int) ([]model.QueueOperator, []model.QueueWorker, error) {
	var list []model.QueueOperator
	for i := range limit {
		list = append(list, model.QueueOperator{OperatorID: int32(i)})
	}
	return list, nil, nil
}

// TestMetrics_HostileLabels passes values that a caller may choose, or that come
// from a changed configuration, to every method that sets a label. No value may
// panic, and none may become a label.
func TestMetrics_HostileLabels(t *testing.T) {
	t.Parallel()
	hostile := []string{"\xff\xfe", "\x00", strings.Repeat("x", 1<<16), "a\nb", `"}`, "{__name__=\"x\"}", "", "GetInst", "4294967295", "-1"}
	for i := range 1000 {
		hostile = append(hostile, fmt.Sprintf("hostile%d", i))
	}
	m := New(Config{Version: "v1\xff", Sources: []string{"default", "bad\xff"}, Destinations: []string{"crm"}})
	m.AddQueue(manyOperators{})
	m.AddDeliveries(load{}, []string{"crm"})
	m.AddRegistration([]string{"LOST"}, func() string { return "\xff" })
	m.AddMemory("calls", 1, func() int64 { return 0 })
	m.AddConnections("grpc", func() (int, int64) { return 0, 0 })
	for _, h := range hostile {
		for _, method := range []string{h, "/exporttask.ExportTask/" + h, "/" + h + "/GetInst"} {
			m.Refused(method, codes.Code(len(h)))
			_, _ = m.Unary(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: method}, func(context.Context, any) (any, error) {
				return &api.WshExportTaskGetInstRes{ErrCode: h}, nil
			})
			for _, err := range []error{errors.New(h), status.Error(codes.Code(len(h)+17), h)} {
				_ = m.Stream(nil, nil, &grpc.StreamServerInfo{FullMethod: method}, func(any, grpc.ServerStream) error { return err })
			}
		}
		m.Ended(export.Outcome{End: h, Code: h, Source: h, Format: h})
		m.Delivered(h, h, time.Second)
		m.Panicked(h)
	}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := 0
	for _, f := range families {
		series += len(f.GetMetric())
		for _, s := range f.GetMetric() {
			for _, l := range s.GetLabel() {
				if v := l.GetValue(); !utf8.ValidString(v) || len(v) > 64 || strings.Contains(v, "hostile") {
					t.Errorf("%s has the label %s=%.80q", f.GetName(), l.GetName(), v)
				}
			}
		}
	}
	if series > 500 {
		t.Errorf("%d series, want at most 500", series)
	}
}
