package store

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"winnow/hygiene"
)

// The size of the sweep's benchmark; the roster has as many contacts.
var million = flag.Int("events", 200_000, "events, and contacts, of the benchmarks of a sweep")

// lifelike makes n events over as many contacts, most of them of sending.
func lifelike(n, contacts int, at hygiene.Instant, seed uint64) []hygiene.Event {
	r := rand.New(rand.NewPCG(seed, 1))
	outcomes := []hygiene.Outcome{hygiene.Sent, hygiene.Sent, hygiene.Sent, hygiene.Sent, hygiene.Delivered, hygiene.Delivered,
		hygiene.Delivered, hygiene.Delivered, hygiene.SoftBounce, hygiene.HardBounce}
	events := make([]hygiene.Event, n)
	for i := range events {
		events[i] = ev(at.Add(time.Duration(i)*time.Millisecond), fmt.Sprintf("crm-%08d", r.IntN(contacts)), fmt.Sprintf("sms-%d-%d", seed, i), outcomes[r.IntN(len(outcomes))])
	}
	return events
}

func fill(b *testing.B, s *Store, events []hygiene.Event) {
	for len(events) > 0 {
		n := min(4096, len(events))
		appendEvents(b, s, events[:n]...)
		events = events[n:]
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, commit := range []int{128, 4096} {
		b.Run(fmt.Sprint(commit, "-a-commit"), func(b *testing.B) {
			s := openStore(b)
			events := lifelike(commit, 1_000_000, start, 1)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				appendEvents(b, s, events...)
				n += commit
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func BenchmarkSweep(b *testing.B) {
	for _, entries := range []int{0, 32} {
		b.Run(fmt.Sprint(entries, "-entries"), func(b *testing.B) {
			s := openStore(b)
			p := testPolicy(b, s)
			if entries > 0 {
				full(b, s, p, *million, entries)
			}
			at := start.Add(400 * hygiene.Day)
			n := 0
			for b.Loop() {
				b.StopTimer()
				fill(b, s, lifelike(*million, *million, at, uint64(n+7)))
				at = at.Add(hygiene.Day)
				b.StartTimer()
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

// full makes contacts with so many entries in each history.
func full(b *testing.B, s *Store, p *hygiene.Policy, contacts, entries int) {
	for from := 0; from < contacts; from += 10_000 {
		err := s.writeAs(p, func(pen *txWriter) error {
			k := &contactRow{}
			for i := from; i < min(from+10_000, contacts); i++ {
				k.reset(fmt.Sprintf("crm-%08d", i))
				k.Phone = fmt.Sprintf("+9055%08d", i)
				k.Attributes = k.Attributes.With("bucket", hygiene.ParseValue(fmt.Sprint(i%10)))
				for n := range entries {
					o := []hygiene.Outcome{hygiene.Sent, hygiene.Delivered}[n%2]
					e := ev(start.Add(time.Duration(n/2*10)*hygiene.Day+time.Duration(n)*time.Minute+time.Duration(i)*time.Millisecond), k.Key, fmt.Sprint("old-", i, "-", n/2), o)
					e.Seq = int64(n*contacts + i)
					p.Apply(&k.Contact, &e)
				}
				if err := pen.save(k, nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
