package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"exporttask/internal/model"
)

// DeliveryLoader returns the deliveries that are waiting, over all replicas.
type DeliveryLoader interface {
	DeliveryLoad(ctx context.Context, destinations []string) ([]model.DeliveryLoad, error)
}

// deliveryQueue is a collector that queries the waiting deliveries when it is
// scraped.
type deliveryQueue struct {
	load            cached[map[string]model.DeliveryLoad]
	destinations    []string
	waiting, oldest *prometheus.Desc
}

// AddDeliveries adds metrics of the waiting deliveries of each destination.
func (m *Metrics) AddDeliveries(load DeliveryLoader, destinations []string) {
	query := func(ctx context.Context) (map[string]model.DeliveryLoad, error) {
		list, err := load.DeliveryLoad(ctx, destinations)
		byName := map[string]model.DeliveryLoad{}
		for _, l := range list {
			byName[l.Destination] = l
		}
		return byName, err
	}
	m.registry.MustRegister(&deliveryQueue{
		load: cached[map[string]model.DeliveryLoad]{query: query}, destinations: destinations,
		waiting: prometheus.NewDesc("exportd_delivery_waiting", "Deliveries that wait for their first or next attempt.", []string{"destination"}, nil),
		oldest:  prometheus.NewDesc("exportd_delivery_oldest_seconds", "Age of the oldest waiting delivery.", []string{"destination"}, nil),
	})
}

// Describe implements prometheus.Collector.
func (q *deliveryQueue) Describe(to chan<- *prometheus.Desc) {
	to <- q.waiting
	to <- q.oldest
}

// Collect implements prometheus.Collector. Destinations without waiting
// deliveries get zeros, so that alerts on them resolve.
func (q *deliveryQueue) Collect(to chan<- prometheus.Metric) {
	load, err := q.load.get()
	if err != nil {
		return // exportd_database_up reports it
	}
	for _, name := range q.destinations {
		to <- prometheus.MustNewConstMetric(q.waiting, prometheus.GaugeValue, float64(load[name].Waiting), name)
		to <- prometheus.MustNewConstMetric(q.oldest, prometheus.GaugeValue, load[name].OldestSec, name)
	}
}

// Delivered implements delivery.Observer.
func (m *Metrics) Delivered(destination, end string, took time.Duration) {
	destination = m.destinations.of(destination)
	m.deliveries.WithLabelValues(destination, m.deliveryEnds.of(end)).Inc()
	m.deliverySeconds.WithLabelValues(destination).Observe(took.Seconds())
}
