package store_test

import (
	"context"
	"flag"
	"fmt"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

// The size of the sweep's benchmark; the roster has as many contacts.
var million = flag.Int("events", 200_000, "events, and contacts, of the benchmarks of a sweep")

func BenchmarkAppend(b *testing.B) {
	for _, commit := range []int{128, 4096} {
		b.Run(fmt.Sprint(commit, "-a-commit"), func(b *testing.B) {
			s := storetest.Open(b)
			events := storetest.LifelikeLog(commit, 1_000_000, storetest.Start, 1)
			b.ReportAllocs()
			n := 0
			storetest.CountWriting(b)
			for b.Loop() {
				storetest.Append(b, s, events...)
				n += commit
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func BenchmarkSweep(b *testing.B) {
	for _, entries := range []int{0, 32} {
		b.Run(fmt.Sprint(entries, "-entries"), func(b *testing.B) {
			s := storetest.Open(b)
			p := storetest.Policy(b, s)
			if entries > 0 {
				full(b, s, p, *million, entries)
			}
			at := storetest.Start.Add(400 * hygiene.Day)
			n := 0
			w := storetest.CountWriting(b)
			for b.Loop() {
				w.Stop()
				storetest.AppendMany(b, s, storetest.LifelikeLog(*million, *million, at, uint64(n+7)))
				at = at.Add(hygiene.Day)
				w.Start()
				did, err := s.Sweep(context.Background(), options(p, at))
				if err != nil {
					b.Fatal(err)
				}
				n += int(did.Events)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkSweepWithASendLog sweeps events whose bodies name their contacts, beside an
// empty send log, beside one of other messages, and beside one that has their messages.
func BenchmarkSweepWithASendLog(b *testing.B) {
	for _, kind := range []string{"empty", "others", "theirs"} {
		b.Run(kind, func(b *testing.B) {
			s := storetest.Open(b)
			p := storetest.Policy(b, s)
			at := storetest.Start.Add(400 * hygiene.Day)
			n := 0
			w := storetest.CountWriting(b)
			for b.Loop() {
				w.Stop()
				events := storetest.LifelikeLog(*million, *million, at, uint64(n+7))
				storetest.AppendMany(b, s, events)
				registerAll(b, s, events, kind)
				at = at.Add(hygiene.Day)
				w.Start()
				did, err := s.Sweep(context.Background(), options(p, at))
				if err != nil {
					b.Fatal(err)
				}
				n += int(did.Events)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// registerAll registers the messages of the events, or others, unless the kind is empty.
func registerAll(b *testing.B, s *store.Store, events []hygiene.Event, kind string) {
	if kind == "empty" {
		return
	}
	list := make([]store.Registration, len(events))
	for i := range events {
		list[i] = store.Registration{Source: events[i].Source, MessageID: events[i].MessageID, Contact: events[i].Contact}
		if kind == "others" {
			list[i].MessageID += "-other"
		}
	}
	storetest.Register(b, s, list...)
}

// full makes contacts with so many entries in each history.
func full(b *testing.B, s *store.Store, p *hygiene.Policy, contacts, entries int) {
	for from := 0; from < contacts; from += 10_000 {
		err := s.SaveContacts(p, from, min(from+10_000, contacts), func(i int, c *hygiene.Contact) {
			c.Key = fmt.Sprintf("crm-%08d", i)
			c.Phone = fmt.Sprintf("+9055%08d", i)
			c.Attributes = c.Attributes.With("bucket", hygiene.ParseValue(fmt.Sprint(i%10)))
			for n := range entries {
				o := []hygiene.Outcome{hygiene.Sent, hygiene.Delivered}[n%2]
				e := storetest.Event(storetest.Start.Add(time.Duration(n/2*10)*hygiene.Day+time.Duration(n)*time.Minute+time.Duration(i)*time.Millisecond), c.Key, fmt.Sprint("old-", i, "-", n/2), o)
				e.Seq = int64(n*contacts + i)
				p.Apply(c, &e)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
