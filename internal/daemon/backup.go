package daemon

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"winnow/hygiene"
	"winnow/internal/backup"
	"winnow/internal/config"
	"winnow/internal/schedule"
	"winnow/store"
)

// backupJob makes the scheduled backups.
type backupJob struct {
	store   *store.Store
	version string
	log     *slog.Logger
}

// run makes a backup, and removes those beyond the ones to keep. It is tried again when it
// fails: it can be repeated.
func (b backupJob) run(ctx context.Context, to *config.Backup) error {
	if to == nil {
		return nil // a reload has just removed it
	}
	start := time.Now()
	made, err := backup.Make(ctx, backup.Options{Store: b.store, To: to.To, Now: hygiene.InstantOf(start), Version: b.version})
	if err != nil {
		return &schedule.RetryError{Err: err}
	}
	b.log.Info("backed up", "to", made.Path, "events", made.Events, "bytes", made.Bytes(), "took", time.Since(start).Round(time.Millisecond))
	err = b.store.RecordBackup(made.TakenAt)
	removed, pruneErr := backup.Prune(to.To, b.store.Path(), to.Keep)
	for _, path := range removed {
		b.log.Info("an old backup was removed", "path", path)
	}
	return errors.Join(err, pruneErr)
}

// interrupt interrupts the backup under way, which is made anew at the next start.
func interrupt(backups *schedule.Runner, log *slog.Logger) {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	if backups.Stop(now) == nil {
		return
	}
	const soon = 10 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	if err := backups.Stop(ctx); err != nil {
		log.Warn("a backup could not be interrupted; what it leaves is removed by the next one")
	}
}
