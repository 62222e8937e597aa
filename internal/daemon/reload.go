package daemon

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/atomicfile"
	"winnow/internal/config"
	"winnow/internal/logpull"
	"winnow/internal/receiver"
	"winnow/internal/schedule"
)

// pollEvery is how often the version of the config file is checked. The file is read
// when two checks in a row find the same new version.
const pollEvery = 500 * time.Millisecond

// watchConfig reloads on SIGHUP and when a file of the config changes. It polls: editors and
// mounted volumes replace the file, and a file watch would be lost with the old one.
func (d *Daemon) watchConfig(ctx context.Context) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	previous := d.versions
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			d.reload()
		case <-tick.C:
			now := d.fileVersions()
			if !maps.Equal(now, d.versions) && maps.Equal(now, previous) { // complete: nobody is writing it
				d.reload()
			}
			previous = now
			if !d.policySaved {
				d.savePolicy()
			}
		}
	}
}

// fileVersions are those of the config file and of the files that hold its tokens.
func (d *Daemon) fileVersions() map[string]atomicfile.Version {
	versions := map[string]atomicfile.Version{d.options.Path: atomicfile.VersionOf(d.options.Path)}
	for _, path := range d.current.Load().TokenFiles {
		versions[path] = atomicfile.VersionOf(path)
	}
	return versions
}

// noteVersions notes the versions that were read: those from before the files were read,
// and the present ones of files that only the config in force names.
func (d *Daemon) noteVersions(before map[string]atomicfile.Version) {
	d.versions = d.fileVersions()
	for path := range d.versions {
		if v, ok := before[path]; ok {
			d.versions[path] = v
		}
	}
}

// reload puts the file in force. If it can't, the config in force stays.
func (d *Daemon) reload() {
	before := d.fileVersions()
	defer func() { d.noteVersions(before) }()
	old := d.current.Load()
	cfg, err := d.options.Load()
	if err == nil {
		err = checkNotEmptied(old, cfg)
	}
	if err == nil {
		err = app.CheckProtected(old.Policy, cfg)
	}
	if err == nil {
		err = d.apply(cfg)
	}
	if err != nil {
		d.metrics.Reloaded(false, time.Now(), old.Hash)
		d.state.reloaded(0, err)
		d.log.Error("the config was not reloaded; the previous one stays in force", "file", d.options.Path, "policy", old.Hash, "problems", "\n"+err.Error())
		return
	}
	d.log.Info("the config was reloaded", "file", d.options.Path, "policy", cfg.Hash)
	d.dispatcher.retryAll()
	if needRestart(old, cfg) {
		d.log.Warn("changes of listen, tls, admin.listen, admin.tls and store take effect at the next start")
	}
}

// needRestart reports whether a change takes effect at the next start only.
func needRestart(old, cfg *config.Config) bool {
	return cfg.Listen != old.Listen || changed(old.TLS, cfg.TLS) ||
		cfg.Admin.Listen != old.Admin.Listen || changed(old.Admin.TLS, cfg.Admin.TLS) || cfg.Store != old.Store
}

// changed reports whether a server's certificate has other files, or is new or gone. The
// files themselves are read again when they change.
func changed(old, cert *config.TLS) bool {
	return (old == nil) != (cert == nil) || old != nil && *old != *cert
}

// checkNotEmptied refuses a file without any source or rule where there were some: it
// is far more often an incomplete file than what somebody wants.
func checkNotEmptied(old, cfg *config.Config) error {
	switch {
	case len(old.Sources) > 0 && len(cfg.Sources) == 0:
		return errors.New("the file no longer has sources; restart winnow if this is intended")
	case len(old.Policy.Rules) > 0 && len(cfg.Policy.Rules) == 0:
		return errors.New("the file no longer has rules; restart winnow if this is intended")
	}
	return nil
}

// apply puts a config in force. All that can fail comes before the first change.
func (d *Daemon) apply(cfg *config.Config) error {
	if err := app.CheckKeys(cfg, d.store); err != nil {
		return err
	}
	readers, err := app.Readers(cfg, d.store)
	if err != nil {
		return err
	}
	accounts, err := app.Accounts(cfg, d.certificates.Get)
	if err != nil {
		return err
	}
	jobs, err := app.Jobs(cfg)
	if err != nil {
		return err
	}
	args, err := app.Args(cfg)
	if err != nil {
		return err
	}
	if d.receives {
		jobs = jobsOfReceiver(jobs)
	}
	token, err := d.readAdminToken(cfg)
	if err != nil {
		return err
	}
	d.store.ReadArgs(args)
	var sources []receiver.Source
	var sourceNames, exportNames []string
	for _, s := range cfg.Sources {
		sources = append(sources, receiver.Source{Name: s.Name, Tokens: s.Tokens, From: s.From, Reader: readers[s.Name], Account: accounts[s.Name],
			Reject: s.Signature != nil && s.Signature.Reject})
		sourceNames = append(sourceNames, s.Name)
	}
	for _, e := range cfg.Exports {
		exportNames = append(exportNames, e.Name)
	}
	for i := range jobs {
		jobs[i].Run = d.job(jobs[i])
	}

	d.current.Store(cfg)
	d.adminToken.Store(&token)
	d.receiver.SetSources(sources, cfg.TrustedProxies)
	d.puller.Set(logpull.Settings{Receivers: cfg.Receivers, Readers: readers, Keys: cfg.Keys, Accounts: accounts})
	isBackup := func(j schedule.Job) bool { return j.Kind == schedule.Backup }
	d.backups.SetJobs(slices.DeleteFunc(slices.Clone(jobs), func(j schedule.Job) bool { return !isBackup(j) }))
	d.runner.SetJobs(slices.DeleteFunc(slices.Clone(jobs), isBackup))
	d.connections.adjust(cfg.Exports, d.log)
	now := time.Now()
	d.metrics.Configured(sourceNames, exportNames)
	d.metrics.Reloaded(true, now, cfg.Hash)
	d.state.scheduled(jobs)
	d.state.reloaded(hygiene.InstantOf(now), nil)
	if d.receives {
		logReceiving(d.log, cfg)
	} else {
		d.logWarnings(cfg)
	}
	d.savePolicy()
	return nil
}

// logWarnings logs the warnings of the config, and which lists are empty.
func (d *Daemon) logWarnings(cfg *config.Config) {
	for _, w := range app.Warnings(cfg, time.Now()) {
		d.log.Warn(w.Sentence(), "file", cfg.Path)
	}
	empty, err := app.EmptyListWarnings(cfg, d.store)
	if err != nil {
		d.log.Warn("the static lists could not be checked", "error", err)
	}
	for _, text := range empty {
		d.log.Warn(text, "file", cfg.Path)
	}
}

// savePolicy saves the policy in force, and its whole file, to the store. It is retried
// until it succeeds: neither a full disk nor another process keeps the daemon from answering.
func (d *Daemon) savePolicy() {
	cfg, err := d.current.Load(), error(nil)
	if !d.receives {
		err = d.store.SavePolicy(cfg.Hash, cfg.Redacted(), hygiene.InstantOf(time.Now()))
		if err == nil {
			err = d.store.SetPolicyInForce(cfg.Hash)
		}
	}
	if err == nil {
		err = app.SaveLastGood(d.store, cfg.Path, cfg.Text, hygiene.InstantOf(time.Now()))
	}
	d.policySaved = err == nil
	if err != nil {
		d.log.Error("the policy could not be saved to the store; retrying", "policy", cfg.Hash, "error", err)
	}
}
