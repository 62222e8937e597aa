package logscan_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/forecast"
	"winnow/internal/procusage"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/logscan"
	"winnow/store/storetest"
)

var (
	yearOf     = flag.Int("year-of", 2_000, "contacts of the made-up year of the benchmark of a backtest, each with 104 events")
	yearFolder = flag.String("year-folder", "", "where to keep the made-up year for the next time; empty keeps it nowhere")
)

// year makes a made-up year: every contact is texted once a week.
func year(b *testing.B, contacts int) *store.Store {
	path := filepath.Join(cmp.Or(*yearFolder, b.TempDir()), fmt.Sprint("year-", contacts, ".db"))
	_, missing := os.Stat(path)
	s, err := store.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	if missing == nil {
		return s
	}
	r := rand.New(rand.NewPCG(1, 2))
	var events []hygiene.Event
	put := func(e hygiene.Event) {
		if events = append(events, e); len(events) == 4096 {
			storetest.Append(b, s, events...)
			events = events[:0]
		}
	}
	for week := range 52 {
		at := storetest.Start.Add(time.Duration(week*7) * hygiene.Day)
		for n := range contacts {
			i := (n*7919 + week) % contacts // the log has another order than the contacts
			key := fmt.Sprintf("crm-%08d", i)
			message := fmt.Sprintf("sms-%d-%d-9c99bc26-373e-4847", week, i)
			at = at.Add(hygiene.Day / time.Duration(contacts))
			put(storetest.Event(at, key, message, hygiene.Sent))
			put(storetest.Event(at.Add(time.Minute), key, message, fate(r, i)))
		}
	}
	storetest.Append(b, s, events...)
	return s
}

// fate is what becomes of a message of the i-th contact: a few are always out
// of reach.
func fate(r *rand.Rand, i int) hygiene.Outcome {
	switch n := r.IntN(1000); {
	case n < 3:
		return hygiene.HardBounce
	case n < 40, i%50 == 0 && n < 800:
		return hygiene.SoftBounce
	case n < 45:
		return hygiene.Unsubscribed
	case n < 60:
		return hygiene.UnknownDelivery
	}
	return hygiene.Delivered
}

// BenchmarkBacktest replays a made-up year under two policies, and compares that
// with merely reading the log. Say -year-of 100000 -benchtime 1x for the whole.
func BenchmarkBacktest(b *testing.B) {
	s := year(b, *yearOf)
	until := storetest.Start.Add(365 * hygiene.Day)
	o := logscan.BacktestOptions{Since: until.Add(-90 * hygiene.Day), Until: until}
	log := enginetest.Open(b, s.Path())
	var reading, replaying time.Duration
	var did logscan.BacktestResult
	var used procusage.Usage
	for b.Loop() {
		began := time.Now()
		n := readAll(b, log)
		reading += time.Since(began)

		storetest.ResetPeak(b)
		before := storetest.Used(b)
		began = time.Now()
		var err error
		did, err = s.Backtest(context.Background(), o, forecast.NewBacktest(yearPolicy(4), o.Since, o.Until), forecast.NewBacktest(yearPolicy(3), o.Since, o.Until))
		replaying, used = replaying+time.Since(began), used.Add(storetest.Used(b).Since(before))
		if err != nil || did.Events+did.Earlier != n {
			b.Fatalf("of %d events replayed %+v, %v", n, did, err)
		}
	}
	events := float64(did.Events + did.Earlier)
	b.ReportMetric(events*float64(b.N)/replaying.Seconds(), "events/s")
	b.ReportMetric(replaying.Seconds()/reading.Seconds(), "of-reading-the-log")
	b.ReportMetric(float64(did.Bytes)/events, "bytes/event-in-the-file")
	b.ReportMetric(float64(used.Written)/float64(b.N), "B-written/backtest")
	b.ReportMetric(used.PeakMiB(), "MiB-peak")
}

// readAll reads the log as a sweep does, and gives how many events it has.
func readAll(b *testing.B, log engine.Engine) (n int64) {
	for seq := int64(0); ; {
		var events []hygiene.Event
		err := log.ReadLog(func(c engine.LogReader) (err error) {
			events, err = c.EventsAfter(seq, 100_000, 16<<20)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		if len(events) == 0 {
			return n
		}
		n, seq = n+int64(len(events)), events[len(events)-1].Seq
	}
}

// yearPolicy is the rules of the example, with so many soft bounces to rest.
func yearPolicy(rest int) *hygiene.Policy {
	when := func(n int, within time.Duration, since hygiene.Outcomes, o ...hygiene.Outcome) *hygiene.When {
		return &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(o...), Count: n, Within: within, Since: since}}
	}
	suppress := func(reason string, d time.Duration) hygiene.Action {
		return hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: reason, For: d}}
	}
	delivered := hygiene.OutcomesOf(hygiene.Delivered)
	return hygiene.NewPolicy([]hygiene.Rule{
		{Name: "hard", When: when(1, 0, 0, hygiene.HardBounce, hygiene.InvalidNumber), Then: suppress("hard_bounce", 0)},
		{Name: "retry", When: when(1, 0, 0, hygiene.SoftBounce), Then: hygiene.Action{Retry: &hygiene.RetryAction{After: []time.Duration{4 * time.Hour, hygiene.Day, 3 * hygiene.Day}, Lapse: hygiene.DefaultLapse}}},
		{Name: "rest", When: when(rest, 14*hygiene.Day, delivered, hygiene.SoftBounce), Then: suppress("soft_bounce", 30*hygiene.Day)},
		{Name: "give-up", When: when(7, 0, delivered, hygiene.SoftBounce), Then: suppress("soft_bounce", 180*hygiene.Day)},
		{Name: "opt-out", When: when(1, 0, 0, hygiene.Unsubscribed), Then: suppress("opted_out", 0)},
		{Name: "forgive", When: when(1, 0, 0, hygiene.Delivered), Then: hygiene.Action{Release: []string{"soft_bounce"}}},
		{Name: "opt-in", When: when(1, 0, 0, hygiene.Resubscribed), Then: hygiene.Action{Release: []string{"opted_out"}}},
		{Name: "watch", When: when(3, 7*hygiene.Day, 0, hygiene.CarrierViolation), Then: hygiene.Action{Tag: "content-review"}},
		{Name: "sunset", Where: hygiene.All{hygiene.OutcomeTest{Counting: when(5, 180*hygiene.Day, 0, hygiene.Sent).Counting},
			hygiene.Not{Of: hygiene.OutcomeTest{Counting: when(1, 180*hygiene.Day, 0, hygiene.Delivered).Counting}}}, Then: suppress("dormant", 0)},
	}, fmt.Sprint("year-", rest))
}
