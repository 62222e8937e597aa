package console

import (
	"cmp"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"winnow/hygiene"
	"winnow/segments"
)

// Metrics counts what the other packages report, for Prometheus. They report
// through interfaces of their own, so names and labels are decided here alone. A
// label is a word of the config or of the code: never a token, a contact, a raw
// path or anything else that a stranger can choose. Errors are counted from 0 on,
// so that the first one shows as a change.
type Metrics struct {
	handler http.Handler
	factory factory
	sources atomic.Pointer[[]string] // of the config; nil before Configured
	exports atomic.Pointer[[]string]

	callbacks        *prometheus.CounterVec
	lastCallback     atomic.Int64 // in milliseconds since 1970
	callbackDuration prometheus.Observer
	events           *prometheus.CounterVec
	quarantined      *prometheus.CounterVec
	unverified       *prometheus.CounterVec
	appendDuration   prometheus.Observer
	appendEvents     prometheus.Observer

	sweeps        *prometheus.CounterVec
	sweepDuration prometheus.Observer
	sweepSuccess  prometheus.Gauge
	sweptEvents   *prometheus.CounterVec
	ledgerEntries prometheus.Counter

	runs        *prometheus.CounterVec
	runDuration *prometheus.HistogramVec
	runSuccess  *prometheus.GaugeVec
	runRows     *prometheus.GaugeVec

	jobs        *prometheus.CounterVec
	jobDuration *prometheus.HistogramVec
	jobSuccess  *prometheus.GaugeVec
	jobsSkipped *prometheus.CounterVec
	jobFailures *prometheus.GaugeVec

	reloadSuccessful  prometheus.Gauge
	reloadSuccessTime prometheus.Gauge
	policy            *prometheus.GaugeVec

	apiRequests *prometheus.CounterVec
	apiDuration *prometheus.HistogramVec
	apiPanics   prometheus.Counter

	adminRefused *prometheus.CounterVec
}

// Buckets in seconds: for what a provider waits for, for work on the store, and for
// work that may take the night.
var (
	fastBuckets  = []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10}
	storeBuckets = []float64{.001, .01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}
	nightBuckets = []float64{.1, 1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200}
)

// The results of sweeps and jobs, as labels.
const (
	resultOK     = "ok"
	resultFailed = "failed"
)

