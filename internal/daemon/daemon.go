// Package daemon is `winnow serve`: the public and the admin server, the scheduled
// jobs and the deliveries to remotes, wired together around one store.
//
// A reload swaps what depends on the config, all of it in [Daemon.apply]: the config
// itself, the receiver's sources and the runner's jobs. Everything else lives as long
// as the daemon.
//
// Where to change what: a new job is a case of [Daemon.job] in jobs.go; a new answer of
// the API is a function in api.go; a new alert on the console's page is in
// dashboard.go; a new metric of the store is in metrics.go; how many connections the
// servers may have is in connections.go.
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
	"sync"
	"sync/atomic"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/atomicfile"
	"winnow/internal/config"
	"winnow/internal/connlimit"
	"winnow/internal/console"
	"winnow/internal/exports"
	"winnow/internal/loglimit"
	"winnow/internal/logpull"
	"winnow/internal/pagedata"
	"winnow/internal/receiver"
	"winnow/internal/retention"
	"winnow/internal/schedule"
	"winnow/internal/snscert"
	"winnow/internal/status"
	"winnow/segments"
	"winnow/store"
)

// Daemon is a running `winnow serve`.
type Daemon struct {
	options  app.Options // of the config and the store
	receives bool        // and does nothing else, see receive.go
	version  string
	log      *slog.Logger
	store    *store.Store
	metrics  *console.Metrics
	state    runtimeState
	source   *pagedata.Source
	lockWait lockWait
	held     heldRuns
	intake   *intakeWatch

	quiet     *quietWatch
	retention retention.Periodic

	connections *connections
	puller      *logpull.Puller
	helper      sync.WaitGroup // helps with the sweeps of other daemons

	certificates *snscert.Certificates // of Amazon SNS

	receiver   *receiver.Receiver
	runner     *schedule.Runner
	backups    *schedule.Runner // of backups, beside the other jobs: a sweep does not wait for them
	dispatcher *dispatcher

	current     atomic.Pointer[config.Config] // in force
	adminToken  atomic.Pointer[string]        // in force
	versions    map[string]atomicfile.Version // of the config's files when they were last read
	policySaved bool                          // the policy in force is in the store

	public, private net.Listener
	servers         []*http.Server
}

// Options say how to make a daemon.
type Options struct {
	Config  string // path of the config file
	Version string
	// Logger returns the logger of a config.
	Logger func(*config.Config) *slog.Logger
	// Log returns what stores the callbacks; nil: the store does.
	Log func(*store.Store) receiver.Log
	// Receive makes a daemon that receives callbacks for another host, which judges them.
	Receive bool
	// New creates the store, or its log, even if something shows that there was one.
	New bool
	// Env looks up an environment variable; nil: the process's environment.
	Env func(string) (string, bool)
	// Adjust changes a config before it comes into force; may be nil.
	Adjust func(*config.Config)
	// Amazon is how Amazon SNS is asked for its certificates; nil: over the network.
	Amazon http.RoundTripper
	// Interrupt ends a start early; may be nil.
	Interrupt context.Context
}

