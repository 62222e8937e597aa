package daemon

import (
	"context"
	"errors"
	"time"

	"winnow/hygiene"
	"winnow/internal/backup"
	"winnow/internal/schedule"
)

// backup makes the scheduled backup, and removes those beyond the ones to keep. It is tried
// again when it fails: it can be repeated.
func (d *Daemon) backup(ctx context.Context) error {
	cfg, start := d.current.Load(), time.Now()
	if cfg.Backup == nil {
		return nil // a reload has just removed it
	}
	made, err := backup.Make(ctx, backup.Options{Store: d.store, To: cfg.Backup.To, Now: hygiene.InstantOf(start), Version: d.version})
	if err != nil {
		return &schedule.RetryError{Err: err}
	}
	d.log.Info("backed up", "to", made.Path, "events", made.Events, "bytes", made.Bytes(), "took", time.Since(start).Round(time.Millisecond))
	err = d.store.RecordBackup(made.TakenAt)
	removed, pruneErr := backup.Prune(cfg.Backup.To, d.store.Path(), cfg.Backup.Keep)
	for _, path := range removed {
		d.log.Info("an old backup was removed", "path", path)
	}
	return errors.Join(err, pruneErr)
}

// stopBackups interrupts the backup under way, which is made anew at the next start.
func (d *Daemon) stopBackups() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	if d.backups.Stop(now) == nil {
		return
	}
	soon, cancel := context.WithTimeout(context.Background(), drainRequests)
	defer cancel()
	if err := d.backups.Stop(soon); err != nil {
		d.log.Warn("a backup could not be interrupted; what it leaves is removed by the next one")
	}
}
