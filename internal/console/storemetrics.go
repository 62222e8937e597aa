package console

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"

	"github.com/prometheus/client_golang/prometheus"
)

// Totals are the numbers of the whole store that are metrics.
type Totals struct {
	view.Totals
	Quiet      map[string]int64 // by source: seconds without an event, if longer than its habit, else 0
	Breakers   []BreakerTotals
	Rules      []RuleTotals              // those that are measured
	Backups    bool                      // the config has a schedule of backups
	Database   int64                     // bytes of the database of a store on a server; 0 for none
	HeldRuns   map[string]int            // by export; every export is in it
	ExportAge  map[string]int64          // by export: seconds since the data of the last published run; without those never published
	Deliveries map[string]DeliveryTotals // by export; those with remotes are in it
	Receivers  []ReceiverTotals          // whose logs are pulled
	Behind     time.Duration             // how far the clock is behind the log; 0 when it is not
	Waiting    time.Duration             // how long jobs have waited for another process; 0 when they don't
	Blocked    time.Duration             // how long another process has kept callbacks from being stored; 0 when none does
}

// DeliveryTotals is how runs of an export reach its remotes.
type DeliveryTotals struct {
	Waiting int       // runs that a remote has not received yet, counted for each remote
	Lost    int       // runs that a remote never received, since the last it received
	Last    time.Time // when the remote that is furthest behind received a run; zero for never
}

// ReceiverTotals is how the log of a receiver is pulled.
type ReceiverTotals struct {
	URL             string
	Lag             int64         // lines that are still there
	Behind          time.Duration // for how long not all of them have been here
	CaughtUp        time.Time     // when all of them were here last; zero for not since the start
	Failures, Lines int64         // since the start
	Bytes           int64         // of the lines
}

// BreakerTotals is what breakers hold of one outcome at one source.
type BreakerTotals struct {
	Source, Outcome string
	Waiting         int64 // surges not reviewed
	Held            int64 // events, ever
	Told            bool  // a surge goes on that is only reported
}

// RuleTotals is what a rule suppressed in the last 90 days.
type RuleTotals struct {
	Rule             string
	Acted, Regretted int64 // suppressions, and those of them that a delivery proved wrong
	Held             bool  // it only proposes, and a verdict waits
}

// storeMetric is a metric that is read from the store at each scrape.
type storeMetric struct {
	kind       prometheus.ValueType
	name, help string
	labels     []string
	collect    func(t *Totals, emit func(value float64, labels ...string))
}

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

