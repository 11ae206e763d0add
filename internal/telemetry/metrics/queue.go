package metrics

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"exporttask/internal/model"
)

// QueueLoader returns the waiting and running instances, over all replicas.
type QueueLoader interface {
	// Ping returns an error unless the database accepts a write.
	Ping(ctx context.Context) error
	QueueLoad(ctx context.Context, operator int32, limit int) ([]model.QueueOperator, []model.QueueWorker, error)
	// SchedLag returns the time since the due time of the most overdue schedule.
	SchedLag(ctx context.Context) (time.Duration, error)
}

const (
	// loadAge is the time for which the result of a query is reused, so that
	// frequent scrapes do not load the database.
	loadAge = 5 * time.Second
	// loadTimeout is the timeout of a query, so that a slow database does not
	// block scrapes.
	loadTimeout = 3 * time.Second
	// maxOperators is the number of operators that get series: those with the
	// most waiting instances.
	maxOperators = 50
)

// cached keeps the result of a query for loadAge.
type cached[T any] struct {
	query func(ctx context.Context) (T, error)

	mu     sync.Mutex
	at     time.Time
	result T
	err    error
}

func (c *cached[T]) get() (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.at) < loadAge {
		return c.result, c.err
	}
	ctx, stop := context.WithTimeout(context.Background(), loadTimeout)
	defer stop()
	c.result, c.err = c.query(ctx)
	c.at = time.Now()
	return c.result, c.err
}

// queue is a collector that queries the queue when it is scraped.
type queue struct {
	load cached[queueLoad]
	ping func(ctx context.Context) error

	waiting, retrying, running, oldest, lag, up *prometheus.Desc
}

type queueLoad struct {
	operators []model.QueueOperator
	lag       time.Duration
}

func queryQueue(load QueueLoader) func(context.Context) (queueLoad, error) {
	return func(ctx context.Context) (queueLoad, error) {
		operators, _, err := load.QueueLoad(ctx, 0, maxOperators)
		if err != nil {
			return queueLoad{}, err
		}
		lag, err := load.SchedLag(ctx)
		return queueLoad{operators, lag}, err
	}
}

// AddQueue adds metrics of the waiting and running instances of each operator.
func (m *Metrics) AddQueue(load QueueLoader) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	m.registry.MustRegister(&queue{
		load:     cached[queueLoad]{query: queryQueue(load)},
		ping:     load.Ping,
		waiting:  desc("exportd_queue_waiting", "Instances that are waiting for a worker.", "operator"),
		retrying: desc("exportd_queue_retrying", "Instances that are waiting for the time of their next attempt.", "operator"),
		running:  desc("exportd_queue_running", "Instances that are running, over all replicas.", "operator"),
		oldest:   desc("exportd_queue_oldest_seconds", "Age of the oldest instance that is waiting for a worker.", "operator"),
		lag:      desc("exportd_schedule_lag_seconds", "Time since the due time of the most overdue schedule."),
		up:       desc("exportd_database_up", "1 if the service's own database accepted a write at this scrape, else 0."),
	})
}

// AddHistory adds a metric of what the service's own database has forgotten.
func (m *Metrics) AddHistory(losses func() model.Losses) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "exportd_database_forgotten_total",
		Help: "Changes of this replica that the service's own database had committed and does not know any more: an older primary.",
	}, func() float64 { return float64(losses().Changes) }))
}

// Describe implements prometheus.Collector.
func (q *queue) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{q.waiting, q.retrying, q.running, q.oldest, q.lag, q.up} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (q *queue) Collect(to chan<- prometheus.Metric) {
	up := 1.0
	if err := q.ping(context.Background()); err != nil { // takes 2 s at most
		up = 0
	}
	to <- prometheus.MustNewConstMetric(q.up, prometheus.GaugeValue, up)
	load, err := q.load.get()
	if err != nil {
		return // no values: a query that timed out does not mean an empty queue
	}
	to <- prometheus.MustNewConstMetric(q.lag, prometheus.GaugeValue, load.lag.Seconds())
	for _, o := range load.operators {
		name := strconv.Itoa(int(o.OperatorID))
		for _, v := range []struct {
			desc  *prometheus.Desc
			value int64
		}{{q.waiting, o.Waiting}, {q.retrying, o.Retrying}, {q.running, o.Running}, {q.oldest, o.OldestSec}} {
			to <- prometheus.MustNewConstMetric(v.desc, prometheus.GaugeValue, float64(v.value), name)
		}
	}
}

// AddRegistration adds a metric of the registration in etcd. current returns its
// state, one of states.
func (m *Metrics) AddRegistration(states []string, current func() string) {
	for _, state := range states {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "exportd_registration_state", Help: "1 for the current state of the registration in etcd, 0 for the others.",
			ConstLabels: prometheus.Labels{"state": state},
		}, func() float64 {
			if current() == state {
				return 1
			}
			return 0
		}))
	}
}

// AddConnections adds metrics of a listener's open and refused connections. port
// is "grpc" or "http".
func (m *Metrics) AddConnections(port string, count func() (open int, refused int64)) {
	labels := prometheus.Labels{"port": port}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "exportd_connections_open", Help: "Open connections of clients.", ConstLabels: labels,
	}, func() float64 { open, _ := count(); return float64(open) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "exportd_connections_refused_total", Help: "Connections that were refused because of max-conns or max-conns-per-ip.", ConstLabels: labels,
		}, func() float64 { _, refused := count(); return float64(refused) }))
}

// AddMemory adds metrics of a memory budget. use is "exports" or "calls".
func (m *Metrics) AddMemory(use string, limit int64, used func() int64) {
	labels := prometheus.Labels{"use": use}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "exportd_memory_limit_bytes", Help: "Memory that exports and deliveries, or calls, may use together.", ConstLabels: labels,
	}, func() float64 { return float64(limit) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "exportd_memory_used_bytes", Help: "Memory that exports and deliveries, or calls, have acquired.", ConstLabels: labels,
		}, func() float64 { return float64(used()) }))
}
