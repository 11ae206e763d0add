// Package metrics provides the Prometheus metrics of a process: queue, attempts,
// deliveries, calls, connections, registration, recovered panics. cmd/exportd
// creates one Metrics and passes it to the parts that record something. Metrics
// of the queue query the service's own database when they are scraped; data
// sources are never queried.
package metrics

import (
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"exporttask/internal/export"
)

// Config has the label values that depend on the configuration.
type Config struct {
	Version      string
	Sources      []string // names of the data sources
	Destinations []string // names of the destinations of deliveries
}

// Metrics are the metrics of a process. It implements export.Observer and
// delivery.Observer, and is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	rpcs        *prometheus.CounterVec
	rpcSeconds  *prometheus.HistogramVec
	panics      *prometheus.CounterVec
	attempts    *prometheus.CounterVec
	seconds     *prometheus.HistogramVec
	rows, bytes *prometheus.CounterVec
	running     prometheus.Gauge

	deliveries      *prometheus.CounterVec
	deliverySeconds *prometheus.HistogramVec

	// The closed sets of label values.
	methods                                                                           map[string]string
	sources, destinations, formats, errCodes, attemptEnds, deliveryEnds, panicOrigins labelSet
}

// New returns the metrics of a process.
func New(c Config) *Metrics {
	m := &Metrics{
		registry:     prometheus.NewRegistry(),
		methods:      methods(),
		sources:      newLabelSet(c.Sources...),
		destinations: newLabelSet(c.Destinations...),
		formats:      newLabelSet("CSV", "XLS", "XLSX", "JSONL", "PARQUET"),
		errCodes:     errCodes(),
		attemptEnds:  newLabelSet("succeeded", "failed", "retried", "canceled", "timed_out", "released", "lost"),
		deliveryEnds: newLabelSet("done", "failed", "retried", "released", "lost"),
		panicOrigins: newLabelSet("grpc", "http"),

		rpcs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exportd_rpcs_total", Help: "Calls that ended, by method and errCode (of the envelope or the status; 0 is success).",
		}, []string{"method", "err_code"}),
		rpcSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "exportd_rpc_duration_seconds", Help: "Duration of unary calls.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method"}),
		panics: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exportd_panics_total", Help: "Panics in handlers of calls (grpc) and requests (http) that were recovered.",
		}, []string{"origin"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exportd_attempts_total",
			Help: "Attempts that ended, by end (succeeded, failed, retried, canceled, timed_out, released, lost), errCode, data source and format.",
		}, []string{"end", "err_code", "source", "format"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "exportd_attempt_duration_seconds", Help: "Duration of attempts.",
			Buckets: []float64{.05, .1, .5, 1, 5, 10, 30, 60, 300, 900, 1800, 3600, 10800, 21600},
		}, []string{"end"}),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exportd_rows_total", Help: "Rows written by attempts that ended.",
		}, []string{"format"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exportd_file_bytes_total", Help: "Bytes of files written by attempts that ended.",
		}, []string{"format"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "exportd_running_attempts", Help: "Attempts that are running in this process.",
		}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exportd_delivery_attempts_total",
			Help: "Delivery attempts that ended, by destination and end (done, failed, retried, released, lost).",
		}, []string{"destination", "end"}),
		deliverySeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "exportd_delivery_duration_seconds", Help: "Duration of delivery attempts.",
			Buckets: []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 900, 1800},
		}, []string{"destination"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "exportd_build_info", Help: "Always 1; the label has the version.",
		ConstLabels: prometheus.Labels{"version": strings.ToValidUTF8(c.Version, "\uFFFD")},
	})
	build.Set(1)
	for origin := range m.panicOrigins {
		m.panics.WithLabelValues(origin) // alerts need the series before the first panic
	}
	m.registry.MustRegister(m.rpcs, m.rpcSeconds, m.panics, m.attempts, m.seconds, m.rows, m.bytes, m.running, m.deliveries, m.deliverySeconds, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler returns the handler of /metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Panicked counts a recovered panic of "grpc" or "http".
func (m *Metrics) Panicked(origin string) { m.panics.WithLabelValues(m.panicOrigins.of(origin)).Inc() }

// Began implements export.Observer.
func (m *Metrics) Began() { m.running.Inc() }

// Ended implements export.Observer.
func (m *Metrics) Ended(o export.Outcome) {
	end, format := m.attemptEnds.of(o.End), m.formats.of(o.Format)
	m.running.Dec()
	m.attempts.WithLabelValues(end, m.errCodes.of(o.Code), m.sources.of(o.Source), format).Inc()
	m.seconds.WithLabelValues(end).Observe(o.Duration.Seconds())
	m.rows.WithLabelValues(format).Add(float64(o.Rows))
	m.bytes.WithLabelValues(format).Add(float64(o.Bytes))
}