// storeMetrics are all of them, a line each.
var storeMetrics = []storeMetric{
	{gauge, "log_events", "Events in the log.", nil, one(func(t *Totals) int64 { return t.Events })},
	{gauge, "log_last_seq", "The seq of the last event in the log.", nil, one(func(t *Totals) int64 { return t.LastSeq })},
	{gauge, "sweep_lag_events", "Events in the log that have not been swept.", nil, one(func(t *Totals) int64 { return t.Sweep.Lag })},
	{gauge, "log_oldest_event_timestamp_seconds", "When the first event that the log still has was received, once retention ran.", nil, ifRetained(func(r *view.Retention) hygiene.Instant { return r.Oldest })},
	{gauge, "retention_last_success_timestamp_seconds", "When retention last deleted all that is old enough.", nil, ifRetained(func(r *view.Retention) hygiene.Instant { return r.EndedAt })},
	{counter, "retention_deleted_total", "What retention deleted, by kind: events, bodies, quarantine, unmatched.", []string{"kind"},
		byName(func(t *Totals) map[string]int64 { return t.Retention.ByKind() }, func(n int64) int64 { return n })},
	{counter, "repeats_total", "Events that repeated another one.", nil, one(func(t *Totals) int64 { return t.Repeats })},
	{counter, "unique_args_too_long_total", "Retries whose unique_args were over 8 KiB, so that exports leave them out.", nil, one(func(t *Totals) int64 { return t.LongArgs })},
	{counter, "late_events_total", "Events about messages to persons who were forgotten, which were erased.", nil, one(func(t *Totals) int64 { return t.Late })},
	{gauge, "quarantine_bodies", "Bodies in quarantine.", nil, one(func(t *Totals) int64 { return t.Quarantined })},
	{gauge, "unmatched_events", "Events in the log whose contact is unknown.", nil, one(func(t *Totals) int64 { return t.Unmatched })},
	{counter, "contact_conflicts_total", "Messages whose events name another contact than the send log.", []string{"source"},
		byName(func(t *Totals) map[string]int64 { return t.Conflicts }, func(n int64) int64 { return n })},
	{gauge, "silent_messages", "Messages that were sent and had no terminal event, as of the last review.", []string{"source"},
		byName(silentBySource, func(n int64) int64 { return n })},
	{gauge, "source_quiet_seconds", "For how long nothing came from a source, if that is longer than its habit, the longest gap of its last 14 days; else 0.", []string{"source"},
		byName(func(t *Totals) map[string]int64 { return t.Quiet }, func(n int64) int64 { return n })},
	{gauge, "receiver_lag_events", "Lines in the log of a receiver that are not pulled, as of its last answer.", []string{"receiver"},
		byReceiver(func(r *ReceiverTotals) float64 { return float64(r.Lag) })},
	{gauge, "receiver_lag_seconds", "For how long not all that a receiver has received has been pulled.", []string{"receiver"},
		byReceiver(func(r *ReceiverTotals) float64 { return r.Behind.Seconds() })},
	{gauge, "receiver_last_success_timestamp_seconds", "When all that a receiver has received was pulled last; 0 for not since the start.", []string{"receiver"},
		byReceiver(func(r *ReceiverTotals) float64 {
			if r.CaughtUp.IsZero() {
				return 0
			}
			return seconds(r.CaughtUp)
		})},
	{counter, "receiver_failures_total", "Pulls of a receiver's log that failed.", []string{"receiver"},
		byReceiver(func(r *ReceiverTotals) float64 { return float64(r.Failures) })},
	{counter, "receiver_lines_total", "Lines pulled from the log of a receiver, repeats included.", []string{"receiver"},
		byReceiver(func(r *ReceiverTotals) float64 { return float64(r.Lines) })},
	{counter, "receiver_bytes_total", "Bytes of the lines pulled from a receiver, not compressed.", []string{"receiver"},
		byReceiver(func(r *ReceiverTotals) float64 { return float64(r.Bytes) })},
	{gauge, "clock_behind_seconds", "How far the clock is behind the receipt of the last event in the log; 0 when it is not.", nil,
		one(func(t *Totals) int64 { return int64((t.Behind + time.Second - 1) / time.Second) })},
	{gauge, "jobs_waiting_seconds", "How long jobs have waited for another process that holds the store lock; 0 when they don't.", nil,
		one(func(t *Totals) int64 { return int64(t.Waiting / time.Second) })},
	{gauge, "log_blocked_seconds", "How long another process has kept callbacks from being stored; 0 when none does.", nil,
		one(func(t *Totals) int64 { return int64((t.Blocked + time.Second - 1) / time.Second) })},
	{gauge, "contacts", "Contacts by status, as of the last sweep or review.", []string{"status"},
		byName(func(t *Totals) map[string]int64 { return t.Statuses }, func(n int64) int64 { return n })},
	{gauge, "runs_held", "Held runs that wait for a release.", []string{"export"},
		byName(func(t *Totals) map[string]int { return t.HeldRuns }, func(n int) int64 { return int64(n) })},
	{gauge, "export_age_seconds", "How old the data is that readers of an export have: since as_of of the last published run.", []string{"export"},
		byName(func(t *Totals) map[string]int64 { return t.ExportAge }, func(n int64) int64 { return n })},
	{gauge, "deliveries_waiting", "Published runs that a remote has not received yet.", []string{"export"},
		byName(byExport, func(d DeliveryTotals) int64 { return int64(d.Waiting) })},
	{gauge, "deliveries_lost", "Published runs that a remote never received, since the last it received.", []string{"export"},
		byName(byExport, func(d DeliveryTotals) int64 { return int64(d.Lost) })},
	{gauge, "delivery_last_success_timestamp_seconds", "When the remote that is furthest behind last received a run.", []string{"export"},
		func(t *Totals, emit func(float64, ...string)) {
			for export, d := range t.Deliveries {
				if !d.Last.IsZero() {
					emit(seconds(d.Last), export)
				}
			}
		}},
	{gauge, "backup_last_success_timestamp_seconds", "When the store was backed up last; 0 for never.", nil,
		func(t *Totals, emit func(float64, ...string)) {
			if t.Backups || t.BackedUp != 0 {
				emit(float64(t.BackedUp) / 1e6)
			}
		}},
	{gauge, "breaker_waiting", "Surges held by breakers that wait for review.", []string{"source", "outcome"},
		byBreaker(func(b *BreakerTotals) int64 { return b.Waiting })},
	{gauge, "breaker_told", "Whether a surge goes on that a breaker only reports: 1 or 0.", []string{"source", "outcome"},
		byBreaker(func(b *BreakerTotals) int64 {
			if b.Told {
				return 1
			}
			return 0
		})},
	{gauge, "rule_suppressed", "Contacts that a rule suppressed in the last 90 days.", []string{"rule"},
		byRule(func(r *RuleTotals) int64 { return r.Acted })},
	{gauge, "rule_regretted", "Those of them that a later delivery proved wrong.", []string{"rule"},
		byRule(func(r *RuleTotals) int64 { return r.Regretted })},
	{gauge, "rule_held", "Whether a rule only proposes, because too much of what it did was regretted: 1 or 0.", []string{"rule"},
		byRule(func(r *RuleTotals) int64 {
			if r.Held {
				return 1
			}
			return 0
		})},
	{counter, "breaker_held_events_total", "Events that breakers held, reviewed or not.", []string{"source", "outcome"},
		byBreaker(func(b *BreakerTotals) int64 { return b.Held })},
}

