package console

import (
	"cmp"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"winnow/hygiene"
)

// Metrics counts what the rooms report, and shows it to Prometheus. Rooms report
// through interfaces of their own, so names and labels are decided here alone. A
// label is a word of the config or of the code: never a token, a contact, a path
// as requested or anything else that a stranger could choose. What can't work is
// counted from 0 on, so that its first time is seen as a change.
type Metrics struct {
	handler http.Handler
	sources atomic.Pointer[[]string]
	exports atomic.Pointer[[]string]

	callbacks    *prometheus.CounterVec
	callbackTook prometheus.Observer
	events       *prometheus.CounterVec
	quarantined  *prometheus.CounterVec
	appendTook   prometheus.Observer
	appendSize   prometheus.Observer

	sweeps         *prometheus.CounterVec
	sweepTook      prometheus.Observer
	sweepSucceeded prometheus.Gauge
	swept          *prometheus.CounterVec
	changes        prometheus.Counter

	runs         *prometheus.CounterVec
	runTook      *prometheus.HistogramVec
	runSucceeded *prometheus.GaugeVec
	runRows      *prometheus.GaugeVec

	jobs         *prometheus.CounterVec
	jobTook      *prometheus.HistogramVec
	jobSucceeded *prometheus.GaugeVec
	skipped      *prometheus.CounterVec

	reloadOK     prometheus.Gauge
	reloadedGood prometheus.Gauge
	policy       *prometheus.GaugeVec

	requests    *prometheus.CounterVec
	requestTook *prometheus.HistogramVec
	panicked    prometheus.Counter
}

// Buckets, in seconds: of what a provider waits for, of work on the store, of
// work that may take the night.
var (
	quick = []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10}
	work  = []float64{.001, .01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}
	long  = []float64{.1, 1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200}
)

// NewMetrics makes the metrics of a daemon. read gives the numbers that are read
// when Prometheus asks; nil for none. files are the paths of the store's files,
// whose sizes are shown under the last element of the path.
func NewMetrics(version string, read func() (Totals, error), files ...string) *Metrics {
	registry := prometheus.NewRegistry()
	m := &Metrics{handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry, ErrorHandling: promhttp.ContinueOnError})}
	in := making{registry}
	m.makeIntake(in)
	m.makeWork(in)
	m.makeConfig(in)
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(newGauges(read, files))
	in.gauges("build_info", "The version that runs; always 1.", "version", "goversion").WithLabelValues(version, runtime.Version()).Set(1)
	return m
}

func (m *Metrics) makeIntake(in making) {
	m.callbacks = in.counters("callbacks_total", "Callbacks by what they were answered.", "source", "answer")
	m.callbackTook = in.histogram("callback_duration_seconds", "Time from a callback's header to its answer.", quick)
	m.events = in.counters("events_total", "Events stored from callbacks.", "source", "outcome")
	m.quarantined = in.counters("quarantined_total", "Bodies and objects that could not be read and went to quarantine.", "source")
	m.appendTook = in.histogram("append_duration_seconds", "Time to put events on disk.", quick)
	m.appendSize = in.histogram("append_events", "Events put on disk together.", prometheus.ExponentialBuckets(1, 2, 14))
	m.requests = in.counters("api_requests_total", "Requests to the API by what they were answered.", "route", "status")
	m.requestTook = in.histograms("api_request_duration_seconds", "Time to answer a request to the API.", work, "route")
	m.panicked = in.counter("api_panics_total", "Requests to the private door that panicked.")
}

