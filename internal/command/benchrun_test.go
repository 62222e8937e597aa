package command

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/segments"
	"winnow/store"
)

var (
	runContacts = flag.Int("contacts", 30_000, "contacts in the benchmarks of runs, and of backups, beside callbacks")
	runStore    = flag.String("store", "", "folder in which the benchmarks of runs, and of backups, beside callbacks keeps its store for another use; empty for a temporary one")
	runLasting  = flag.Duration("lasting", 8*time.Second, "minimum duration of each load in the benchmarks of runs, and of backups, beside callbacks")
)

// BenchmarkRunBesideCallbacks compares the callbacks of a daemon that does nothing else
// with those while it makes one run after the other, and these runs with those of a
// daemon without callbacks, and with sqlite3's shell writing the same rows. A run has ten
// segments with a tenth of the contacts each, six columns, deltas of all; each contact
// has 32 entries in its history.
//
// Callbacks come as fast as they are answered, so no processor is idle: the load, the
// daemon's servers and its run share the machine. On two processors each can have half at
// best.
func BenchmarkRunBesideCallbacks(b *testing.B) {
	config := segmentedStore(b, *runContacts)
	for b.Loop() {
		d := startDaemon(b, "serve", config)
		makeRun(b, d) // the base of the first delta
		alone := []runDuration{makeRun(b, d), makeRun(b, d), makeRun(b, d)}
		shell := shellDuration(b, config)
		loadKnownContactsFor(b, d, time.Second) // warm
		quiet := loadKnownContactsFor(b, d, *runLasting)
		makeRun(b, d) // sweeps the callbacks
		beside, ran, wal := loadBeside(b, d, func() runDuration { return makeRun(b, d) })
		d.terminate(b)
		b.Logf("quiet: %s", quiet)
		b.Logf("beside %d runs: %s, write-ahead logs up to %.0f MiB", len(ran), beside, wal)
		b.Logf("run alone %v; beside callbacks %v; sqlite3's shell %v", alone, ran, shell.Round(time.Millisecond))
		reportBeside(b, quiet, beside)
		b.ReportMetric(medianRun(alone).pass.Seconds(), "s-run-alone")
		b.ReportMetric(medianRun(ran).pass.Seconds()/medianRun(alone).pass.Seconds(), "run-beside/run-alone")
		if shell > 0 {
			b.ReportMetric(medianRun(alone).pass.Seconds()/shell.Seconds(), "of-sqlite3's-time")
		}
	}
}

// segmentedStore makes a config and its store, with contacts in ten segments.
func segmentedStore(b *testing.B, contacts int) (config string) {
	b.Helper()
	folder := cmp.Or(*runStore, b.TempDir())
	if err := os.MkdirAll(folder, 0o700); err != nil {
		b.Fatal(err)
	}
	config = apptest.Config(b, folder, "1h")
	text, _, _ := strings.Cut(apptest.ReadFile(b, config), "segments:")
	var names []string
	text += "segments:\n"
	for bucket := range 10 {
		names = append(names, fmt.Sprint("bucket-", bucket))
		text += fmt.Sprintf("  - {name: bucket-%d, where: {attribute: bucket, is: %d}, suppressed: include, columns: [contact, phone, status, last_delivered_at, sent_count, attributes.bucket]}\n", bucket, bucket)
	}
	list := strings.Join(names, ", ")
	text += fmt.Sprintf("exports:\n  - {name: nightly, schedule: \"@every 1000h\", segments: [%s], delta: [%s], formats: [csv], keep: 2, to: [./exports]}\n", list, list)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	full := filepath.Join(folder, "full")
	if kept, err := os.ReadFile(full); err == nil {
		if string(kept) != fmt.Sprint(contacts) {
			b.Fatalf("%s has %s contacts: use -contacts %s, or another folder", folder, kept, kept)
		}
		return config
	}
	populate(b, config, contacts)
	if err := os.WriteFile(full, fmt.Append(nil, contacts), 0o600); err != nil {
		b.Fatal(err)
	}
	return config
}

