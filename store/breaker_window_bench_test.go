package store_test

import (
	"context"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

// What a breaker costs is the ratio of the two.
func BenchmarkSweepWithABreaker(b *testing.B) {
	for name, breakers := range map[string][]hygiene.Breaker{"without": nil, "with": {{Outcome: hygiene.HardBounce, Share: 0.2, Window: bounces.Window, Min: 500}}} {
		b.Run(name, func(b *testing.B) {
			s := storetest.Open(b)
			p := storetest.Policy(b, s)
			at := storetest.Start.Add(400 * hygiene.Day)
			n := 0
			w := storetest.CountWriting(b)
			for b.Loop() {
				w.Stop()
				storetest.AppendMany(b, s, storetest.LifelikeLog(*million, *million, at, uint64(n+7)))
				at = at.Add(hygiene.Day)
				w.Start()
				did, err := s.Sweep(context.Background(), store.SweepOptions{Policy: p, Now: at, Breakers: breakers})
				if err != nil {
					b.Fatal(err)
				}
				n += int(did.Events)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// Counting alone, without a store: what a hundred thousand events cost.
func BenchmarkCountingASurge(b *testing.B) {
	events := storetest.LifelikeLog(100_000, 100_000, storetest.Start, 3)
	b.ReportAllocs()
	for b.Loop() {
		w := store.NewBreakerWindows([]hygiene.Breaker{bounces})
		w.Count(events, func(*hygiene.Event, *hygiene.Breaker, float64) error { return nil })
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(events)), "ns/event")
}
