package daemon

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"winnow/internal/atomicfile"
	"winnow/internal/config"
)

// pollEvery is how often the config's file is looked at. It is read when it has
// stayed as it is from one look to the next.
const pollEvery = 500 * time.Millisecond

// watchConfig reloads on SIGHUP and when the file changes. It looks at the file: an
// editor or a mounted volume replaces it, and a watch on it would be lost.
func (d *Daemon) watchConfig(ctx context.Context) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	before := d.fileVersion
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			d.reload()
		case <-tick.C:
			now := atomicfile.VersionOf(d.open.Path)
			if now != d.fileVersion && now == before { // nobody is writing it any more
				d.reload()
			}
			before = now
			if !d.saved {
				d.savePolicy()
			}
		}
	}
}

// reload puts the file in force, or keeps what is.
func (d *Daemon) reload() {
	d.fileVersion = atomicfile.VersionOf(d.open.Path)
	old := d.current.Load()
	cfg, err := d.open.Load()
	if err == nil {
		err = errEmptied(old, cfg)
	}
	if err == nil {
		err = d.apply(cfg)
	}
	if err != nil {
		d.metrics.Reloaded(false, time.Now(), old.Hash)
		d.state.reloaded(0, err)
		d.log.Error("the config was not reloaded, the one before stays in force", "file", d.open.Path, "policy", old.Hash, "problems", "\n"+err.Error())
		return
	}
	d.log.Info("the config was reloaded", "file", d.open.Path, "policy", cfg.Hash)
	d.dispatcher.retry()
	if cfg.Listen != old.Listen || cfg.Admin != old.Admin || cfg.Store != old.Store || (cfg.TLS == nil) != (old.TLS == nil) {
		d.log.Warn("listen, admin, tls and store take effect at the next start")
	}
}

// errEmptied refuses a file without any source or rule where there were some: it
// is far more often half a file than what somebody wants.
func errEmptied(old, cfg *config.Config) error {
	switch {
	case len(old.Sources) > 0 && len(cfg.Sources) == 0:
		return errors.New("the file has no sources any more: if that is wanted, start winnow anew")
	case len(old.Policy.Rules) > 0 && len(cfg.Policy.Rules) == 0:
		return errors.New("the file has no rules any more: if that is wanted, start winnow anew")
	}
	return nil
}
