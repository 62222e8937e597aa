package faults

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"winnow/store/storetest"
)

var (
	soak      = flag.Duration("soak", 0, "how long the soak lasts; 0 leaves it out")
	soakSpeed = flag.Float64("soak-speed", 0.5, "the share of full speed at which callbacks come")
)

// longEnough is a soak whose memory is judged: its caches have filled in the first half.
const longEnough = 5 * time.Minute

// sample is what a daemon holds at a moment.
type sample struct {
	at                      time.Duration
	rss, anonymous          float64 // MiB
	descriptors, goroutines float64
	logWAL, rosterWAL       float64 // MiB
	processor               float64 // seconds so far
	callbacks               int     // since the sample before
	p50, p99, slowestAnswer time.Duration
	heap                    float64 // MiB that are in use
}

// At half of the speed that the machine has, with a sweep each second, exports, backups
// and retention, nothing may grow but the store: not memory, descriptors or goroutines, nor
// the write-ahead logs.
func TestASoakAtHalfSpeedIsFlat(t *testing.T) {
	if *soak == 0 {
		t.Skip("say -soak 30m")
	}
	folder := storetest.OnDisk(t)
	every := min(time.Minute, max(2*time.Second, (*soak/30).Truncate(time.Second)))
	h, l := newHouse(t, folder, folder, `"0 2 * * *"`, fmt.Sprintf("%q", "@every "+every.String()), "\nhygiene:", "\nretention: {bodies: 1h, events: 2h}\nhygiene:"), newLoad()
	l.contacts = 20_000
	d := h.mustStart(t)
	full := fullSpeed(d, l)
	rate := full * *soakSpeed
	t.Logf("on %d processors, full speed with 16 clients is %.0f callbacks a second; the soak has %.0f, a run each %v", runtime.GOMAXPROCS(0), full, rate, every)
	stop := make(chan struct{})
	var running sync.WaitGroup
	late := l.steady(d, rate, stop, &running)
	running.Go(func() { h.acts(t, *soak/7, stop) })
	samples := d.watch(t, l, stop)
	close(stop)
	running.Wait()
	wantNoPanic(t, d.log())
	d.stop(t)
	printSamples(t, samples)
	for status, n := range l.all {
		if status != http.StatusOK {
			t.Errorf("%d callbacks are answered %d", n, status)
		}
	}
	wantFlat(t, samples)
	h.check(t, l)
	t.Logf("%v: %d callbacks answered, none lost; %d were sent later than at an even pace", *soak, len(l.answered), *late)
}

// fullSpeed is how many callbacks a second the daemon answers to clients that do not pause.
func fullSpeed(d *daemon, l *load) float64 {
	const seconds = 3
	l.begin(d, 16)
	time.Sleep(seconds * time.Second)
	l.end()
	_, took := l.taken()
	return float64(len(took)) / seconds
}

// steady sends callbacks at an even pace until stop is closed.
func (l *load) steady(d *daemon, rate float64, stop <-chan struct{}, running *sync.WaitGroup) (late *int) {
	late = new(int)
	turns := make(chan struct{}, int(rate)+1)
	running.Go(func() {
		defer close(turns)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		given, began := 0.0, time.Now()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			for due := rate * time.Since(began).Seconds(); given < due; given++ {
				select {
				case turns <- struct{}{}:
				default:
					*late++
				}
			}
		}
	})
	for range 64 {
		running.Go(func() {
			for range turns {
				l.one(d, nil)
			}
		})
	}
	return late
}

// acts backs up and retains now and then.
func (h *house) acts(t *testing.T, every time.Duration, stop <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-time.After(every):
		}
		h.mustRun(t, "backup", filepath.Join(h.folder, "backups"))
		h.mustRun(t, "retain")
		h.mustRun(t, "report", "--json")
		if err := os.RemoveAll(filepath.Join(h.folder, "backups")); err != nil {
			t.Error(err)
		}
	}
}

