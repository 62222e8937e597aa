package console

import (
	"github.com/prometheus/client_golang/prometheus"

	"winnow/internal/connlimit"
)

// WatchConnections adds the metrics of the connections of a server, which are read at
// each scrape. Each server must have a name of its own.
func (m *Metrics) WatchConnections(server string, counts func() connlimit.Counts) {
	label := prometheus.Labels{"server": server}
	m.factory.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: "connections", ConstLabels: label,
			Help: "Open connections to the server, public or admin."}, func() float64 { return float64(counts().Open) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: "connections_max", ConstLabels: label,
			Help: "How many connections the server may have."}, func() float64 { return float64(counts().Max) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Name: "connections_evicted_total", ConstLabels: label,
			Help: "Idle connections closed to make room for new ones."}, func() float64 { return float64(counts().Evicted) }),
	)
}
