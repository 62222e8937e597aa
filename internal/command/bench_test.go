package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/internal/bench"
	"winnow/internal/procusage"
	"winnow/store"
	"winnow/store/storetest"
)

// connections are those of a load.
const connections = 256

// BenchmarkCallbacks prints the rows of winnow bench about callbacks: from 16 to 1,024
// connections, keys of text and phone numbers, bodies of one event and of 1,000, and beside
// sweeps, runs, backups and rejudges, each compared with the daemon storing nothing.
// -contacts and -lasting are those of [BenchmarkRunBesideCallbacks]. Run it with -benchtime 1x.
func BenchmarkCallbacks(b *testing.B) {
	for b.Loop() {
		report, err := bench.Run(b.Context(), bench.Options{Program: []string{os.Args[0]}, Env: []string{"WINNOW_TEST_DAEMON=serve"}, Rules: []byte(apptest.ReadFile(b, "../../config.example.yaml")),
			Dir: storetest.OnDisk(b), Contacts: *runContacts, Events: 1, Rounds: 3, Lasting: *runLasting, Only: []string{"callbacks", "beside"}})
		if err != nil {
			b.Fatal(err)
		}
		fmt.Println()
		report.Print(os.Stdout) // a benchmark's log is cut off after ten lines
		for _, l := range report.Lines {
			if l.Goal != "" && l.Peer != "" {
				b.ReportMetric(l.Ratio, strings.NewReplacer(" ", "-", ",", "", ":", "").Replace(l.What))
			}
		}
		b.ReportMetric(0, "ns/op")
	}
}

// loaded is what came of a load, and what the daemon used meanwhile.
type loaded struct {
	bench.Answered
	used procusage.Usage
}

// String describes it.
func (l loaded) String() string {
	n := float64(l.Count)
	return fmt.Sprintf("%.0f requests/s, p50 %v, p99 %v, %.1f µs of CPU and %.0f bytes written each, peak %.0f MiB", l.PerSecond(),
		l.P50.Round(10*time.Microsecond), l.P99.Round(10*time.Microsecond), l.used.CPU.Seconds()*1e6/n, float64(l.used.Written)/n, l.used.PeakMiB())
}

// loadUntil posts callbacks to a daemon until ctx ends, with the body of each made from its id
// and number.
func loadUntil(ctx context.Context, b *testing.B, d *daemonProcess, body func(id string, n int64) []byte) (l loaded) {
	b.Helper()
	if err := procusage.ResetPeak(d.Process.Pid); err != nil {
		b.Log(err) // the peak is then that of all before
	}
	before := d.used(b)
	var err error
	l.Answered, err = bench.Load(ctx, d.url, connections, func(n int64) []byte { return body(fmt.Sprintf("sms-%d-%d-9c99bc26-373e-4847", before.CPU, n), n) })
	if err != nil {
		b.Error(err)
	}
	l.used = d.used(b).Since(before)
	return l
}

// loadFor is loadUntil for a while, with callbacks of new contacts.
func loadFor(b *testing.B, d *daemonProcess, lasting time.Duration) loaded {
	b.Helper()
	ctx, stop := context.WithTimeout(context.Background(), lasting)
	defer stop()
	return loadUntil(ctx, b, d, func(id string, _ int64) []byte { return callback(id) })
}

// used is what the daemon has used so far.
func (c *daemonProcess) used(b *testing.B) procusage.Usage {
	b.Helper()
	used, err := procusage.Of(c.Process.Pid)
	if err != nil {
		b.Fatal(err)
	}
	return used
}

// reportBeside reports how callbacks beside something compare with those of a daemon that
// does nothing else.
func reportBeside(b *testing.B, quiet, beside loaded) {
	b.ReportMetric(beside.PerSecond()/quiet.PerSecond(), "of-quiet")
	b.ReportMetric(float64(beside.P99)/float64(quiet.P99), "p99-beside/p99-quiet")
	b.ReportMetric(float64(beside.used.Written)/float64(beside.Count), "B-written/callback")
	b.ReportMetric(max(quiet.used.PeakMiB(), beside.used.PeakMiB()), "MiB-peak")
}

// BenchmarkCallbacksBesideBulkChanges compares callbacks of an idle daemon with those
// while suppressions of all contacts are undone, rejudged and restored continuously.
func BenchmarkCallbacksBesideBulkChanges(b *testing.B) {
	for b.Loop() {
		config := apptest.Config(b, b.TempDir(), "1h")
		d := startDaemon(b, "serve", config)
		fillWithBounces(b, config, 100_000)
		loadFor(b, d, time.Second) // warm
		quiet := loadFor(b, d, 4*time.Second)
		ctx, stop := context.WithCancel(context.Background())
		changes := make(chan int)
		go func() { changes <- runBulkChanges(ctx, config) }()
		beside := loadFor(b, d, 25*time.Second)
		stop()
		done := <-changes
		d.terminate(b)
		b.Logf("quiet: %s; beside %d bulk changes: %s", quiet, done, beside)
		reportBeside(b, quiet, beside)
	}
}

// fillWithBounces fills the store of the config with contacts that bounced hard.
func fillWithBounces(b *testing.B, config string, contacts int) {
	b.Helper()
	s, err := store.Open(filepath.Join(filepath.Dir(config), "winnow.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	at := hygiene.InstantOf(time.Now().Add(-time.Hour))
	for from := 0; from < contacts; from += 4000 {
		var events []hygiene.Event
		for i := from; i < min(from+4000, contacts); i++ {
			events = append(events, hygiene.Event{ReceivedAt: at, At: at, Source: "insider", Name: "undelivered", Code: "1400",
				Outcome: hygiene.HardBounce, MessageID: fmt.Sprint("b", i), Contact: fmt.Sprint("bounced-", i), Body: []byte("{}")})
		}
		if err := s.Append(context.Background(), events, nil); err != nil {
			b.Fatal(err)
		}
	}
	run(context.Background(), []string{"sweep", "-c", config}, Process{Stdout: io.Discard, Stderr: io.Discard})
}

// runBulkChanges undoes, reverts and rejudges until ctx ends, and returns how many of
// these succeeded.
func runBulkChanges(ctx context.Context, config string) (n int) {
	for batch := 1; ctx.Err() == nil; batch++ {
		undo := []string{"undo", "--batch", fmt.Sprint(batch - 1), "--apply", "-c", config}
		if batch == 1 {
			undo = []string{"undo", "--reason", "hard_bounce", "--since", "2026-01-01", "--apply", "-c", config}
		}
		for _, args := range [][]string{undo, {"rejudge", "--apply", "-c", config}} {
			if run(ctx, args, Process{Stdout: io.Discard, Stderr: io.Discard}) == exitOK {
				n++
			}
		}
	}
	return n
}