// watch samples the daemon until the soak is over.
func (d *daemon) watch(t *testing.T, l *load, stop <-chan struct{}) (samples []sample) {
	every := min(10*time.Second, *soak/20)
	began := time.Now()
	for next := every; next <= *soak; next += every {
		time.Sleep(time.Until(began.Add(next)))
		s := d.sample(t)
		s.at = time.Since(began)
		statuses, took := l.taken()
		for _, n := range statuses {
			s.callbacks += n
		}
		if len(took) > 0 {
			s.p50, s.p99, s.slowestAnswer = took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
		}
		samples = append(samples, s)
	}
	return samples
}

// sample asks the kernel and the daemon's metrics.
func (d *daemon) sample(t *testing.T) (s sample) {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", d.Process.Pid)
	status, err := os.ReadFile(proc + "status")
	if err != nil {
		t.Fatal(err)
	}
	kib := func(key string) (n float64) {
		_, after, _ := strings.Cut(string(status), key+":")
		_, _ = fmt.Sscan(after, &n)
		return n
	}
	s.rss, s.anonymous = kib("VmRSS")/1024, kib("RssAnon")/1024
	open, err := os.ReadDir(proc + "fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range open { // connections are the clients'
		if target, err := os.Readlink(proc + "fd/" + e.Name()); err == nil && !strings.HasPrefix(target, "socket:") {
			s.descriptors++
		}
	}
	metrics := d.metrics(t)
	s.goroutines, s.processor, s.heap = metrics["go_goroutines"], metrics["process_cpu_seconds_total"], metrics["go_memstats_heap_inuse_bytes"]/(1<<20)
	state := filepath.Join(filepath.Dir(d.Args[len(d.Args)-1]), "state")
	size := func(name string) float64 {
		info, err := os.Stat(filepath.Join(state, name))
		if err != nil {
			return 0
		}
		return float64(info.Size()) / (1 << 20)
	}
	s.logWAL, s.rosterWAL = size("winnow-events.db-wal"), size("winnow.db-wal")
	return s
}

// metrics are those without labels.
func (d *daemon) metrics(t *testing.T) map[string]float64 {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+d.private+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	answer, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			if n, err := strconv.ParseFloat(value, 64); err == nil {
				values[name] = n
			}
		}
	}
	return values
}

// series are what must not grow: by how much of its mean, and by how much on top, it may
// rise. What is counted, and goes up and down with what is under way, is judged by the
// least of each half: what leaks stays. The others are judged by the trend of the second
// half, from its beginning to its end.
var series = []struct {
	name    string
	of      func(*sample) float64
	counted bool
	share   float64
	more    float64
}{
	{"resident memory, MiB", func(s *sample) float64 { return s.rss }, false, 0.10, 4},
	{"anonymous memory, MiB", func(s *sample) float64 { return s.anonymous }, false, 0.10, 4},
	{"heap in use, MiB", func(s *sample) float64 { return s.heap }, false, 0.15, 4},
	{openFiles, func(s *sample) float64 { return s.descriptors }, true, 0, 4},
	{"goroutines", func(s *sample) float64 { return s.goroutines }, true, 0, 12},
	{"write-ahead log of the events, MiB", func(s *sample) float64 { return s.logWAL }, false, 0.10, 16},
	{"write-ahead log of the contacts, MiB", func(s *sample) float64 { return s.rosterWAL }, false, 0.10, 16},
}

// openFiles are judged in a short soak too.
const openFiles = "descriptors, sockets apart"

// wantFlat judges each series. In a soak that is not long enough caches still fill, and
// requests under way are most of the goroutines.
func wantFlat(t *testing.T, samples []sample) {
	t.Helper()
	first, second := samples[:len(samples)/2], samples[len(samples)/2:]
	for _, c := range series {
		rise, mean := trend(second, c.of)
		if c.counted {
			rise = least(second, c.of) - least(first, c.of)
		}
		most := c.share*mean + c.more
		verdict := "flat"
		switch {
		case rise <= most:
		case *soak < longEnough && c.name != openFiles:
			verdict = "not judged, as the soak is short"
		default:
			verdict = "NOT FLAT"
			t.Errorf("%s: rises by %.1f around %.1f", c.name, rise, mean)
		}
		t.Logf("%-38s mean of the second half %7.1f, rises by %+6.1f, may by %+5.1f: %s", c.name, mean, rise, most, verdict)
	}
}