func (m *Metrics) makeWork(in making) {
	m.sweeps = in.counters("sweeps_total", "Sweeps by how they ended: ok or failed.", "status")
	m.sweepTook = in.histogram("sweep_duration_seconds", "Time that a sweep took.", work)
	m.sweepSucceeded = in.gauge("sweep_last_success_timestamp_seconds", "When a sweep last ended well.")
	m.swept = in.counters("swept_events_total", "Events swept, by what they were: applied, repeat or unmatched.", "what")
	m.changes = in.counter("ledger_entries_total", "Changes that sweeps entered in the ledger.")
	m.runs = in.counters("runs_total", "Runs of exports by how they ended.", "export", "status")
	m.runTook = in.histograms("run_duration_seconds", "Time that a run took.", long, "export")
	m.runSucceeded = in.gauges("run_last_success_timestamp_seconds", "When a run was last published.", "export")
	m.runRows = in.gauges("run_rows", "Rows that the last run wrote.", "export")
	m.jobs = in.counters("jobs_total", "Scheduled jobs by how they ended: ok or failed.", "job", "kind", "status")
	m.jobTook = in.histograms("job_duration_seconds", "Time that a scheduled job took.", long, "kind")
	m.jobSucceeded = in.gauges("job_last_success_timestamp_seconds", "When a scheduled job last ended well.", "job", "kind")
	m.skipped = in.counters("jobs_skipped_total", "Times that a job's schedules were passed over, since it or another job ran.", "job")
	for _, status := range []string{ok, failed} {
		m.sweeps.WithLabelValues(status)
	}
	for _, what := range []string{"applied", "repeat", "unmatched"} {
		m.swept.WithLabelValues(what)
	}
}

func (m *Metrics) makeConfig(in making) {
	m.reloadOK = in.gauge("config_last_reload_successful", "Whether the config was good when it was last read: 1 or 0.")
	m.reloadedGood = in.gauge("config_last_reload_success_timestamp_seconds", "When a good config was last read.")
	m.policy = in.gauges("policy_info", "The hash of the policy in force; always 1.", "hash")
}

// Configured tells which sources and exports there are, at start and after every
// reload. Until the first call every name is taken as it comes; from then on a
// source that is not among them is counted as the empty one. What was counted of
// exports that are gone is shown no longer.
func (m *Metrics) Configured(sources, exports []string) {
	sources, exports = slices.Clone(sources), slices.Clone(exports)
	m.sources.Store(&sources)
	for _, source := range sources {
		for _, answer := range []string{"stored", "unavailable"} {
			m.callbacks.WithLabelValues(source, answer)
		}
		for _, outcome := range hygiene.OutcomeNames() {
			m.events.WithLabelValues(source, outcome)
		}
		m.quarantined.WithLabelValues(source)
	}
	if old := m.exports.Swap(&exports); old != nil {
		for _, export := range *old {
			if !slices.Contains(exports, export) {
				m.forget(export)
			}
		}
	}
	for _, export := range exports {
		for _, status := range []string{"published", "held", "failed"} {
			m.runs.WithLabelValues(export, status)
		}
	}
}

func (m *Metrics) forget(export string) {
	of := prometheus.Labels{"export": export}
	m.runs.DeletePartialMatch(of)
	m.runTook.DeletePartialMatch(of)
	m.runSucceeded.DeletePartialMatch(of)
	m.runRows.DeletePartialMatch(of)
}

// source is the name as it is counted.
func (m *Metrics) source(name string) string {
	if known := m.sources.Load(); known != nil && !slices.Contains(*known, name) {
		return ""
	}
	return name
}

// Callback counts a callback: its source, empty for an unknown token, what it was
// answered, in one of a few words, and how long that took.
func (m *Metrics) Callback(source, answer string, took time.Duration) {
	m.callbacks.WithLabelValues(m.source(source), answer).Inc()
	m.callbackTook.Observe(took.Seconds())
}

// Stored counts events and unreadable bodies that are on disk.
func (m *Metrics) Stored(events []hygiene.Event, bad []hygiene.Unreadable) {
	for i := range events {
		m.events.WithLabelValues(m.source(events[i].Source), cmp.Or(events[i].Outcome, hygiene.Unrecognized).String()).Inc()
	}
	for i := range bad {
		m.quarantined.WithLabelValues(m.source(bad[i].Source)).Inc()
	}
}

