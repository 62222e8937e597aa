package command

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/internal/receiver"
	"winnow/store"
)

// benchLogs are the logs of the daemons that are compared, by mode.
var benchLogs = map[string]func(*store.Store) receiver.Log{
	"nothing": func(*store.Store) receiver.Log { return discardLog{} },
	"single":  func(s *store.Store) receiver.Log { return &unbatchedLog{s: s} },
	"grouped": func(s *store.Store) receiver.Log { return s },
}

// discardLog stores nothing.
type discardLog struct{}

func (discardLog) Append(context.Context, []hygiene.Event, []hygiene.Unreadable) error { return nil }

// unbatchedLog commits each request separately.
type unbatchedLog struct {
	mu sync.Mutex
	s  *store.Store
}

func (l *unbatchedLog) Append(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.s.Append(ctx, events, bad)
}

// measurement is the result of a load.
type measurement struct {
	perSecond float64
	p50, p99  time.Duration
	cpu       time.Duration // of the daemon, per request
	written   float64       // bytes to disk, per request
	peak      float64       // resident memory of the daemon, in MiB
}

// modesCompared are the daemons that are compared: one that stores nothing, one that
// commits each request separately, winnow, and winnow that sweeps and exports every
// second.
var modesCompared = []string{"nothing", "single", "grouped", "grouped+1s"}

// callbackLoad is one row of the benchmark of callbacks.
type callbackLoad struct {
	connections int
	modes       []string
	phones      int // how many phone numbers the contacts have, which are their keys; 0 for keys of other text
}

// BenchmarkCallbacks compares the daemon with itself storing nothing and with itself
// committing each request separately. With phone keys it stores, and is compared with a
// daemon that stores nothing and parses no phones: known ones are those of a list that
// is texted again, new ones are each called back once. Run it with -benchtime 1x.
func BenchmarkCallbacks(b *testing.B) {
	few := []string{"nothing", "grouped"}
	for _, row := range []struct {
		name string
		load callbackLoad
	}{
		{"connections=256", callbackLoad{connections: 256, modes: modesCompared}},
		{"connections=64", callbackLoad{connections: 64, modes: few}},
		{"keys=phones-known", callbackLoad{connections: 256, modes: few, phones: 50_000}},
		{"keys=phones-new", callbackLoad{connections: 256, modes: few, phones: 10_000_000}},
	} {
		b.Run(row.name, func(b *testing.B) { compareModes(b, row.load) })
	}
}

func compareModes(b *testing.B, load callbackLoad) {
	for b.Loop() {
		results := map[string][]measurement{}
		for range 3 {
			for _, mode := range load.modes {
				results[mode] = append(results[mode], measureMode(b, mode, load, 3*time.Second))
			}
		}
		base := median(results["nothing"])
		for _, mode := range load.modes {
			m := median(results[mode])
			b.Logf("%-10s %8.0f requests/s (%.2f), p50 %v, p99 %v (%.1f), CPU %v a request (%.2f), %.0f bytes written a request, peak %.0f MiB", mode, m.perSecond, m.perSecond/base.perSecond,
				m.p50.Round(10*time.Microsecond), m.p99.Round(10*time.Microsecond), float64(m.p99)/float64(base.p99), m.cpu.Round(100*time.Nanosecond), float64(m.cpu)/float64(base.cpu), m.written, m.peak)
		}
		stored := median(results["grouped"])
		b.ReportMetric(stored.perSecond/base.perSecond, "of-storing-nothing")
		b.ReportMetric(float64(stored.cpu)/float64(base.cpu), "CPU-of-storing-nothing")
		b.ReportMetric(stored.written, "B-written/callback")
		b.ReportMetric(stored.peak, "MiB-peak")
	}
}