// New opens the config and the store and makes a daemon that listens, but does not
// answer before [Daemon.Serve]. If the config file is broken and the store keeps a
// last good config, the daemon starts with that.
func New(o Options) (*Daemon, error) {
	growHeap()
	options := app.Options{Path: o.Config, Env: o.Env, Adjust: o.Adjust, Secrets: config.SecretsRequired, Access: app.Creates, Daemon: true, New: o.New, Fallback: app.WhenUnusable, Interrupt: o.Interrupt}
	if o.Receive {
		options.Adjust = receiveOnly
	}
	d := &Daemon{options: options, version: o.Version, receives: o.Receive, retention: retention.Periodic{Unswept: o.Receive}}
	before := map[string]atomicfile.Version{o.Config: atomicfile.VersionOf(o.Config)}
	a, err := app.Open(options)
	if err != nil {
		return nil, err
	}
	d.log = o.Logger(a.Config)
	d.store, d.intake = a.Store, newIntakeWatch(a.Store)
	d.source = &pagedata.Source{Path: options.Path, Config: func() *config.Config { return d.current.Load() }, Store: d.store, Operations: d.Operations, Exporter: d.Exporter, Next: d.state.nextExport, Held: d.heldExports}
	if d.quiet, err = newQuietWatch(a.Store); err != nil {
		return nil, errors.Join(err, d.store.Close())
	}
	d.options.WasInForce = func(text []byte) bool { return app.WasInForce(d.store, o.Config, text) }
	if a.Broken != nil {
		d.log.Error("the config is invalid; starting with the last good config from the store", "file", o.Config, "policy", a.Config.Hash, "problems", "\n"+a.Broken.Error())
	}
	for _, w := range a.Warnings {
		d.log.Warn(w.Text, "what to do", w.Hint)
	}
	if a.Unprepared != nil {
		d.log.Warn(status.UnpreparedAlert.Text(), "why", a.Unprepared)
	}
	d.certificates = snscert.New(d.log, o.Amazon)
	if err := errors.Join(d.wire(a.Config, o.Log), d.listen(a.Config)); err != nil {
		return nil, errors.Join(err, d.store.Close())
	}
	d.noteVersions(before)
	if a.Broken != nil {
		d.metrics.Reloaded(false, time.Now(), a.Config.Hash)
		d.state.reloaded(0, a.Broken)
	}
	return d, nil
}

// heapGrowth is how far the heap may grow between collections. The heap is small: a
// collector that waits until it has doubled runs many times a second under load.
const heapGrowth = 400 // percent

func growHeap() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}

// wire makes the parts of the daemon, connects them and puts the config in force.
func (d *Daemon) wire(cfg *config.Config, newLog func(*store.Store) receiver.Log) error {
	d.metrics = console.NewMetrics(d.version, d.totals, d.store.Files()...)
	var log receiver.Log = meteredLog{d.store, d.metrics}
	if newLog != nil {
		log = newLog(d.store)
	}
	var err error
	if d.connections, err = newConnections(d.log); err != nil {
		return err
	}
	d.metrics.WatchConnections("public", d.connections.public.Counts)
	d.metrics.WatchConnections("admin", d.connections.private.Counts)
	d.receiver = receiver.New(receiver.Config{Log: log, Counter: d.metrics, Logger: d.log, Healthy: d.store.Healthy})
	d.runner = schedule.NewRunner(d.store, d.store.Lock("jobs"), observer{d}, nil)
	d.backups = schedule.NewRunner(d.store, d.store.Lock("backup"), observer{d}, nil)
	d.puller = logpull.New(meteredLog{d.store, d.metrics}, d.store.Lock("pull"), d.log)
	d.dispatcher = newDispatcher(d.log, d.exports, d.delivers, func(ctx context.Context, e segments.Export, to segments.Destination, force bool) error {
		return d.Exporter().DeliverTo(ctx, e, to, force)
	})
	d.runner.OnLock = func(ctx context.Context) error {
		defer d.dispatcher.retryAll()
		return d.Exporter().Recover(ctx)
	}
	if err := d.apply(cfg); err != nil {
		return err
	}
	_, err = d.restoreRunMetrics(cfg, hygiene.InstantOf(time.Now()))
	return err
}

// delivers reports whether this daemon delivers runs: it runs the jobs, or may have the files
// of runs that it made when it did.
func (d *Daemon) delivers() bool { return d.runner.HoldsLock() || d.store.Shared() }

func (d *Daemon) listen(cfg *config.Config) (err error) {
	if d.public, err = connlimit.Listen(cfg.Listen); err != nil {
		return fmt.Errorf("listen on %s: %w", cfg.Listen, err)
	}
	if d.private, err = net.Listen("tcp", cfg.Admin.Listen); err != nil {
		return errors.Join(fmt.Errorf("listen on %s: %w", cfg.Admin.Listen, err), d.public.Close())
	}
	return nil
}

// verified are the names of the sources whose callbacks are verified.
func (d *Daemon) verified() []string { return verifiedBy(d.current.Load()) }

