// Package metrics tells Prometheus what goes on: the queue, attempts, calls,
// the registration. cmd/exportd makes one and hands it to whoever has something
// to tell; it never asks a data source anything.
package metrics

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/internal/export"
)

// Metrics are the process's own. It implements export.Observer and
// delivery.Observer.
type Metrics struct {
	registry *prometheus.Registry

	rpcs        *prometheus.CounterVec
	rpcSeconds  *prometheus.HistogramVec
	attempts    *prometheus.CounterVec
	seconds     *prometheus.HistogramVec
	rows, bytes *prometheus.CounterVec
	running     prometheus.Gauge

	deliveries      *prometheus.CounterVec
	deliverySeconds *prometheus.HistogramVec
}

// New makes the metrics of a process of this version.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		rpcs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exportd_rpcs_total", Help: "Calls that ended, by method and errCode: of the envelope, or of the status; 0 is success.",
		}, []string{"method", "err_code"}),
		rpcSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "exportd_rpc_duration_seconds", Help: "How long unary calls took.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exportd_attempts_total",
			Help: "Attempts that ended, by how (succeeded, failed, retried, canceled, timed_out, released, lost), errCode, data source and format.",
		}, []string{"end", "err_code", "source", "format"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "exportd_attempt_duration_seconds", Help: "How long attempts took.",
			Buckets: []float64{.05, .1, .5, 1, 5, 10, 30, 60, 300, 900, 1800, 3600, 10800, 21600},
		}, []string{"end"}),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exportd_rows_total", Help: "Rows written by attempts that ended.",
		}, []string{"format"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exportd_file_bytes_total", Help: "Bytes of files written by attempts that ended.",
		}, []string{"format"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "exportd_running_attempts", Help: "Attempts that run in this process.",
		}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exportd_delivery_attempts_total",
			Help: "Attempts of deliveries that ended, by destination and how (done, failed, retried, released, lost).",
		}, []string{"destination", "end"}),
		deliverySeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "exportd_delivery_duration_seconds", Help: "How long attempts of deliveries took.",
			Buckets: []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 900, 1800},
		}, []string{"destination"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "exportd_build_info", Help: "Always 1; the version is a label.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.rpcs, m.rpcSeconds, m.attempts, m.seconds, m.rows, m.bytes, m.running, m.deliveries, m.deliverySeconds, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler answers scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Began implements export.Observer.
func (m *Metrics) Began() { m.running.Inc() }

// Ended implements export.Observer.
func (m *Metrics) Ended(o export.Outcome) {
	m.running.Dec()
	m.attempts.WithLabelValues(o.End, o.Code, o.Source, o.Format).Inc()
	m.seconds.WithLabelValues(o.End).Observe(o.Duration.Seconds())
	m.rows.WithLabelValues(o.Format).Add(float64(o.Rows))
	m.bytes.WithLabelValues(o.Format).Add(float64(o.Bytes))
}

// envelope is what every reply of the service begins with.
type envelope interface{ GetErrCode() string }

// errCode is the code of a call's end.
func errCode(reply any, err error) string {
	if err != nil {
		return strconv.Itoa(int(status.Code(err)))
	}
	if e, ok := reply.(envelope); ok && e.GetErrCode() != "" {
		return e.GetErrCode()
	}
	return "0"
}

// method is a call's name without its service, if the service is ours.
func method(full string) string {
	name, ok := strings.CutPrefix(full, "/exporttask.ExportTask/")
	if !ok {
		return "other" // health, reflection, and whatever is asked for by mistake
	}
	return name
}

// Refused counts a call that was refused before it was read.
func (m *Metrics) Refused(fullMethod string, code codes.Code) {
	m.rpcs.WithLabelValues(method(fullMethod), strconv.Itoa(int(code))).Inc()
}

// Unary counts unary calls.
func (m *Metrics) Unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	began := time.Now()
	reply, err := next(ctx, req)
	name := method(info.FullMethod)
	m.rpcs.WithLabelValues(name, errCode(reply, err)).Inc()
	m.rpcSeconds.WithLabelValues(name).Observe(time.Since(began).Seconds())
	return reply, err
}

// Stream counts streams. The errCode of one that ends with an envelope is that
// of its last message.
func (m *Metrics) Stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	s := &lastReply{ServerStream: stream}
	err := next(srv, s)
	m.rpcs.WithLabelValues(method(info.FullMethod), errCode(s.last, err)).Inc()
	return err
}

// lastReply remembers what a stream sent last.
type lastReply struct {
	grpc.ServerStream
	last any
}

func (s *lastReply) SendMsg(m any) error {
	s.last = m
	return s.ServerStream.SendMsg(m)
}
