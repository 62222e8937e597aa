package command

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"winnow/internal/apptest"
	"winnow/internal/retention"
)

// BenchmarkCallbacksBesideRetention compares the callbacks of a daemon that does nothing
// else with those while winnow retain deletes from its log, two events of each contact at
// a time. Callbacks come as fast as they are answered, so the servers, the load and the
// deleting share the processors. -contacts and -lasting are those of
// [BenchmarkRunBesideCallbacks]; -store can't be used again.
func BenchmarkCallbacksBesideRetention(b *testing.B) {
	config := segmentedStore(b, *runContacts)
	keeping := filepath.Join(filepath.Dir(config), "retention.yaml")
	text := apptest.ReadFile(b, config) + "\nretention: {events: 1d}\n"
	if err := os.WriteFile(keeping, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		d := startDaemon(b, "serve", config)
		loadKnownContactsFor(b, d, time.Second) // warm
		quiet := loadKnownContactsFor(b, d, *runLasting)
		now := time.Now().Add(-298 * 24 * time.Hour)
		deleted, took := int64(0), time.Duration(0)
		beside, passes, wal := loadBeside(b, d, func() int64 {
			began := time.Now()
			n := retain(b, keeping, now)
			now = now.Add(240 * time.Hour)
			deleted, took = deleted+n, took+time.Since(began)
			return n
		})
		d.terminate(b)
		b.Logf("quiet: %s", quiet)
		b.Logf("beside %d passes: %s, write-ahead logs up to %.0f MiB; deleted %v", len(passes), beside, wal, passes)
		reportBeside(b, quiet, beside)
		b.ReportMetric(float64(deleted)/took.Seconds(), "events-deleted/s")
	}
}

// retain deletes what the config keeps no longer at that time, and returns how many events.
func retain(b *testing.B, config string, now time.Time) int64 {
	var out bytes.Buffer
	var did retention.JSON
	code := run(context.Background(), []string{"retain", "--json", "-c", config, "--now", now.UTC().Format(time.RFC3339)}, Process{Stdout: &out, Stderr: os.Stderr})
	if err := json.Unmarshal(out.Bytes(), &did); code != exitOK || err != nil {
		b.Errorf("retain exits with %d and prints %s: %v", code, &out, err)
	}
	return did.Events
}
