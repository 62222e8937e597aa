// Package daemon is winnow serve: the public and the private server, the schedule
// and the deliveries, wired together around one store; reloading and draining.
//
// What a reload changes is behind Daemon.current, the receiver and the runner; each
// takes it up as a whole, in [Daemon.apply]. A new job is a case of [Daemon.job]; a
// new answer of the API is a function in api.go.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/atomicfile"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/exports"
	"winnow/internal/receiver"
	"winnow/internal/schedule"
	"winnow/segments"
	"winnow/store"
)

// Daemon is the rooms wired together. What a reload changes is behind current,
// the receiver and the runner; each takes it up as a whole.
type Daemon struct {
	open    app.Options // of the config and the store
	version string
	log     *slog.Logger
	store   *store.Store
	metrics *console.Metrics
	state   jobState
	waiting lockQueue

	current     atomic.Pointer[config.Config]
	receiver    *receiver.Receiver
	runner      *schedule.Runner
	dispatcher  *dispatcher
	logOf       func(*store.Store) receiver.Log // nil: the store is the log
	fileVersion atomicfile.Version              // of the file that was last tried
	broken      error                           // what was wrong with the file at the start
	saved       bool                            // the policy in force is in the store

	public, private net.Listener
	servers         []*http.Server
}

// How long a daemon that was told to end waits for what is under way.
const (
	drainFirst    = 100 * time.Millisecond
	drainRequests = 10 * time.Second
	drainJobs     = 30 * time.Second
)

// Options say how to make a daemon.
type Options struct {
	Config  string // the path of the config file
	Version string
	Logger  *slog.Logger
	// Log is where callbacks are kept; nil: in the store.
	Log func(*store.Store) receiver.Log
	// Env looks up a variable of the environment; nil: the process's own.
	Env func(string) (string, bool)
	// Adjust changes a config before it comes into force; nil changes nothing.
	Adjust func(*config.Config)
}

// New makes a daemon that listens and does not answer yet.
func New(o Options) (*Daemon, error) {
	growHeap()
	d := &Daemon{version: o.Version, log: o.Logger, logOf: o.Log,
		open: app.Options{Path: o.Config, Env: o.Env, Adjust: o.Adjust, Secrets: true, Create: true, Fallback: app.WhenUnusable}}
	cfg, err := d.firstConfig()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(d.wire(cfg), d.listen(cfg)); err != nil {
		return nil, errors.Join(err, d.store.Close())
	}
	if d.broken != nil {
		d.metrics.Reloaded(false, time.Now(), cfg.Hash)
		d.state.reloaded(0, d.broken)
	}
	return d, nil
}

// heapGrowth is how far the daemon's heap may grow between collections. It is
// small, and a collector that waits for it to double runs many times a second
// under load.
const heapGrowth = 400 // percent

func growHeap() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}

// firstConfig is the config to start with, with its store opened: the file, or,
// when that can't be used and the store keeps the last good one, that.
func (d *Daemon) firstConfig() (*config.Config, error) {
	d.fileVersion = atomicfile.VersionOf(d.open.Path)
	a, err := app.Open(d.open)
	if err != nil {
		return nil, err
	}
	d.store, d.broken = a.Store, a.Broken
	if d.broken != nil {
		d.log.Error("the config is broken: starting with the last good one, which the store keeps", "file", d.open.Path, "policy", a.Config.Hash, "problems", "\n"+d.broken.Error())
	}
	return a.Config, nil
}

// wire connects the rooms.
func (d *Daemon) wire(cfg *config.Config) error {
	d.metrics = console.NewMetrics(d.version, d.totals, d.store.Path(), d.store.Path()+"-wal", d.store.LogPath(), d.store.LogPath()+"-wal")
	d.receiver = receiver.New(receiver.Config{Log: d.receivedLog(), Counter: d.metrics, Logger: d.log, Healthy: d.store.Healthy})
	lock := schedule.NewLock(d.store.Path() + ".jobs")
	d.runner = schedule.NewRunner(d.store, lock, observer{d}, nil)
	d.dispatcher = newDispatcher(d)
	d.runner.TakeOver = func(ctx context.Context) error {
		defer d.dispatcher.retry()
		return d.Exporter().Recover(ctx)
	}
	if err := d.apply(cfg); err != nil {
		return err
	}
	return d.restoreRunMetrics(cfg)
}

// restoreRunMetrics tells the metrics when each export was last published.
func (d *Daemon) restoreRunMetrics(cfg *config.Config) error {
	for _, e := range cfg.Exports {
		run, ok, err := d.store.LastRun(e.Name, segments.Published, segments.Released)
		if err != nil {
			return err
		}
		if ok {
			d.metrics.LastPublished(e.Name, run.FinishedAt.Time())
		}
	}
	return nil
}

