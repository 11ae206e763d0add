package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"exporttask/internal/model"
)

// Deliveries tells what waits to be sent on, over all replicas.
type Deliveries interface {
	DeliveryLoad(ctx context.Context, destinations []string) ([]model.DeliveryLoad, error)
}

// deliveryQueue asks for the deliveries that wait when it is scraped.
type deliveryQueue struct {
	load            recent[map[string]model.DeliveryLoad]
	destinations    []string
	waiting, oldest *prometheus.Desc
}

// AddDeliveries adds what waits to be sent to each destination.
func (m *Metrics) AddDeliveries(load Deliveries, destinations []string) {
	ask := func(ctx context.Context) (map[string]model.DeliveryLoad, error) {
		list, err := load.DeliveryLoad(ctx, destinations)
		byName := map[string]model.DeliveryLoad{}
		for _, l := range list {
			byName[l.Destination] = l
		}
		return byName, err
	}
	m.registry.MustRegister(&deliveryQueue{
		load: recent[map[string]model.DeliveryLoad]{ask: ask}, destinations: destinations,
		waiting: prometheus.NewDesc("exportd_delivery_waiting", "Deliveries that wait, for an attempt or after one.", []string{"destination"}, nil),
		oldest:  prometheus.NewDesc("exportd_delivery_oldest_seconds", "How long the oldest delivery that waits has been there.", []string{"destination"}, nil),
	})
}

// Describe implements prometheus.Collector.
func (q *deliveryQueue) Describe(to chan<- *prometheus.Desc) {
	to <- q.waiting
	to <- q.oldest
}

// Collect implements prometheus.Collector. A destination for which nothing waits
// is there with zeros, so that alerts on it end.
func (q *deliveryQueue) Collect(to chan<- prometheus.Metric) {
	load, err := q.load.get()
	if err != nil {
		return // exportd_database_up tells
	}
	for _, name := range q.destinations {
		to <- prometheus.MustNewConstMetric(q.waiting, prometheus.GaugeValue, float64(load[name].Waiting), name)
		to <- prometheus.MustNewConstMetric(q.oldest, prometheus.GaugeValue, load[name].OldestSec, name)
	}
}

// Delivered implements delivery.Observer.
func (m *Metrics) Delivered(destination, end string, took time.Duration) {
	m.deliveries.WithLabelValues(destination, end).Inc()
	m.deliverySeconds.WithLabelValues(destination).Observe(took.Seconds())
}
