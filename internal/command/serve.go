package command

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
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/receiver"
	"winnow/internal/schedule"
	"winnow/segments"
	"winnow/store"
)

// serveCommand is the daemon.
type serveCommand struct{}

// Run serves until the process is told to end.
func (serveCommand) Run(c *call) error {
	growHeap()
	d, err := c.daemon(slog.New(slog.NewTextHandler(c.Stderr, nil)))
	if err != nil {
		return err
	}
	return d.serve(c.ctx)
}

// daemon is the rooms wired together. What a reload changes is behind current,
// the receiver and the runner; each takes it up as a whole.
type daemon struct {
	path    string
	version string
	log     *slog.Logger
	store   *store.Store
	metrics *console.Metrics
	notes   notes
	queue   queue

	current   atomic.Pointer[config.Config]
	receiver  *receiver.Receiver
	runner    *schedule.Runner
	deliverer *deliverer
	seen      fingerprint // of the file that was last tried
	broken    error       // what was wrong with the file at the start
	kept      bool        // the policy in force is in the store

	public, private net.Listener
	servers         []*http.Server
}

// How long a daemon that was told to end waits for what is under way.
const (
	drainFirst    = 100 * time.Millisecond
	drainRequests = 10 * time.Second
	drainJobs     = 30 * time.Second
)

// daemon makes a daemon that listens and does not answer yet.
func (c *call) daemon(log *slog.Logger) (*daemon, error) {
	d := &daemon{path: c.config, version: c.Version, log: log}
	cfg, err := d.firstConfig()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(d.wire(cfg), d.listen(cfg)); err != nil {
		return nil, errors.Join(err, d.store.Close())
	}
	if d.broken != nil {
		d.metrics.Reloaded(false, time.Now(), cfg.Hash)
		d.notes.reloaded(0, d.broken)
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

// heapLimit is where collections begin to come more often: the page caches of
// SQLite are beside the heap, and both together are promised to be small.
const heapLimit = 112 << 20

func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heapLimit)
	}
}

// firstConfig is the config to start with, with its store opened: the file, or,
// when that is broken and the store keeps the last good one, that.
func (d *daemon) firstConfig() (*config.Config, error) {
	d.seen = fingerprintOf(d.path)
	cfg, err := config.Load(d.path, configOptions(true))
	if err == nil {
		if d.store, err = store.Open(cfg.Store); err != nil {
			return nil, err
		}
		if err = agree(cfg, d.store); err == nil {
			return cfg, nil
		}
	} else {
		s, opened := store.OpenExisting(config.FindStore(d.path))
		if opened != nil {
			return nil, err
		}
		d.store = s
	}
	hash, text, kept := d.store.LastPolicy()
	options := configOptions(true)
	options.Secrets = config.SecretsRequiredToListen
	last, parsed := config.Parse(d.path, []byte(text), options)
	if kept != nil || text == "" || parsed != nil || agree(last, d.store) != nil {
		return nil, errors.Join(err, d.store.Close())
	}
	d.broken = err
	d.log.Error("the config is broken: starting with the last good one, which the store keeps", "file", d.path, "policy", hash, "problems", "\n"+err.Error())
	return last, nil
}

// wire connects the rooms.
func (d *daemon) wire(cfg *config.Config) error {
	d.metrics = console.NewMetrics(d.version, d.totals, d.store.Path(), d.store.Path()+"-wal", d.store.LogPath(), d.store.LogPath()+"-wal")
	d.receiver = receiver.New(receiver.Config{Log: journal{d.store, d.metrics}, Counter: d.metrics, Logger: d.log, Healthy: d.store.Healthy})
	lock := schedule.NewLock(d.store.Path() + ".jobs")
	d.runner = schedule.NewRunner(d.store, lock, observer{d}, nil)
	d.deliverer = newDeliverer(d)
	d.runner.TakeOver = func(ctx context.Context) error {
		defer d.deliverer.retry()
		return d.acts().settle(ctx)
	}
	if err := d.adopt(cfg); err != nil {
		return err
	}
	return d.recallRuns(cfg)
}

// recallRuns tells the metrics when each export was last published.
func (d *daemon) recallRuns(cfg *config.Config) error {
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

// adopt puts a config in force. All that can fail comes before anything
// changes.
func (d *daemon) adopt(cfg *config.Config) error {
	if err := agree(cfg, d.store); err != nil {
		return err
	}
	byName, err := readers(cfg)
	if err != nil {
		return err
	}
	jobs, err := jobsOf(cfg)
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
	for _, w := range warnings(cfg) {
		d.log.Warn(w, "file", cfg.Path)
	}
	d.warnOfLists(cfg)
	d.notes.scheduled(jobs)
	d.notes.reloaded(hygiene.InstantOf(now), nil)
	d.keep()
	return nil
}

// warnOfLists tells of lists that nobody is on. Nothing depends on it.
func (d *daemon) warnOfLists(cfg *config.Config) {
	told, err := emptyLists(cfg, d.store)
	if err != nil {
		d.log.Warn("the lists could not be looked at", "error", err)
	}
	for _, text := range told {
		d.log.Warn(text, "file", cfg.Path)
	}
}

// keep keeps the policy in force in the store. It is tried again until it is
// done: neither a full disk nor another process keeps the daemon from answering.
func (d *daemon) keep() {
	cfg := d.current.Load()
	err := d.store.KeepPolicy(cfg.Hash, cfg.Text, hygiene.InstantOf(time.Now()))
	if err == nil {
		err = d.store.PutInForce(cfg.Hash)
	}
	d.kept = err == nil
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

// acts are what the jobs do, under the config in force.
func (d *daemon) acts() *act {
	return &act{config: d.current.Load(), store: d.store, version: d.version, tripped: d.tripped, tried: d.tried, await: d.awaitTurn}
}

func (d *daemon) listen(cfg *config.Config) (err error) {
	if d.public, err = net.Listen("tcp", cfg.Listen); err != nil {
		return fmt.Errorf("listen on %s: %w", cfg.Listen, err)
	}
	if d.private, err = net.Listen("tcp", cfg.Admin.Listen); err != nil {
		return errors.Join(fmt.Errorf("listen on %s: %w", cfg.Admin.Listen, err), d.public.Close())
	}
	return nil
}

// serve answers and runs jobs until ctx ends, and then drains.
func (d *daemon) serve(ctx context.Context) error {
	cfg := d.current.Load()
	failed := make(chan error, 2)
	door := receiver.Server(d.receiver.Handler())
	d.servers = []*http.Server{door, console.Server(d.console(cfg))}
	go func() { failed <- servePublic(door, d.public, cfg.TLS) }()
	go func() { failed <- d.servers[1].Serve(d.private) }()
	go d.runner.Run(context.Background())
	go d.deliverer.run()
	go d.watch(ctx)
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
func (d *daemon) drain() error {
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
	d.deliverer.end()
	errs = append(errs, d.store.Close())
	d.log.Info("winnow has stopped")
	return errors.Join(errs...)
}

// journal is the log as the receiver sees it, counted.
type journal struct {
	store   *store.Store
	metrics *console.Metrics
}

// Append stores and counts.
func (j journal) Append(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable) error {
	began := time.Now()
	err := j.store.Append(ctx, events, bad)
	if err == nil {
		j.metrics.Appended(len(events), time.Since(began))
		j.metrics.Stored(events, bad)
	}
	return err
}