// apply puts a config in force. All that can fail comes before anything
// changes.
func (d *Daemon) apply(cfg *config.Config) error {
	if err := app.CheckKeys(cfg, d.store); err != nil {
		return err
	}
	byName, err := app.Readers(cfg)
	if err != nil {
		return err
	}
	jobs, err := app.Jobs(cfg)
	if err != nil {
		return err
	}
	var sources []receiver.Source
	for _, s := range cfg.Sources {
		sources = append(sources, receiver.Source{Name: s.Name, Tokens: s.Tokens, Reader: byName[s.Name]})
	}
	for i := range jobs {
		jobs[i].Run = d.job(jobs[i])
	}
	d.current.Store(cfg)
	d.receiver.Replace(sources)
	d.runner.Replace(jobs)
	now := time.Now()
	d.metrics.Configured(namesOf(cfg))
	d.metrics.Reloaded(true, now, cfg.Hash)
	for i := range cfg.Warnings {
		d.log.Warn(cfg.Warnings[i].Sentence(), "file", cfg.Path)
	}
	d.warnOfLists(cfg)
	d.state.scheduled(jobs)
	d.state.reloaded(hygiene.InstantOf(now), nil)
	d.savePolicy()
	return nil
}

// warnOfLists tells of lists that nobody is on. Nothing depends on it.
func (d *Daemon) warnOfLists(cfg *config.Config) {
	told, err := app.EmptyLists(cfg, d.store)
	if err != nil {
		d.log.Warn("the lists could not be looked at", "error", err)
	}
	for _, text := range told {
		d.log.Warn(text, "file", cfg.Path)
	}
}

// savePolicy keeps the policy in force in the store. It is tried again until it is
// done: neither a full disk nor another process keeps the daemon from answering.
func (d *Daemon) savePolicy() {
	cfg := d.current.Load()
	err := d.store.KeepPolicy(cfg.Hash, cfg.Text, hygiene.InstantOf(time.Now()))
	if err == nil {
		err = d.store.PutInForce(cfg.Hash)
	}
	d.saved = err == nil
	if err != nil {
		d.log.Error("the policy could not be kept in the store yet", "policy", cfg.Hash, "error", err)
	}
}

func namesOf(cfg *config.Config) (sources, exports []string) {
	for _, s := range cfg.Sources {
		sources = append(sources, s.Name)
	}
	for _, e := range cfg.Exports {
		exports = append(exports, e.Name)
	}
	return sources, exports
}

// Operations are what the jobs do, under the config in force.
func (d *Daemon) Operations() *app.Operations {
	return &app.Operations{Config: d.current.Load(), Store: d.store, Version: d.version, Tripped: d.logTrips, Wait: d.waitForLock}
}

// Exporter makes and delivers runs, under the config in force.
func (d *Daemon) Exporter() *exports.Exporter {
	return &exports.Exporter{Operations: d.Operations(), OnAttempt: d.logDelivery}
}

// CallbacksAddr is where the public server listens.
func (d *Daemon) CallbacksAddr() net.Addr { return d.public.Addr() }

// AdminAddr is where the private server listens.
func (d *Daemon) AdminAddr() net.Addr { return d.private.Addr() }

func (d *Daemon) listen(cfg *config.Config) (err error) {
	if d.public, err = net.Listen("tcp", cfg.Listen); err != nil {
		return fmt.Errorf("listen on %s: %w", cfg.Listen, err)
	}
	if d.private, err = net.Listen("tcp", cfg.Admin.Listen); err != nil {
		return errors.Join(fmt.Errorf("listen on %s: %w", cfg.Admin.Listen, err), d.public.Close())
	}
	return nil
}

// Serve answers and runs jobs until ctx ends, and then drains.
func (d *Daemon) Serve(ctx context.Context) error {
	cfg := d.current.Load()
	failed := make(chan error, 2)
	door := receiver.Server(d.receiver.Handler())
	d.servers = []*http.Server{door, console.Server(d.console(cfg))}
	go func() { failed <- servePublic(door, d.public, cfg.TLS) }()
	go func() { failed <- d.servers[1].Serve(d.private) }()
	go d.runner.Run(context.Background())
	go d.dispatcher.run()
	go d.watchConfig(ctx)
	d.log.Info("winnow listens", "callbacks", d.public.Addr().String(), "console", d.private.Addr().String(), "store", d.store.Path(), "policy", cfg.Hash)
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	return errors.Join(err, d.drain())
}

// drain ends the doors, the jobs and the store, in this order: what was taken
// in is stored and answered.
func (d *Daemon) drain() error {
	requests, cancel := context.WithTimeout(context.Background(), drainRequests)
	defer cancel()
	var errs []error
	for _, s := range d.servers {
		s.SetKeepAlivesEnabled(false) // whoever asks now is answered and told to go
	}
	time.Sleep(drainFirst)
	for _, s := range d.servers {
		if err := s.Shutdown(requests); err != nil {
			s.Close()
		}
	}
	jobs, cancel := context.WithTimeout(context.Background(), drainJobs)
	defer cancel()
	if err := d.runner.Stop(jobs); err != nil {
		d.log.Warn("a job was cut short; it is made up at the next start")
	}
	d.dispatcher.end()
	errs = append(errs, d.store.Close())
	d.log.Info("winnow has stopped")
	return errors.Join(errs...)
}

// receivedLog is where the receiver keeps callbacks.
func (d *Daemon) receivedLog() receiver.Log {
	if d.logOf != nil {
		return d.logOf(d.store)
	}
	return meteredLog{d.store, d.metrics}
}

// meteredLog is the log as the receiver sees it, counted.
type meteredLog struct {
	store   *store.Store
	metrics *console.Metrics
}

// Append stores and counts.
func (j meteredLog) Append(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable) error {
	began := time.Now()
	err := j.store.Append(ctx, events, bad)
	if err == nil {
		j.metrics.Appended(len(events), time.Since(began))
		j.metrics.Stored(events, bad)
	}
	return err
}
