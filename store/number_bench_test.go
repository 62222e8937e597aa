package store_test

import (
	"context"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/procusage"
	"winnow/segments"
	"winnow/segments/destination/local"
	"winnow/store"
	"winnow/store/storetest"
)

// withNumbers is a store of contacts with full histories, and its policy. In one of
// numbers a hard bounce lies on the number, in the other on the contact.
func withNumbers(b *testing.B, numbers bool) (*store.Store, *hygiene.Policy) {
	s := storetest.Open(b)
	p := storetest.Policy(b, s)
	if numbers {
		p.UseNumbers([]string{"hard_bounce"})
	}
	full(b, s, p, *contacts, 32)
	return s, p
}

// BenchmarkSweepWithNumbers sweeps the same log into two stores in turn: in one, each
// tenth event suppresses a phone number, in the other it suppresses the contact.
func BenchmarkSweepWithNumbers(b *testing.B) {
	var took [2]float64
	var used [2]procusage.Usage
	stores, policies := [2]*store.Store{}, [2]*hygiene.Policy{}
	for i := range stores {
		stores[i], policies[i] = withNumbers(b, i == 1)
	}
	at := storetest.Start.Add(400 * hygiene.Day)
	n := 0
	for b.Loop() {
		for i, s := range stores {
			storetest.AppendMany(b, s, storetest.LifelikeLog(*contacts, *contacts, at, uint64(n+7)))
			began, before := time.Now(), storetest.Used(b)
			if _, err := s.Sweep(context.Background(), options(policies[i], at)); err != nil {
				b.Fatal(err)
			}
			took[i] += time.Since(began).Seconds()
			used[i] = used[i].Add(storetest.Used(b).Since(before))
		}
		at = at.Add(hygiene.Day)
		n += *contacts
	}
	b.ReportMetric(float64(n)/took[1], "events/s")
	b.ReportMetric(took[1]/took[0], "of-the-time-without")
	b.ReportMetric(used[1].CPU.Seconds()/used[0].CPU.Seconds(), "of-the-CPU-without")
	b.ReportMetric(float64(used[1].Written)/float64(n), "B-written/event")
	b.ReportMetric(float64(used[1].Written)/float64(used[0].Written), "of-the-bytes-without")
	b.ReportMetric(used[1].PeakMiB(), "MiB-peak")
}

// BenchmarkNightlyRunWithNumbers makes a run of ten segments of two stores in turn: in
// one about a tenth of the contacts have a suppressed number, in the other these
// contacts are suppressed themselves.
func BenchmarkNightlyRunWithNumbers(b *testing.B) {
	var took [2]time.Duration
	var used [2]procusage.Usage
	stores, policies := [2]*store.Store{}, [2]*hygiene.Policy{}
	asOf := storetest.Start.Add(400 * hygiene.Day)
	for i := range stores {
		stores[i], policies[i] = withNumbers(b, i == 1)
		storetest.AppendMany(b, stores[i], storetest.LifelikeLog(*contacts, *contacts, asOf, 7))
		if _, err := stores[i].Sweep(context.Background(), options(policies[i], asOf)); err != nil {
			b.Fatal(err)
		}
	}
	asOf = asOf.Add(hygiene.Day)
	to := []segments.Publisher{local.Folder(b.TempDir())}
	for b.Loop() {
		for i, s := range stores {
			plan := tenSegments(b, asOf, policies[i].Hash)
			plan.Store, plan.Run.ScheduledAt, plan.Run.Name = s, asOf, segments.RunName(asOf)
			asOf = asOf.Add(time.Second)
			t, u := nightly(b, s, plan, to)
			took[i], used[i] = took[i]+t, used[i].Add(u)
		}
	}
	b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "of-the-time-without")
	b.ReportMetric(used[1].CPU.Seconds()/used[0].CPU.Seconds(), "of-the-CPU-without")
	b.ReportMetric(float64(used[1].Written)/float64(b.N), "B-written/run")
	b.ReportMetric(used[1].PeakMiB(), "MiB-peak")
	b.ReportMetric(used[0].PeakMiB(), "MiB-peak-without")
}