func least(samples []sample, of func(*sample) float64) float64 {
	n := of(&samples[0])
	for i := range samples {
		n = min(n, of(&samples[i]))
	}
	return n
}

// trend fits a line to the samples, and returns by how much it rises over them, and their mean.
func trend(samples []sample, of func(*sample) float64) (rise, mean float64) {
	n := float64(len(samples))
	var x, y, xx, xy float64
	for i := range samples {
		at, value := samples[i].at.Seconds(), of(&samples[i])
		x, y, xx, xy = x+at, y+value, xx+at*at, xy+at*value
	}
	slope := (n*xy - x*y) / (n*xx - x*x)
	return slope * (samples[len(samples)-1].at - samples[0].at).Seconds(), y / n
}

func TestATrendIsSeenAmongNoise(t *testing.T) {
	var flat, grows []sample
	for i := range 100 {
		noise := float64(i * 7919 % 13)
		flat = append(flat, sample{at: time.Duration(i) * time.Second, rss: 100 + noise})
		grows = append(grows, sample{at: time.Duration(i) * time.Second, rss: 100 + noise + 0.5*float64(i)})
	}
	rss := func(s *sample) float64 { return s.rss }
	if rise, mean := trend(flat, rss); rise > 2 || rise < -2 || mean < 105 || mean > 107 {
		t.Errorf("a flat series rises by %.1f around %.1f", rise, mean)
	}
	if rise, _ := trend(grows, rss); rise < 47 || rise > 52 {
		t.Errorf("a series that grows by 49.5 rises by %.1f", rise)
	}
}

// printSamples prints a table of some samples, and a plot of each series.
func printSamples(t *testing.T, samples []sample) {
	var text strings.Builder
	fmt.Fprintf(&text, "\n%9s %7s %7s %7s %5s %6s %8s %8s %6s %9s %8s %8s %8s\n", "at", "RSS", "anon", "heap", "fds", "gorout", "log WAL", "con. WAL", "CPU s", "callbacks", "p50", "p99", "max")
	for i := 0; i < len(samples); i += max(1, len(samples)/20) {
		s := samples[i]
		fmt.Fprintf(&text, "%9v %7.1f %7.1f %7.1f %5.0f %6.0f %8.1f %8.1f %6.0f %9d %8v %8v %8v\n", s.at.Round(time.Second), s.rss, s.anonymous, s.heap, s.descriptors, s.goroutines, s.logWAL, s.rosterWAL, s.processor,
			s.callbacks, s.p50.Round(time.Millisecond/10), s.p99.Round(time.Millisecond), s.slowestAnswer.Round(time.Millisecond))
	}
	for _, c := range series {
		text.WriteString("\n" + plot(c.name, samples, c.of))
	}
	t.Log(text.String())
}

// plot draws a series, each column the mean of some samples.
func plot(name string, samples []sample, of func(*sample) float64) string {
	const width, height = 72, 8
	columns := make([]float64, min(width, len(samples)))
	top := 0.0
	for c := range columns {
		from, to := c*len(samples)/len(columns), (c+1)*len(samples)/len(columns)
		for i := from; i < to; i++ {
			columns[c] += of(&samples[i]) / float64(to-from)
		}
		top = max(top, columns[c])
	}
	text := fmt.Sprintf("%s, from 0 to %.1f\n", name, top)
	for row := height; row > 0; row-- {
		text += "  |"
		for _, value := range columns {
			if value > top*(float64(row)-0.5)/height {
				text += "#"
			} else {
				text += " "
			}
		}
		text = strings.TrimRight(text, " ") + "\n"
	}
	return text + "  +" + strings.Repeat("-", len(columns)) + "\n"
}
