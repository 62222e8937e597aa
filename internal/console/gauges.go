package console

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Totals are the numbers of the whole store.
type Totals struct {
	Events      int64 // stored
	LastSeq     int64
	Lag         int64 // events in the log that have not been swept
	Repeats     int64
	Quarantined int64 // bodies kept
	Unmatched   int64 // stored events whose contact is not known
	Contacts    map[string]int64
	Breakers    []Breaker
	HeldRuns    map[string]int        // by export; each is in it
	Deliveries  map[string]Deliveries // by export; those with remotes are in it
	Waiting     time.Duration         // for another process, of jobs; 0 when they don't wait
}

// Deliveries is how runs of an export reach its remotes.
type Deliveries struct {
	Waiting int       // that no remote has yet, counted for each
	Lost    int       // that a remote never got, since it last got one
	Last    time.Time // when the remote that is furthest behind got a run; zero for never
}

// Breaker is what breakers held of one outcome at one source.
type Breaker struct {
	Source, Outcome string
	Waiting         int64 // surges that nobody reviewed
	Held            int64 // events, ever
}

// gauges is read from the store when Prometheus asks. A store that fails or hangs
// takes only its own numbers with it: the others are what tells why.
type gauges struct {
	read  func() (Totals, error)
	files []string

	mu      sync.Mutex
	reading chan struct{} // closed when the reading under way has ended; nil before the first
	totals  Totals
	err     error

	up, events, lastSeq, lag, repeats, quarantined, unmatched, contacts, waiting, held, heldRuns, bytes, deliveries, lost, delivered, jobs *prometheus.Desc
}

// maxReading is how long the store may take before it counts as down.
const maxReading = 3 * time.Second

func newGauges(read func() (Totals, error), files []string) *gauges {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
	}
	return &gauges{
		read: read, files: files,
		up:          desc("store_up", "Whether the store could be read: 1 or 0."),
		events:      desc("log_events", "Events in the log."),
		lastSeq:     desc("log_last_seq", "The place of the last event in the log."),
		lag:         desc("sweep_lag_events", "Events in the log that have not been swept."),
		repeats:     desc("repeats_total", "Events that repeated another one."),
		quarantined: desc("quarantine_bodies", "Bodies in quarantine."),
		unmatched:   desc("unmatched_events", "Events in the log whose contact is not known."),
		contacts:    desc("contacts", "Contacts by status, as of the last sweep or review.", "status"),
		waiting:     desc("breaker_waiting", "Surges that breakers hold and nobody has reviewed.", "source", "outcome"),
		held:        desc("breaker_held_events_total", "Events that breakers held, reviewed or not.", "source", "outcome"),
		heldRuns:    desc("runs_held", "Runs that the guard holds and nobody has released.", "export"),
		deliveries:  desc("deliveries_waiting", "Published runs that a remote has not got yet.", "export"),
		lost:        desc("deliveries_lost", "Published runs that a remote never got, since it last got one.", "export"),
		delivered:   desc("delivery_last_success_timestamp_seconds", "When the remote that is furthest behind last got a run.", "export"),
		jobs:        desc("jobs_waiting_seconds", "How long jobs have waited for another process that has the store; 0 when they don't."),
		bytes:       desc("store_bytes", "Sizes of the store's files.", "file"),
	}
}

// Describe is of prometheus.Collector.
func (g *gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.up, g.events, g.lastSeq, g.lag, g.repeats, g.quarantined, g.unmatched, g.contacts, g.waiting, g.held, g.heldRuns, g.bytes, g.deliveries, g.lost, g.delivered, g.jobs} {
		out <- d
	}
}

// Collect is of prometheus.Collector.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	tell := func(d *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	for _, path := range g.files {
		if info, err := os.Stat(path); err == nil {
			tell(g.bytes, info.Size(), filepath.Base(path))
		}
	}
	if g.read == nil {
		return
	}
	t, good := g.latest()
	if !good {
		tell(g.up, 0)
		return
	}
	tell(g.up, 1)
	tell(g.events, t.Events)
	tell(g.lastSeq, t.LastSeq)
	tell(g.lag, t.Lag)
	tell(g.quarantined, t.Quarantined)
	tell(g.unmatched, t.Unmatched)
	tell(g.jobs, int64(t.Waiting/time.Second))
	for status, n := range t.Contacts {
		tell(g.contacts, n, status)
	}
	for export, n := range t.HeldRuns {
		tell(g.heldRuns, int64(n), export)
	}
	for export, d := range t.Deliveries {
		tell(g.deliveries, int64(d.Waiting), export)
		tell(g.lost, int64(d.Lost), export)
		if !d.Last.IsZero() {
			out <- prometheus.MustNewConstMetric(g.delivered, prometheus.GaugeValue, seconds(d.Last), export)
		}
	}
	for _, b := range t.Breakers {
		tell(g.waiting, b.Waiting, b.Source, b.Outcome)
		out <- prometheus.MustNewConstMetric(g.held, prometheus.CounterValue, float64(b.Held), b.Source, b.Outcome)
	}
	out <- prometheus.MustNewConstMetric(g.repeats, prometheus.CounterValue, float64(t.Repeats))
}

// latest reads the store, or waits for the reading under way: however often one
// asks, at most one reading stands before a store that hangs.
func (g *gauges) latest() (Totals, bool) {
	done := g.begin()
	late := time.NewTimer(maxReading)
	defer late.Stop()
	select {
	case <-done:
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.totals, g.err == nil
	case <-late.C:
		return Totals{}, false
	}
}

// safely reads the store; a panic is one of its failures.
func (g *gauges) safely() (_ Totals, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read the store: panic: %v", p)
		}
	}()
	return g.read()
}

// begin starts a reading unless one is under way.
func (g *gauges) begin() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reading != nil {
		select {
		case <-g.reading:
		default:
			return g.reading
		}
	}
	done := make(chan struct{})
	g.reading = done
	go func() {
		defer close(done)
		totals, err := g.safely()
		g.mu.Lock()
		defer g.mu.Unlock()
		g.totals, g.err = totals, err
	}()
	return done
}
