package metrics

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"exporttask/internal/model"
)

// Load reads the load of the queue over all replicas.
type Load interface {
	// Ping returns an error unless the database takes a write.
	Ping(ctx context.Context) error
	QueueLoad(ctx context.Context, operator int32, limit int) ([]model.QueueOperator, []model.QueueWorker, error)
	// SchedLag is how long the schedule that is due the longest has been due.
	SchedLag(ctx context.Context) (time.Duration, error)
}

const (
	// loadAge is how long an answer of the database is good for, however often
	// the process is scraped.
	loadAge = 5 * time.Second
	// loadTimeout bounds the question: a database in trouble must not keep
	// scrapes waiting.
	loadTimeout = 3 * time.Second
	// maxOperators bounds the series; the operators beyond those with the most
	// waiting are not shown.
	maxOperators = 50
)

// recent keeps what the database answered for loadAge.
type recent[T any] struct {
	ask func(ctx context.Context) (T, error)

	mu     sync.Mutex
	at     time.Time
	answer T
	err    error
}

func (r *recent[T]) get() (T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.at) < loadAge {
		return r.answer, r.err
	}
	ctx, stop := context.WithTimeout(context.Background(), loadTimeout)
	defer stop()
	r.answer, r.err = r.ask(ctx)
	r.at = time.Now()
	return r.answer, r.err
}

// queue reads the load of the queue and the state of the database at a scrape.
type queue struct {
	load recent[queueLoad]
	ping func(ctx context.Context) error

	waiting, retrying, running, oldest, lag, up *prometheus.Desc
}

type queueLoad struct {
	operators []model.QueueOperator
	late      time.Duration
}

func askQueue(load Load) func(context.Context) (queueLoad, error) {
	return func(ctx context.Context) (queueLoad, error) {
		operators, _, err := load.QueueLoad(ctx, 0, maxOperators)
		if err != nil {
			return queueLoad{}, err
		}
		late, err := load.SchedLag(ctx)
		return queueLoad{operators, late}, err
	}
}

// AddQueue adds what waits and runs over all replicas, by operator.
func (m *Metrics) AddQueue(load Load) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	m.registry.MustRegister(&queue{
		load:     recent[queueLoad]{ask: askQueue(load)},
		ping:     load.Ping,
		waiting:  desc("exportd_queue_waiting", "Instances that could run now.", "operator"),
		retrying: desc("exportd_queue_retrying", "Instances that wait for their next attempt.", "operator"),
		running:  desc("exportd_queue_running", "Instances that run, over all replicas.", "operator"),
		oldest:   desc("exportd_queue_oldest_seconds", "How long the oldest instance that could run has waited.", "operator"),
		lag:      desc("exportd_schedule_lag_seconds", "How long the schedule that is due the longest has been due."),
		up:       desc("exportd_database_up", "1 if the service's own database took a write at this scrape."),
	})
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
	if err := q.ping(context.Background()); err != nil { // which takes 2 s at most
		up = 0
	}
	to <- prometheus.MustNewConstMetric(q.up, prometheus.GaugeValue, up)
	load, err := q.load.get()
	if err != nil {
		return // not 0: a query that is too slow is not an empty queue
	}
	to <- prometheus.MustNewConstMetric(q.lag, prometheus.GaugeValue, load.late.Seconds())
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

// AddRegistration adds the state of the registration in etcd, one of states.
func (m *Metrics) AddRegistration(states []string, now func() string) {
	for _, state := range states {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "exportd_registration_state", Help: "1 for the state that the registration in etcd is in.",
			ConstLabels: prometheus.Labels{"state": state},
		}, func() float64 {
			if now() == state {
				return 1
			}
			return 0
		}))
	}
}

// AddConnections adds the connections that a listener has open and those that it
// refused.
func (m *Metrics) AddConnections(port string, count func() (open int, refused int64)) {
	labels := prometheus.Labels{"port": port}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "exportd_connections_open", Help: "Connections of clients.", ConstLabels: labels,
	}, func() float64 { open, _ := count(); return float64(open) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "exportd_connections_refused_total", Help: "Connections refused since as many as allowed were open.", ConstLabels: labels,
		}, func() float64 { _, refused := count(); return float64(refused) }))
}