// Appended counts events that were put on disk together, and how long it took.
func (m *Metrics) Appended(events int, took time.Duration) {
	m.appendSize.Observe(float64(events))
	m.appendTook.Observe(took.Seconds())
}

// The two ways in which work ends.
const (
	ok     = "ok"
	failed = "failed"
)

func endOf(err error) string {
	if err != nil {
		return failed
	}
	return ok
}

// Swept counts a sweep: the events it took from the log, how many of them were
// repeats or of nobody known, and the ledger entries it made.
func (m *Metrics) Swept(events, repeats, unmatched, changes int64, took time.Duration, err error) {
	m.sweeps.WithLabelValues(endOf(err)).Inc()
	m.sweepTook.Observe(took.Seconds())
	m.swept.WithLabelValues("applied").Add(float64(max(0, events-repeats-unmatched)))
	m.swept.WithLabelValues("repeat").Add(float64(repeats))
	m.swept.WithLabelValues("unmatched").Add(float64(unmatched))
	m.changes.Add(float64(changes))
	if err == nil {
		m.sweepSucceeded.SetToCurrentTime()
	}
}

// RunEnded counts a run of an export: its status, when it ended, how long it took
// and the rows of all its files.
func (m *Metrics) RunEnded(export, status string, at time.Time, took time.Duration, rows int64) {
	m.runs.WithLabelValues(export, status).Inc()
	m.runTook.WithLabelValues(export).Observe(took.Seconds())
	m.runRows.WithLabelValues(export).Set(float64(rows))
	if status == "published" || status == "released" {
		m.LastPublished(export, at)
	}
}

// LastPublished tells when a run of the export was last published, where that is
// known otherwise than from its end: from the store at start, or by a release.
func (m *Metrics) LastPublished(export string, at time.Time) {
	m.runSucceeded.WithLabelValues(export).Set(seconds(at))
}

// JobEnded counts a scheduled job by its name and kind.
func (m *Metrics) JobEnded(job, kind string, took time.Duration, err error) {
	m.jobs.WithLabelValues(job, kind, endOf(err)).Inc()
	m.jobTook.WithLabelValues(kind).Observe(took.Seconds())
	if err == nil {
		m.jobSucceeded.WithLabelValues(job, kind).SetToCurrentTime()
	}
}

// JobSkipped counts that times of a job were passed over.
func (m *Metrics) JobSkipped(job string) { m.skipped.WithLabelValues(job).Inc() }

// Reloaded tells that the config was read: whether it was good, when, and the
// hash of the policy that is in force now.
func (m *Metrics) Reloaded(good bool, at time.Time, policy string) {
	m.reloadOK.Set(0)
	if good {
		m.reloadOK.Set(1)
		m.reloadedGood.Set(seconds(at))
	}
	m.policy.Reset()
	m.policy.WithLabelValues(policy).Set(1)
}

// answered counts a request to the API by the pattern of its route.
func (m *Metrics) answered(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.requestTook.WithLabelValues(route).Observe(took.Seconds())
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// making makes metrics of a registry: all are winnow's.
type making struct{ registry *prometheus.Registry }

const namespace = "winnow"

// counter is one without labels, as are gauge and histogram.
func (in making) counter(name, help string) prometheus.Counter {
	return in.counters(name, help).WithLabelValues()
}

func (in making) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	in.registry.MustRegister(c)
	return c
}

func (in making) gauge(name, help string) prometheus.Gauge {
	return in.gauges(name, help).WithLabelValues()
}

func (in making) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	in.registry.MustRegister(g)
	return g
}

func (in making) histogram(name, help string, buckets []float64) prometheus.Observer {
	return in.histograms(name, help, buckets).WithLabelValues()
}

func (in making) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	in.registry.MustRegister(h)
	return h
}