// NewMetrics returns the metrics of a daemon. read returns the numbers that are
// read from the store at each scrape; nil for none. files are the paths of the
// store's files, whose sizes are shown under the last element of the path.
func NewMetrics(version string, read func() (Totals, error), files ...string) *Metrics {
	registry := prometheus.NewRegistry()
	in := factory{registry}
	m := &Metrics{
		factory: in,
		handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry, ErrorHandling: promhttp.ContinueOnError}),

		callbacks:        in.counters("callbacks_total", "Callbacks by source and answer.", "source", "answer"),
		callbackDuration: in.histogram("callback_duration_seconds", "Time from the header of a callback to its answer.", fastBuckets),
		events:           in.counters("events_total", "Events stored from callbacks.", "source", "outcome"),
		quarantined:      in.counters("quarantined_total", "Unreadable bodies and objects that went to quarantine.", "source"),
		unverified:       in.counters("unverified_total", "Callbacks whose signature was not verified.", "source"),
		appendDuration:   in.histogram("append_duration_seconds", "Time to write events to disk.", fastBuckets),
		appendEvents:     in.histogram("append_events", "Events of one callback written to disk.", prometheus.ExponentialBuckets(1, 2, 14)),

		sweeps:        in.counters("sweeps_total", "Sweeps by status: ok or failed.", "status"),
		sweepDuration: in.histogram("sweep_duration_seconds", "Duration of a sweep.", storeBuckets),
		sweepSuccess:  in.gauge("sweep_last_success_timestamp_seconds", "Time of the last successful sweep."),
		sweptEvents:   in.counters("swept_events_total", "Events swept, by what they were: applied, repeat or unmatched.", "what"),
		ledgerEntries: in.counter("ledger_entries_total", "Ledger entries written by sweeps."),

		runs:        in.counters("runs_total", "Runs of exports by status.", "export", "status"),
		runDuration: in.histograms("run_duration_seconds", "Duration of a run.", nightBuckets, "export"),
		runSuccess:  in.gauges("run_last_success_timestamp_seconds", "Time of the last published run.", "export"),
		runRows:     in.gauges("run_rows", "Rows written by the last run.", "export"),

		jobs:        in.counters("jobs_total", "Scheduled jobs by status: ok or failed.", "job", "kind", "status"),
		jobDuration: in.histograms("job_duration_seconds", "Duration of a scheduled job.", nightBuckets, "kind"),
		jobSuccess:  in.gauges("job_last_success_timestamp_seconds", "Time of the last success of a scheduled job.", "job", "kind"),
		jobsSkipped: in.counters("jobs_skipped_total", "Times that a job skipped scheduled times because it or another job was running.", "job"),
		jobFailures: in.gauges("job_failures", "Failures in a row of a scheduled time that is tried again; 0 for none.", "job", "kind"),

		reloadSuccessful:  in.gauge("config_last_reload_successful", "Whether the last read of the config succeeded: 1 or 0."),
		reloadSuccessTime: in.gauge("config_last_reload_success_timestamp_seconds", "Time of the last successful read of the config."),
		policy:            in.gauges("policy_info", "The hash of the policy in force; always 1.", "hash"),

		apiRequests: in.counters("api_requests_total", "API requests by route and status.", "route", "status"),
		apiDuration: in.histograms("api_request_duration_seconds", "Time to answer an API request.", storeBuckets, "route"),
		apiPanics:   in.counter("api_panics_total", "Requests to the admin server that panicked."),

		adminRefused: in.counters("admin_refused_total", "Requests to the admin server that were refused because their token was wrong, by route.", "route"),
	}
	in.gauges("build_info", "The running version; always 1.", "version", "goversion").WithLabelValues(version, runtime.Version()).Set(1)
	for _, status := range []string{resultOK, resultFailed} {
		m.sweeps.WithLabelValues(status)
	}
	for _, what := range []string{"applied", "repeat", "unmatched"} {
		m.sweptEvents.WithLabelValues(what)
	}
	registry.MustRegister(newStoreCollector(read, files))
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Configured sets the names of the configured sources and exports, at start and
// after every reload. Before the first call any name is counted as it is; from then
// on an unknown source is counted as the empty one. Metrics of exports that were
// removed are dropped.
func (m *Metrics) Configured(sources, exports []string) {
	sources, exports = slices.Clone(sources), slices.Clone(exports)
	m.sources.Store(&sources)
	for _, source := range sources {
		for _, answer := range []string{"stored", "unavailable", "wrong_address"} {
			m.callbacks.WithLabelValues(source, answer)
		}
		for _, outcome := range hygiene.OutcomeNames() {
			m.events.WithLabelValues(source, outcome)
		}
		m.quarantined.WithLabelValues(source)
		m.unverified.WithLabelValues(source)
	}
	if old := m.exports.Swap(&exports); old != nil {
		for _, export := range *old {
			if !slices.Contains(exports, export) {
				m.dropExport(export)
			}
		}
	}
	for _, export := range exports {
		for _, status := range []segments.Status{segments.Published, segments.Held, segments.Failed} {
			m.runs.WithLabelValues(export, string(status))
		}
	}
}

func (m *Metrics) dropExport(export string) {
	labels := prometheus.Labels{"export": export}
	m.runs.DeletePartialMatch(labels)
	m.runDuration.DeletePartialMatch(labels)
	m.runSuccess.DeletePartialMatch(labels)
	m.runRows.DeletePartialMatch(labels)
}

// sourceLabel is the name that a source is counted under.
func (m *Metrics) sourceLabel(name string) string {
	if known := m.sources.Load(); known != nil && !slices.Contains(*known, name) {
		return ""
	}
	return name
}

// answerUnverified is the answer to a callback that is refused because it is not verified.
const answerUnverified = "unverified"

// Callback counts a callback: its source, empty for an unknown token, one of a few
// words for the answer, and the time it took.
func (m *Metrics) Callback(source, answer string, took time.Duration) {
	m.lastCallback.Store(time.Now().UnixMilli())
	m.callbacks.WithLabelValues(m.sourceLabel(source), answer).Inc()
	m.callbackDuration.Observe(took.Seconds())
	if answer == answerUnverified {
		m.unverified.WithLabelValues(m.sourceLabel(source)).Inc()
	}
}

// Busy reports whether a callback was answered within the last tenth of a second.
func (m *Metrics) Busy() bool { return time.Now().UnixMilli()-m.lastCallback.Load() < 100 }

// Stored counts events and unreadable bodies that are on disk.
func (m *Metrics) Stored(events []hygiene.Event, bad []hygiene.Unreadable) {
	for i := range events {
		m.events.WithLabelValues(m.sourceLabel(events[i].Source), cmp.Or(events[i].Outcome, hygiene.Unrecognized).String()).Inc()
	}
	for i := range bad {
		m.quarantined.WithLabelValues(m.sourceLabel(bad[i].Source)).Inc()
		if u := bad[i].Unverified; u != nil && !u.Waits {
			m.unverified.WithLabelValues(m.sourceLabel(bad[i].Source)).Inc()
		}
	}
}

