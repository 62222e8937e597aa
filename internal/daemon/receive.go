package daemon

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/retention"
	"winnow/internal/schedule"
)

// A daemon that only receives is the public server and its log: another host pulls what
// was received and judges it. The admin server answers whether all is well, and the log.
// Of the jobs there are backups, if the config has some.

// keptReceived is how long a host that only receives keeps what it received, unless the
// config says otherwise. It does not know what was pulled.
const keptReceived = 7 * hygiene.Day

// receiveOnly takes out of a config what a daemon that only receives ignores.
func receiveOnly(cfg *config.Config) {
	cfg.Policy = hygiene.NewPolicy(nil, cfg.Hash).Protect(cfg.Policy.Protected()...)
	cfg.Segments, cfg.Exports, cfg.Breakers, cfg.Receivers, cfg.Silence = nil, nil, nil, nil, 0
	if cfg.Retention.Events == 0 {
		cfg.Retention.Events = keptReceived
	}
	if cfg.Retention.Quarantine == 0 {
		cfg.Retention.Quarantine = cfg.Retention.Events
	}
}

// ignored lists what a config has that a daemon that only receives ignores.
func ignored(cfg *config.Config) (names []string) {
	root := cfg.Root()
	for _, name := range []string{"hygiene", "segments", "exports", "receivers"} {
		if root.Has(name) {
			names = append(names, name)
		}
	}
	return names
}

// logReceiving logs what a daemon that only receives does and does not do.
func logReceiving(log *slog.Logger, cfg *config.Config) {
	log.Info("only receiving: another host is to pull the log and judge it; nothing is deleted before retention.events", "keeps", cfg.Retention.Events)
	if names := ignored(cfg); len(names) > 0 {
		log.Warn("what the config says about this is ignored here: it belongs into the config of the host that judges", "ignored", names)
	}
	if cfg.LogToken == "" {
		log.Warn("log_token is not set, so that only the admin token opens the log: make one with openssl rand -hex 16, and write it here and under receivers of the host that judges")
	}
}

// jobsOfReceiver are those of the jobs that a daemon that only receives does.
func jobsOfReceiver(jobs []schedule.Job) []schedule.Job {
	return slices.DeleteFunc(jobs, func(j schedule.Job) bool { return j.Kind != schedule.Backup })
}

// retainEvery is how often a daemon that does not sweep asks whether retention is due.
const retainEvery = time.Minute

// retain deletes what is old, until ctx ends.
func retain(ctx context.Context, p *retention.Periodic, ops func() *app.Operations, log *slog.Logger) {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.AfterSweep(ctx, ops(), log)
		}
	}
}
