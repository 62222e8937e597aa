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
	runContacts = flag.Int("contacts", 30_000, "contacts of the benchmark of runs beside callbacks")
	runStore    = flag.String("store", "", "folder where the benchmark of runs beside callbacks keeps its store, to use it again; empty for none")
	runLasting  = flag.Duration("lasting", 8*time.Second, "how long the benchmark of runs beside callbacks loads the daemon, each time, at least")
)

// BenchmarkRunBesideCallbacks compares the callbacks of a daemon that does
// nothing else with those while it makes one run after the other, and the runs
// with those of a daemon that nobody calls, and with sqlite3's own shell writing
// the same rows. A run is of ten segments of a tenth of the contacts each, whose
// histories are full of 32 entries, six columns, with deltas of all.
//
// Callbacks come as fast as they are answered, so there is no idle processor:
// who makes the load, the daemon's doors and its run share what the machine has.
// On two processors the best that both can have is half.
func BenchmarkRunBesideCallbacks(b *testing.B) {
	config := segmentedHouse(b, *runContacts)
	for b.Loop() {
		d := startDaemon(b, "whole", config)
		makeRun(b, d) // which the first is compared with
		alone := []ranFor{makeRun(b, d), makeRun(b, d), makeRun(b, d)}
		shell := shellTakes(b, config)
		hammerFor(b, d, time.Second) // warm
		forgetPeak(b, d)
		quiet := hammerFor(b, d, *runLasting)
		quietPeak := peakOf(b, d)
		makeRun(b, d) // takes in what came
		forgetPeak(b, d)
		beside, ran, wal := hammerBeside(b, d)
		peak := peakOf(b, d)
		d.end(b)
		b.Logf("quiet: %.0f requests/s, p50 %v, p99 %v, peak %.0f MiB", quiet.perSecond, quiet.p50, quiet.p99, quietPeak)
		b.Logf("beside %d runs: %.0f requests/s, p50 %v, p99 %v, peak %.0f MiB, write-ahead logs up to %.0f MiB", len(ran), beside.perSecond, beside.p50, beside.p99, peak, wal)
		b.Logf("run alone %v; beside callbacks %v; sqlite3's shell %v", alone, ran, shell.Round(time.Millisecond))
		b.ReportMetric(beside.perSecond/quiet.perSecond, "of-quiet")
		b.ReportMetric(float64(beside.p99)/float64(quiet.p99), "p99-beside/p99-quiet")
		b.ReportMetric(middle(alone).pass.Seconds(), "s-run-alone")
		b.ReportMetric(middle(ran).pass.Seconds()/middle(alone).pass.Seconds(), "run-beside/run-alone")
		if shell > 0 {
			b.ReportMetric(middle(alone).pass.Seconds()/shell.Seconds(), "of-sqlite3's-time")
		}
		b.ReportMetric(max(peak, quietPeak), "MiB-peak")
	}
}

// segmentedHouse is a config whose store has so many contacts in ten segments.
func segmentedHouse(b *testing.B, contacts int) (config string) {
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
			b.Fatalf("%s has %s contacts: say -contacts %s, or another folder", folder, kept, kept)
		}
		return config
	}
	populate(b, config, contacts)
	if err := os.WriteFile(full, fmt.Append(nil, contacts), 0o600); err != nil {
		b.Fatal(err)
	}
	return config
}

