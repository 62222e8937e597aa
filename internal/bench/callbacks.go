package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"winnow/internal/procusage"
	"winnow/internal/traffic"
)

// load is how callbacks come.
type load struct {
	connections int
	key         string    // of contacts: text or phone
	known       int       // how many contacts call back again and again; 0: each calls back once
	together    int       // callbacks in a request
	goals       [3]string // of the rate, the CPU and the p99, against storing nothing
	alone       bool      // also measure the daemon that commits each request alone
}

// title is the load in words.
func (l load) title() string {
	text := fmt.Sprintf("%d connections", l.connections)
	switch {
	case l.key == "phone" && l.known > 0:
		text += fmt.Sprintf(", keys are %d phone numbers", l.known)
	case l.key == "phone":
		text += ", keys are new phone numbers"
	}
	if l.together > 1 {
		text += fmt.Sprintf(", %d events a body", l.together)
	}
	return text
}

// loads are those that are measured.
var loads = []load{
	{connections: 16, key: "text"},
	{connections: 64, key: "text", goals: [3]string{">= 0.6"}},
	{connections: 256, key: "text", goals: [3]string{">= 0.8", "<= 1.35", "<= 2"}, alone: true},
	{connections: 1024, key: "text"},
	{connections: 256, key: "phone", known: 50_000, goals: [3]string{"", "<= 1.35"}},
	{connections: 256, key: "phone"},
	{connections: 16, key: "text", together: 1000},
}

// body makes the bodies of a load. No two of a benchmark are of the same messages.
func (l load) body() func(n int64) []byte {
	series := loadSeries.Add(1)
	contact := func(n int64) string {
		if l.known > 0 {
			n %= int64(l.known)
		}
		if l.key == "phone" {
			return traffic.Phone(int(n % traffic.Phones))
		}
		return traffic.ContactKey(int(n))
	}
	return func(n int64) []byte {
		id := fmt.Sprintf("sms-%d-%d-9c99bc26-373e-4847-a1b2-c3d4e5f60718", series, n)
		if l.together <= 1 {
			return traffic.Callback(id, contact(n))
		}
		return traffic.Callbacks(id, l.together, func(i int) string { return contact(n*int64(l.together) + int64(i)) })
	}
}

var loadSeries atomic.Int64

// loaded is what a daemon did under a load.
type loaded struct {
	Answered
	used procusage.Usage
}

// cpu is the daemon's processor time for each request.
func (l loaded) cpu() float64 { return l.used.CPU.Seconds() / float64(l.Count) }

// written is what the daemon wrote for each request, in bytes.
func (l loaded) written() float64 { return float64(l.used.Written) / float64(l.Count) }

// callbacks compares the daemon that stores with one that stores nothing, in turn.
func (b *bench) callbacks(ctx context.Context) error {
	for _, l := range loads {
		var nothing, stored, alone []loaded
		for round := range b.Rounds {
			b.note("callbacks, %s: round %d of %d", l.title(), round+1, b.Rounds)
			base, err := b.underLoad(ctx, "discard", l)
			if err != nil {
				return err
			}
			ours, err := b.underLoad(ctx, "serve", l)
			if err != nil {
				return err
			}
			nothing, stored = append(nothing, base), append(stored, ours)
			if l.alone {
				single, err := b.underLoad(ctx, "single", l)
				if err != nil {
					return err
				}
				alone = append(alone, single)
			}
		}
		b.addLoad("callbacks", l.title(), max(1, l.together), l.goals, stored, nothing)
		if l.alone {
			line := Line{Row: "callbacks", What: l.title() + ": callbacks stored", Unit: "/s"}
			b.report.add(line.against("a commit for each", figures(stored, loaded.PerSecond), figures(alone, loaded.PerSecond)))
		}
	}
	return nil
}

// addLoad adds the lines of a load. A request has so many events.
func (b *bench) addLoad(row, title string, together int, goals [3]string, stored, nothing []loaded) {
	what := "callbacks"
	if together > 1 {
		what = "events"
	}
	usage := Line{Row: row, Each: true, CPU: median(figures(stored, loaded.cpu)) / float64(together), Written: median(figures(stored, loaded.written)) / float64(together), Peak: highest(stored)}
	for i, figure := range []struct {
		what, unit string
		of         func(loaded) float64
	}{
		{what + " stored", "/s", func(l loaded) float64 { return l.PerSecond() * float64(together) }},
		{"CPU of each", "µs", func(l loaded) float64 { return l.cpu() / float64(together) * 1e6 }},
		{"p99", "ms", func(l loaded) float64 { return l.P99.Seconds() * 1e3 }},
	} {
		line := Line{Row: row}
		if i == 0 {
			line = usage
		}
		line.What, line.Unit, line.Goal = title+": "+figure.what, figure.unit, goals[i]
		b.report.add(line.against("storing nothing", figures(stored, figure.of), figures(nothing, figure.of)))
	}
}

func figures(list []loaded, figure func(loaded) float64) (all []float64) {
	for _, l := range list {
		all = append(all, figure(l))
	}
	return all
}

func highest(list []loaded) (peak int64) {
	for _, l := range list {
		peak = max(peak, l.used.Peak)
	}
	return peak
}

// median is the middle of figures, at least one.
func median[T cmp.Ordered](list []T) T {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// underLoad starts a daemon of a kind over a new store, loads it and stops it. discard is a
// stage: the daemon that stores nothing, which has text keys in any case.
func (b *bench) underLoad(ctx context.Context, kind string, l load) (did loaded, err error) {
	key, args := l.key, []string{"serve"}
	if kind != "serve" {
		key, args = "text", []string{"bench", "stage", kind}
	}
	s, err := b.newSite(siteOptions{key: key, every: "1h"})
	if err != nil {
		return did, err
	}
	if kind == "serve" {
		args = append(args, "-c")
	}
	d, err := b.startDaemon(ctx, append(args, s.config())...)
	if err != nil {
		return did, err
	}
	did, err = b.loadDaemon(ctx, d, l)
	return did, errors.Join(err, d.Stop(), s.remove())
}

// loadDaemon warms a daemon up, in which contacts that are known call back first, and loads
// it.
func (b *bench) loadDaemon(ctx context.Context, d *Daemon, l load) (did loaded, err error) {
	body := l.body()
	warm := max(b.Lasting/4, time.Duration(l.known)*50*time.Microsecond)
	if _, err := LoadFor(ctx, d.Callbacks, l.connections, warm, body); err != nil {
		return did, err
	}
	before, err := d.Usage()
	if err == nil {
		err = procusage.ResetPeak(d.PID())
	}
	if err != nil {
		return did, err
	}
	body = l.body()
	if did.Answered, err = LoadFor(ctx, d.Callbacks, l.connections, b.Lasting, body); err != nil {
		return did, err
	}
	after, err := d.Usage()
	did.used = after.Since(before)
	return did, err
}