func byRule(value func(*RuleTotals) int64) func(*Totals, func(float64, ...string)) {
	return func(t *Totals, emit func(float64, ...string)) {
		for i := range t.Rules {
			emit(float64(value(&t.Rules[i])), t.Rules[i].Rule)
		}
	}
}

func byExport(t *Totals) map[string]DeliveryTotals { return t.Deliveries }

// one collects a metric without labels.
func one(read func(*Totals) int64) func(*Totals, func(float64, ...string)) {
	return func(t *Totals, emit func(float64, ...string)) { emit(float64(read(t))) }
}

// ifRetained collects a time that is known once retention ran.
func ifRetained(read func(*view.Retention) hygiene.Instant) func(*Totals, func(float64, ...string)) {
	return func(t *Totals, emit func(float64, ...string)) {
		if t.Retention != nil && read(t.Retention) != 0 {
			emit(seconds(read(t.Retention).Time()))
		}
	}
}

// byName collects a metric whose label is the key of a map.
func byName[V any](read func(*Totals) map[string]V, value func(V) int64) func(*Totals, func(float64, ...string)) {
	return func(t *Totals, emit func(float64, ...string)) {
		for name, v := range read(t) {
			emit(float64(value(v)), name)
		}
	}
}

func byReceiver(value func(*ReceiverTotals) float64) func(*Totals, func(float64, ...string)) {
	return func(t *Totals, emit func(float64, ...string)) {
		for i := range t.Receivers {
			emit(value(&t.Receivers[i]), t.Receivers[i].URL)
		}
	}
}

func byBreaker(value func(*BreakerTotals) int64) func(*Totals, func(float64, ...string)) {
	return func(t *Totals, emit func(float64, ...string)) {
		for i := range t.Breakers {
			b := &t.Breakers[i]
			emit(float64(value(b)), b.Source, b.Outcome)
		}
	}
}

// storeCollector reads the store at each scrape. A store that fails or hangs takes
// only its own numbers away: the others show why.
type storeCollector struct {
	read  func() (Totals, error)
	files []string

	up, bytes *prometheus.Desc
	descs     []*prometheus.Desc // of storeMetrics

	mu      sync.Mutex
	reading chan struct{} // closed when the current read has ended; nil before the first
	totals  Totals
	err     error
}

// maxRead is how long the store may take before it counts as down.
const maxRead = 3 * time.Second

func newStoreCollector(read func() (Totals, error), files []string) *storeCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
	}
	c := &storeCollector{
		read: read, files: files,
		up:    desc("store_up", "Whether the store could be read: 1 or 0."),
		bytes: desc("store_bytes", "Sizes of the store's files; of a store on a server that of its database, as file=\"database\".", "file"),
	}
	for _, m := range storeMetrics {
		c.descs = append(c.descs, desc(m.name, m.help, m.labels...))
	}
	return c
}

// Describe implements [prometheus.Collector].
func (c *storeCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.up
	out <- c.bytes
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *storeCollector) Collect(out chan<- prometheus.Metric) {
	for _, path := range c.files {
		if info, err := os.Stat(path); err == nil {
			out <- prometheus.MustNewConstMetric(c.bytes, gauge, float64(info.Size()), filepath.Base(path))
		}
	}
	if c.read == nil {
		return
	}
	totals, ok := c.latest()
	if !ok {
		out <- prometheus.MustNewConstMetric(c.up, gauge, 0)
		return
	}
	out <- prometheus.MustNewConstMetric(c.up, gauge, 1)
	if totals.Database > 0 {
		out <- prometheus.MustNewConstMetric(c.bytes, gauge, float64(totals.Database), "database")
	}
	for i, m := range storeMetrics {
		m.collect(&totals, func(value float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(c.descs[i], m.kind, value, labels...)
		})
	}
}

// latest reads the store, or waits for the read under way: however often it is
// called, at most one read waits for a store that hangs.
func (c *storeCollector) latest() (Totals, bool) {
	done := c.startRead()
	timeout := time.NewTimer(maxRead)
	defer timeout.Stop()
	select {
	case <-done:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.totals, c.err == nil
	case <-timeout.C:
		return Totals{}, false
	}
}

// startRead starts a read unless one is under way, and returns a channel that is
// closed when it has ended.
func (c *storeCollector) startRead() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reading != nil {
		select {
		case <-c.reading:
		default:
			return c.reading
		}
	}
	done := make(chan struct{})
	c.reading = done
	go func() {
		defer close(done)
		totals, err := c.readRecovered()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.totals, c.err = totals, err
	}()
	return done
}

// readRecovered reads the store and turns a panic into an error.
func (c *storeCollector) readRecovered() (_ Totals, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read the store: panic: %v", p)
		}
	}()
	return c.read()
}

func silentBySource(t *Totals) map[string]int64 {
	if t.Silent == nil {
		return nil
	}
	return t.Silent.Sources
}