// readWaiting reads the bodies that wait for a certificate. On a host that only receives
// they wait for the one that judges, which has them already.
func (d *Daemon) readWaiting(ctx context.Context) {
	if !d.receives {
		readWaiting(ctx, &app.App{Config: d.current.Load(), Store: d.store}, d.certificates.Get, d.log)
	}
}

// Operations returns the operations of the jobs, under the config in force.
func (d *Daemon) Operations() *app.Operations {
	return &app.Operations{Config: d.current.Load(), Store: d.store, Version: d.version, Tripped: d.logTrips, Behind: d.logClock, Wait: d.waitForLock}
}

// Exporter makes and delivers runs, under the config in force.
func (d *Daemon) Exporter() *exports.Exporter {
	return &exports.Exporter{Operations: d.Operations(), OnAttempt: d.logDelivery}
}

// exports are the exports of the config in force.
func (d *Daemon) exports() []segments.Export { return d.current.Load().Exports }

// CallbacksAddr is where the public server listens.
func (d *Daemon) CallbacksAddr() net.Addr { return d.public.Addr() }

// AdminAddr is where the admin server listens.
func (d *Daemon) AdminAddr() net.Addr { return d.private.Addr() }

// Serve answers requests and runs jobs until ctx ends, and then drains.
func (d *Daemon) Serve(ctx context.Context) error {
	cfg := d.current.Load()
	failed := make(chan error, 2)
	handler, err := d.console()
	if err != nil {
		return errors.Join(err, d.store.Close())
	}
	public, admin := receiver.Server(d.receiver.Handler()), console.Server(handler)
	public.ErrorLog, admin.ErrorLog = loglimit.HTTPErrors(d.log, "public"), loglimit.HTTPErrors(d.log, "admin")
	d.servers = []*http.Server{public, admin}
	go func() { failed <- serveTLS(public, limited(d.connections.public, public, d.public), cfg.TLS) }()
	go func() { failed <- serveTLS(admin, limited(d.connections.private, admin, d.private), cfg.Admin.TLS) }()
	if err := d.Operations().CheckClock(hygiene.InstantOf(time.Now())); err != nil {
		d.log.Error("the log can't be read", "error", err)
	}
	if d.receives {
		go retain(ctx, &d.retention, d.Operations, d.log)
	}
	d.helper.Go(func() { d.helpSweep(ctx) })
	go d.runner.Run(context.Background())
	d.puller.Start(context.Background())
	d.certificates.OnNew = func() { d.readWaiting(ctx) }
	go d.readWaiting(ctx)
	go d.certificates.Run(ctx)
	go d.backups.Run(context.Background())
	go d.dispatcher.run()
	go d.watchConfig(ctx)
	go watchStore(ctx, d.store, d.log)
	d.log.Info("listening", "callbacks", d.public.Addr().String(), "console", d.private.Addr().String(), "store", d.store.String(), "policy", cfg.Hash)
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	return errors.Join(err, d.drain())
}

// How long a stopping daemon waits for what is under way.
const (
	drainKeepAlives = 100 * time.Millisecond
	drainRequests   = 10 * time.Second
	drainJobs       = 30 * time.Second
)

// drain stops the servers, then the jobs, the deliveries and the store, so that every
// callback that was received is stored and answered.
func (d *Daemon) drain() error {
	requests, cancel := context.WithTimeout(context.Background(), drainRequests)
	defer cancel()
	for _, s := range d.servers {
		s.SetKeepAlivesEnabled(false) // answers from now on close their connection
	}
	time.Sleep(drainKeepAlives)
	for _, s := range d.servers {
		if err := s.Shutdown(requests); err != nil {
			s.Close()
		}
	}
	jobs, cancel := context.WithTimeout(context.Background(), drainJobs)
	defer cancel()
	interrupt(d.backups, d.log)
	if err := d.runner.Stop(jobs); err != nil {
		d.log.Warn("a job was interrupted; it runs again at the next start")
	}
	d.dispatcher.stop()
	err := d.puller.Stop()
	d.helper.Wait()
	err = errors.Join(err, d.store.Close())
	d.log.Info("stopped")
	return err
}