// BenchmarkCallbacksBesideBulkChanges compares callbacks of an idle daemon with those
// while suppressions of all contacts are undone, rejudged and restored continuously.
func BenchmarkCallbacksBesideBulkChanges(b *testing.B) {
	const connections = 256
	for b.Loop() {
		config := apptest.Config(b, b.TempDir(), "1h")
		d := startDaemon(b, "serve", config)
		fillWithBounces(b, config, 100_000)
		loadFor(b, d.url, connections, time.Second) // warm
		quiet, _ := loadFor(b, d.url, connections, 4*time.Second)
		ctx, stop := context.WithCancel(context.Background())
		changes := make(chan int)
		go func() { changes <- runBulkChanges(ctx, config) }()
		beside, _ := loadFor(b, d.url, connections, 25*time.Second)
		stop()
		done := <-changes
		d.terminate(b)
		b.Logf("quiet %.0f requests/s, p99 %v; beside %d bulk changes %.0f requests/s, p99 %v", quiet.perSecond, quiet.p99, done, beside.perSecond, beside.p99)
		b.ReportMetric(float64(beside.p99)/float64(quiet.p99), "p99-beside/p99-quiet")
		b.ReportMetric(beside.perSecond/quiet.perSecond, "of-quiet")
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

func median(list []measurement) measurement {
	slices.SortFunc(list, func(a, b measurement) int { return int(a.perSecond - b.perSecond) })
	return list[len(list)/2]
}

// measureMode measures a daemon of one mode under load. Each number calls back first
// before the measurement, if there are few.
func measureMode(b *testing.B, mode string, load callbackLoad, lasting time.Duration) measurement {
	log, every, _ := strings.Cut(mode, "+")
	config := apptest.Config(b, b.TempDir(), cmp.Or(every, "1h"))
	body := func(id string, _ int64) []byte { return callback(id) }
	if load.phones > 0 && log != "nothing" {
		text := apptest.ReadFile(b, config)
		if err := os.WriteFile(config, []byte("contacts: {key: phone}\n"+text), 0o600); err != nil {
			b.Fatal(err)
		}
		body = func(id string, n int64) []byte {
			return fmt.Appendf(nil, `{"id":%q,"uniqueArgs":{"contact_id":"+905%09d"},"event":"undelivered","reason":{"message":"Soft Bounce","code":1404}}`, id, 300_000_000+n%int64(load.phones))
		}
	}
	d := startDaemon(b, log, config)
	run := func(lasting time.Duration) (measurement, int) {
		ctx, stop := context.WithTimeout(context.Background(), lasting)
		defer stop()
		return loadUntil(ctx, b, d.url, load.connections, body)
	}
	run(max(lasting/6, time.Duration(min(load.phones, 100_000))*50*time.Microsecond)) // warm
	cpu, written := cpuTime(b, d), bytesWritten(b, d)
	resetPeakMemory(b, d)
	m, n := run(lasting)
	m.cpu = (cpuTime(b, d) - cpu) / time.Duration(n)
	m.written = float64(bytesWritten(b, d)-written) / float64(n)
	m.peak = peakMemory(b, d)
	d.terminate(b)
	return m
}

// bytesWritten is how many bytes the daemon has made the kernel write to disk.
func bytesWritten(b *testing.B, d *daemonProcess) (n int64) {
	b.Helper()
	_, after, _ := strings.Cut(apptest.ReadFile(b, fmt.Sprintf("/proc/%d/io", d.Process.Pid)), "\nwrite_bytes:")
	if _, err := fmt.Sscan(after, &n); err != nil {
		b.Fatal(err)
	}
	return n
}

// cpuTime is the processor time that the daemon has used.
func cpuTime(b *testing.B, d *daemonProcess) time.Duration {
	b.Helper()
	var user, system int64
	stat := apptest.ReadFile(b, fmt.Sprintf("/proc/%d/stat", d.Process.Pid))
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+2:])
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// loadFor posts callbacks for a while, on each connection as soon as the previous one is
// answered. It returns the measurement and the number of callbacks.
func loadFor(b *testing.B, to string, connections int, lasting time.Duration) (measurement, int) {
	b.Helper()
	ctx, stop := context.WithTimeout(context.Background(), lasting)
	defer stop()
	return loadUntil(ctx, b, to, connections, func(id string, _ int64) []byte { return callback(id) })
}

// loadUntil is loadFor until ctx ends, with the body of each callback made from its id
// and number.
func loadUntil(ctx context.Context, b *testing.B, to string, connections int, body func(id string, n int64) []byte) (measurement, int) {
	b.Helper()
	target, err := url.Parse(to)
	if err != nil {
		b.Fatal(err)
	}
	var count atomic.Int64
	took := make([][]time.Duration, connections)
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() {
			took[i] = loadConnection(ctx, b, target, func() []byte {
				n := count.Add(1)
				return body(fmt.Sprintf("sms-%d-%d-9c99bc26-373e-4847", i, n), n)
			})
		})
	}
	began := time.Now()
	wg.Wait()
	all := slices.Concat(took...)
	slices.Sort(all)
	n := len(all)
	return measurement{perSecond: float64(n) / time.Since(began).Seconds(), p50: all[n/2], p99: all[n*99/100]}, n
}

func loadConnection(ctx context.Context, b *testing.B, target *url.URL, next func() []byte) []time.Duration {
	conn, err := net.Dial("tcp", target.Host)
	if err != nil {
		b.Error(err)
		return nil
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	var took []time.Duration
	for ctx.Err() == nil {
		body := next()
		began := time.Now()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: winnow\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", target.Path, len(body), body)
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			b.Error(err)
			return took
		}
		io.Copy(io.Discard, answer.Body)
		if answer.StatusCode != http.StatusOK {
			b.Errorf("answered %s", answer.Status)
			return took
		}
		took = append(took, time.Since(began))
	}
	return took
}
