package command

import (
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"winnow/internal/backup"
)

// BenchmarkCallbacksBesideABackup compares the callbacks of a daemon that does nothing
// else with those while one backup after the other is made, by winnow backup, and these
// backups with those of a daemon without callbacks. Callbacks come as fast as they are
// answered, so the servers, the load and the backups share the processors. -contacts,
// -store and -lasting are those of [BenchmarkRunBesideCallbacks].
func BenchmarkCallbacksBesideABackup(b *testing.B) {
	config := segmentedStore(b, *runContacts)
	for b.Loop() {
		d := startDaemon(b, "serve", config)
		alone := makeBackup(b, config)
		loadKnownContactsFor(b, d, time.Second) // warm
		quiet := loadKnownContactsFor(b, d, *runLasting)
		beside, made, wal := loadBeside(b, d, func() backupMade { return makeBackup(b, config) })
		d.terminate(b)
		b.Logf("quiet: %s", quiet)
		b.Logf("beside %d backups: %s, write-ahead logs up to %.0f MiB", len(made), beside, wal)
		b.Logf("backup alone %v; beside callbacks %v", alone, made)
		reportBeside(b, quiet, beside)
		b.ReportMetric(alone.speed(), "MB/s-alone")
		b.ReportMetric(medianBackup(made).speed(), "MB/s-beside")
		b.ReportMetric(float64(medianBackup(made).bytes), "B-written/backup")
	}
}

// backupMade is how much a backup wrote, and how long it took.
type backupMade struct {
	bytes int64
	took  time.Duration
}

// speed is in MB a second.
func (m backupMade) speed() float64 { return float64(m.bytes) / 1e6 / m.took.Seconds() }

// String formats both.
func (m backupMade) String() string {
	return backup.Size(m.bytes) + " in " + m.took.Round(10*time.Millisecond).String()
}

// medianBackup returns the backup of the median speed.
func medianBackup(list []backupMade) backupMade {
	list = slices.SortedFunc(slices.Values(list), func(a, b backupMade) int { return cmp.Compare(a.speed(), b.speed()) })
	return list[len(list)/2]
}

// makeBackup makes a backup of the config's store on the disk of the store, and removes it.
func makeBackup(b *testing.B, config string) (made backupMade) {
	to, err := os.MkdirTemp(filepath.Dir(config), "backups")
	if err != nil {
		b.Error(err)
		return made
	}
	defer os.RemoveAll(to)
	began := time.Now()
	if code := run(context.Background(), []string{"backup", to, "-c", config}, Process{Stdout: io.Discard, Stderr: os.Stderr}); code != exitOK {
		b.Error("the backup failed")
		return made
	}
	made.took = time.Since(began)
	found, err := backup.Find(to)
	if err != nil {
		b.Error(err)
		return made
	}
	files, err := filepath.Glob(filepath.Join(found, "*"))
	if err != nil {
		b.Error(err)
	}
	for _, path := range files { // the store's folders are empty
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			made.bytes += info.Size()
		}
	}
	return made
}