// populate fills the store with contacts that have a bucket and 32 entries each.
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
			profiles = append(profiles, store.Profile{Key: key, SaysPhone: true, Phone: fmt.Sprintf("+9055%08d", i),
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
		if _, err := s.SaveProfiles(profiles); err != nil {
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

// ranFor is how long a run took: the whole of it, and from its moment to its
// end, which leaves out the sweep before.
type ranFor struct{ whole, pass time.Duration }

// String is both, in seconds.
func (r ranFor) String() string {
	return fmt.Sprintf("%.2f (%.2f) s", r.pass.Seconds(), r.whole.Seconds())
}

func middle(list []ranFor) ranFor {
	list = slices.SortedFunc(slices.Values(list), func(a, b ranFor) int { return cmp.Compare(a.pass, b.pass) })
	return list[len(list)/2]
}

// makeRun lets the daemon make a run. Runs are named by the second, so one that
// comes within the second of the one before is asked for again.
func makeRun(b *testing.B, d *child) ranFor {
	for {
		began := time.Now()
		answer, err := http.Post(d.api+"/exports/nightly/run", "application/json", nil)
		if err != nil {
			b.Error(err)
			return ranFor{}
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
		return ranFor{time.Since(began), made.FinishedAt.Time().Sub(made.AsOf.Time())}
	}
}

// hammerKnown hammers with soft bounces of contacts that the store knows: who is
// in a run with a retry of another message has entered anew.
func hammerKnown(ctx context.Context, b *testing.B, d *child) measured {
	b.Helper()
	began := time.Now().UnixMicro() // of each load the messages are others
	m, _ := hammerUntil(ctx, b, d.url, 256, func(id string, n int64) []byte {
		return fmt.Appendf(nil, `{"id":"%s-%d","uniqueArgs":{"contact_id":"crm-%08d"},"event":"undelivered","reason":{"message":"Soft Bounce","code":1404}}`,
			id, began, n*7919%int64(*runContacts))
	})
	return m
}

func hammerFor(b *testing.B, d *child, lasting time.Duration) measured {
	ctx, stop := context.WithTimeout(context.Background(), lasting)
	defer stop()
	return hammerKnown(ctx, b, d)
}

// hammerBeside hammers while the daemon makes runs, for as many whole runs as
// the load lasts, and tells how many MiB the write-ahead logs grew to.
func hammerBeside(b *testing.B, d *child) (m measured, ran []ranFor, wal float64) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer stop()
		for began := time.Now(); time.Since(began) < *runLasting || len(ran) < 2; {
			ran = append(ran, makeRun(b, d))
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
	m = hammerKnown(ctx, b, d)
	<-ended
	return m, ran, <-grown
}

// walSize is how many MiB the write-ahead logs of the daemon's store have.
func walSize(d *child) (mib float64) {
	logs, _ := filepath.Glob(filepath.Join(filepath.Dir(d.Args[len(d.Args)-1]), "*-wal"))
	for _, path := range logs {
		if info, err := os.Stat(path); err == nil {
			mib += float64(info.Size()) / (1 << 20)
		}
	}
	return mib
}

// peakOf is how many MiB the daemon had at most.
func peakOf(b *testing.B, d *child) (mib float64) {
	b.Helper()
	_, after, _ := strings.Cut(apptest.ReadFile(b, fmt.Sprintf("/proc/%d/status", d.Process.Pid)), "VmHWM:")
	var kib float64
	if _, err := fmt.Sscan(after, &kib); err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}

// forgetPeak lets the peak begin anew.
func forgetPeak(b *testing.B, d *child) {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", d.Process.Pid), []byte("5"), 0); err != nil {
		b.Log(err) // the peak is then that of all before
	}
}

// shellTakes is how long sqlite3's shell takes to write by ten queries the rows
// that the latest run wrote, from a table of these and the histories; 0 without
// a shell.
func shellTakes(b *testing.B, config string) time.Duration {
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		b.Log("no sqlite3 here to compare with")
		return 0
	}
	folder := b.TempDir()
	table := filepath.Join(folder, "plain.db")
	ask := func(args ...string) {
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
	ask(append(load, `INSERT INTO plain SELECT written.*, facts FROM written JOIN roster.contacts ON key = contact ORDER BY contact`, `DROP TABLE written`)...)
	began := time.Now()
	for bucket := range 10 {
		ask("-csv", "-header", ".output "+filepath.Join(folder, fmt.Sprint(bucket, ".csv")),
			fmt.Sprintf("SELECT contact, phone, status, last_delivered_at, sent_count, bucket FROM plain WHERE bucket = %d ORDER BY contact", bucket))
	}
	return time.Since(began)
}
