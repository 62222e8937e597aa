package store

import (
	"context"
	"testing"

	"winnow/hygiene"
)

// What a breaker costs is the ratio of the two.
func BenchmarkSweepWithABreaker(b *testing.B) {
	for name, breakers := range map[string][]hygiene.Breaker{"without": nil, "with": {{Outcome: hygiene.HardBounce, Share: 0.2, Window: bounces.Window, Min: 500}}} {
		b.Run(name, func(b *testing.B) {
			s := openStore(b)
			p := testPolicy(b, s)
			at := start.Add(400 * hygiene.Day)
			n := 0
			for b.Loop() {
				b.StopTimer()
				fill(b, s, lifelike(*million, *million, at, uint64(n+7)))
				at = at.Add(hygiene.Day)
				b.StartTimer()
				did, err := s.Sweep(context.Background(), SweepOptions{Policy: p, Now: at, Breakers: breakers})
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
	events := lifelike(100_000, 100_000, start, 3)
	b.ReportAllocs()
	for b.Loop() {
		w := newBreakerWindows([]hygiene.Breaker{bounces})
		w.count(events, func(*hygiene.Event, *hygiene.Breaker, float64) error { return nil })
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(events)), "ns/event")
}