// Appended counts events written to disk together, and the time it took.
func (m *Metrics) Appended(events int, took time.Duration) {
	m.appendEvents.Observe(float64(events))
	m.appendDuration.Observe(took.Seconds())
}

func resultOf(err error) string {
	if err != nil {
		return resultFailed
	}
	return resultOK
}

// Swept counts a sweep: the events it read from the log, how many of them were
// repeats or unmatched, and the ledger entries it wrote.
func (m *Metrics) Swept(events, repeats, unmatched, changes int64, took time.Duration, err error) {
	m.sweeps.WithLabelValues(resultOf(err)).Inc()
	m.sweepDuration.Observe(took.Seconds())
	m.sweptEvents.WithLabelValues("applied").Add(float64(max(0, events-repeats-unmatched)))
	m.sweptEvents.WithLabelValues("repeat").Add(float64(repeats))
	m.sweptEvents.WithLabelValues("unmatched").Add(float64(unmatched))
	m.ledgerEntries.Add(float64(changes))
	if err == nil {
		m.sweepSuccess.SetToCurrentTime()
	}
}

// RunEnded counts a run of an export: its status, when it ended, how long it took,
// and the rows of all its files.
func (m *Metrics) RunEnded(export, status string, at time.Time, took time.Duration, rows int64) {
	m.runs.WithLabelValues(export, status).Inc()
	m.runDuration.WithLabelValues(export).Observe(took.Seconds())
	m.runRows.WithLabelValues(export).Set(float64(rows))
	if status == string(segments.Published) || status == string(segments.Released) {
		m.LastPublished(export, at)
	}
}

// LastPublished sets when a run of the export was last published, where that is
// not known from its end: from the store at start, or by a release.
func (m *Metrics) LastPublished(export string, at time.Time) {
	m.runSuccess.WithLabelValues(export).Set(seconds(at))
}

// JobEnded counts a scheduled job by its name and kind.
func (m *Metrics) JobEnded(job, kind string, took time.Duration, err error) {
	m.jobs.WithLabelValues(job, kind, resultOf(err)).Inc()
	m.jobDuration.WithLabelValues(kind).Observe(took.Seconds())
	m.jobFailures.WithLabelValues(job, kind).Set(0)
	if err == nil {
		m.jobSuccess.WithLabelValues(job, kind).SetToCurrentTime()
	}
}

// JobRetried records that a scheduled time of a job failed that many times in a row and
// is tried again.
func (m *Metrics) JobRetried(job, kind string, failures int) {
	m.jobFailures.WithLabelValues(job, kind).Set(float64(failures))
}

// JobSkipped counts that scheduled times of a job were skipped.
func (m *Metrics) JobSkipped(job string) { m.jobsSkipped.WithLabelValues(job).Inc() }

// Reloaded records a read of the config: whether it was good, when, and the hash of
// the policy that is in force now.
func (m *Metrics) Reloaded(good bool, at time.Time, policy string) {
	m.reloadSuccessful.Set(0)
	if good {
		m.reloadSuccessful.Set(1)
		m.reloadSuccessTime.Set(seconds(at))
	}
	m.policy.Reset()
	m.policy.WithLabelValues(policy).Set(1)
}

// apiAnswered counts an API request by the pattern of its route.
func (m *Metrics) apiAnswered(route string, status int, took time.Duration) {
	m.apiRequests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.apiDuration.WithLabelValues(route).Observe(took.Seconds())
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// namespace begins the name of every metric.
const namespace = "winnow"

// Names returns the names of all metrics that there can be, without the suffixes of
// histograms.
func (m *Metrics) Names() (names []string) {
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		m.factory.registry.Describe(descs)
	}()
	for d := range descs {
		_, after, _ := strings.Cut(d.String(), `fqName: "`)
		name, _, _ := strings.Cut(after, `"`)
		names = append(names, name)
	}
	return names
}

// factory makes metrics and registers them.
type factory struct{ registry *prometheus.Registry }

// counter makes one without labels, as do gauge and histogram.
func (f factory) counter(name, help string) prometheus.Counter {
	return f.counters(name, help).WithLabelValues()
}

func (f factory) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	f.registry.MustRegister(c)
	return c
}

func (f factory) gauge(name, help string) prometheus.Gauge {
	return f.gauges(name, help).WithLabelValues()
}

func (f factory) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	f.registry.MustRegister(g)
	return g
}

func (f factory) histogram(name, help string, buckets []float64) prometheus.Observer {
	return f.histograms(name, help, buckets).WithLabelValues()
}

func (f factory) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	f.registry.MustRegister(h)
	return h
}