// populate fills the store with contacts that have a bucket and 32 entries each, and
// sweeps.
func populate(b *testing.B, config string, contacts int) {
	b.Helper()
	s, err := store.Open(filepath.Join(filepath.Dir(config), "winnow.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const together = 500
	begin := time.Now().Add(-300 * 24 * time.Hour)
	for from := 0; from < contacts; from += together {
		var profiles []store.Profile
		var events []hygiene.Event
		for i := from; i < min(from+together, contacts); i++ {
			key := fmt.Sprintf("crm-%08d", i)
			profiles = append(profiles, store.Profile{Key: key, HasPhone: true, Phone: fmt.Sprintf("+9055%08d", i),
				Attributes: hygiene.Attributes(nil).With("bucket", hygiene.ParseValue(fmt.Sprint(i%10)))})
			for n := range 32 {
				at := hygiene.InstantOf(begin.Add(time.Duration(n/2)*240*time.Hour + time.Duration(n)*time.Minute + time.Duration(i)*time.Millisecond))
				e := hygiene.Event{ReceivedAt: at, At: at, Source: "insider", Name: "sent", Outcome: hygiene.Sent,
					MessageID: fmt.Sprint("old-", i, "-", n/2), Contact: key, Body: []byte("{}")}
				if n%2 == 1 {
					e.Name, e.Outcome = "delivered", hygiene.Delivered
				}
				events = append(events, e)
			}
		}
		if _, err := s.SaveProfiles(profiles, 1); err != nil {
			b.Fatal(err)
		}
		for chunk := range slices.Chunk(events, 4000) {
			if err := s.Append(context.Background(), chunk, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
	if code := run(context.Background(), []string{"sweep", "-c", config}, Process{Stdout: io.Discard, Stderr: os.Stderr}); code != exitOK {
		b.Fatal("the sweep failed")
	}
}

// runDuration is how long a run took: with the sweep before, and from its as_of to its
// end.
type runDuration struct{ whole, pass time.Duration }

// String formats both in seconds.
func (r runDuration) String() string {
	return fmt.Sprintf("%.2f (%.2f) s", r.pass.Seconds(), r.whole.Seconds())
}

// medianRun returns the run with the median pass.
func medianRun(list []runDuration) runDuration {
	list = slices.SortedFunc(slices.Values(list), func(a, b runDuration) int { return cmp.Compare(a.pass, b.pass) })
	return list[len(list)/2]
}

// makeRun makes the daemon run the export. Runs are named by the second: a request in the
// second of the previous run is repeated.
func makeRun(b *testing.B, d *daemonProcess) runDuration {
	for {
		began := time.Now()
		req, err := http.NewRequest(http.MethodPost, d.api+"/exports/nightly/run", nil)
		if err != nil {
			b.Error(err)
			return runDuration{}
		}
		req.Header.Set("Authorization", "Bearer "+apptest.AdminToken)
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Error(err)
			return runDuration{}
		}
		var made segments.Run
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		switch {
		case answer.StatusCode == http.StatusConflict:
			time.Sleep(50 * time.Millisecond)
			continue
		case err != nil || answer.StatusCode != http.StatusOK || json.Unmarshal(text, &made) != nil || made.Status != segments.Published:
			b.Errorf("the run ended with %s: %s", answer.Status, text)
		}
		return runDuration{time.Since(began), made.FinishedAt.Time().Sub(made.AsOf.Time())}
	}
}

// loadKnownContacts posts soft bounces of contacts in the store. A retry of another message
// makes a contact enter a segment again.
func loadKnownContacts(ctx context.Context, b *testing.B, d *daemonProcess) loaded {
	b.Helper()
	began := time.Now().UnixMicro() // makes the message ids of each load different
	return loadUntil(ctx, b, d, func(id string, n int64) []byte {
		return fmt.Appendf(nil, `{"id":"%s-%d","uniqueArgs":{"contact_id":"crm-%08d"},"event":"undelivered","reason":{"message":"Soft Bounce","code":1404}}`,
			id, began, n*7919%int64(*runContacts))
	})
}

func loadKnownContactsFor(b *testing.B, d *daemonProcess, lasting time.Duration) loaded {
	ctx, stop := context.WithTimeout(context.Background(), lasting)
	defer stop()
	return loadKnownContacts(ctx, b, d)
}

// loadBeside posts callbacks while something is done again and again, at least twice, and
// returns what that came to. wal is the size that the write-ahead logs reached, in MiB.
func loadBeside[T any](b *testing.B, d *daemonProcess, do func() T) (m loaded, done []T, wal float64) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer stop()
		for began := time.Now(); time.Since(began) < *runLasting || len(done) < 2; {
			done = append(done, do())
		}
	}()
	grown := make(chan float64)
	go func() {
		most := 0.0
		for ctx.Err() == nil {
			most = max(most, walSize(d))
			time.Sleep(100 * time.Millisecond)
		}
		grown <- most
	}()
	m = loadKnownContacts(ctx, b, d)
	<-ended
	return m, done, <-grown
}

// walSize is the size of the write-ahead logs of the daemon's store, in MiB.
func walSize(d *daemonProcess) (mib float64) {
	logs, _ := filepath.Glob(filepath.Join(filepath.Dir(d.Args[len(d.Args)-1]), "*-wal"))
	for _, path := range logs {
		if info, err := os.Stat(path); err == nil {
			mib += float64(info.Size()) / (1 << 20)
		}
	}
	return mib
}

// shellDuration is how long sqlite3's shell takes to write the rows of the latest run
// with ten queries, from a table of these rows and the histories; 0 without a shell.
func shellDuration(b *testing.B, config string) time.Duration {
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		b.Log("sqlite3 is not installed: nothing to compare with")
		return 0
	}
	folder := b.TempDir()
	table := filepath.Join(folder, "plain.db")
	sqlite := func(args ...string) {
		if out, err := exec.Command(shell, append([]string{table}, args...)...).CombinedOutput(); err != nil {
			b.Fatalf("%s %v", out, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(config), "exports", "nightly", "latest", "bucket-?.csv"))
	if err != nil || len(files) != 10 {
		b.Fatal(len(files), err)
	}
	roster := strings.ReplaceAll(filepath.Join(filepath.Dir(config), "winnow.db"), "'", "''")
	load := []string{"ATTACH '" + roster + "' AS roster", `CREATE TABLE written (contact TEXT, phone TEXT, status TEXT, last_delivered_at TEXT, sent_count INTEGER, bucket INTEGER)`,
		`CREATE TABLE plain (contact TEXT PRIMARY KEY, phone TEXT, status TEXT, last_delivered_at TEXT, sent_count INTEGER, bucket INTEGER, facts BLOB)`}
	for _, path := range files {
		load = append(load, ".import --csv --skip 1 "+path+" written")
	}
	sqlite(append(load, `INSERT INTO plain SELECT written.*, facts FROM written JOIN roster.contacts ON key = contact ORDER BY contact`, `DROP TABLE written`)...)
	began := time.Now()
	for bucket := range 10 {
		sqlite("-csv", "-header", ".output "+filepath.Join(folder, fmt.Sprint(bucket, ".csv")),
			fmt.Sprintf("SELECT contact, phone, status, last_delivered_at, sent_count, bucket FROM plain WHERE bucket = %d ORDER BY contact", bucket))
	}
	return time.Since(began)
}
