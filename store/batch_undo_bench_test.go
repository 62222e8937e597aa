package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

// BenchmarkUndo strikes what suppressed a tenth of the contacts, each of 32
// entries, and takes it back, while callbacks are appended; and tells how long
// the slowest hundredth of these took against the same on a quiet store.
// -contacts 1000000 gives the size that is promised.
func BenchmarkUndo(b *testing.B) {
	s := storetest.Open(b)
	p := storetest.Policy(b, s)
	lived(b, s, p, *contacts)
	at := storetest.Start.Add(400 * hygiene.Day)
	var bounced []hygiene.Event
	for i := range *contacts / 10 {
		bounced = append(bounced, storetest.Event(at, fmt.Sprintf("crm-%08d", i*10), fmt.Sprint("bad-", i), hygiene.HardBounce))
	}
	storetest.AppendMany(b, s, bounced)
	if _, err := s.Sweep(context.Background(), options(p, at)); err != nil {
		b.Fatal(err)
	}
	quiet := slowest(b, s, func() { time.Sleep(2 * time.Second) })
	var undo, back, busy time.Duration
	storetest.CountWriting(b)
	for b.Loop() {
		at = at.Add(time.Hour)
		in := hygiene.Instruction{Kind: hygiene.Strike, Reason: "hard_bounce", From: storetest.Start, To: at}
		busy += slowest(b, s, func() {
			began := time.Now()
			did, err := s.InvalidateEvidence(context.Background(), p, in, store.Batch{Kind: store.UndoBatch}, at, nil)
			if err != nil || did.Contacts < int64(len(bounced)) {
				b.Fatalf("%+v, %v", did, err)
			}
			undo += time.Since(began)
			began = time.Now()
			t, err := s.PlanUndo(did.Batch)
			if err == nil {
				_, err = s.Undo(context.Background(), p, t, store.Batch{}, at, nil, nil)
			}
			if err != nil {
				b.Fatal(err)
			}
			back += time.Since(began)
		})
	}
	n := float64(b.N)
	b.ReportMetric(undo.Seconds()/n, "s/undo")
	b.ReportMetric(back.Seconds()/n, "s/taken-back")
	b.ReportMetric(float64(busy)/n/float64(quiet), "p99-beside/p99-quiet")
	b.ReportMetric(busy.Seconds()*1000/n, "ms-p99-beside")
}

// BenchmarkReclassify gives every second event of the log another outcome, while
// callbacks are appended. -events 1000000 gives the size that is promised.
func BenchmarkReclassify(b *testing.B) {
	w := storetest.CountWriting(b)
	for b.Loop() {
		w.Stop()
		s := storetest.Open(b)
		p := storetest.Policy(b, s)
		events := storetest.LifelikeLog(*million, *million, storetest.Start, 3)
		for i := range events {
			if i%2 == 0 {
				events[i].Outcome, events[i].Name = hygiene.Unrecognized, hygiene.Unrecognized.String()
			} else if events[i].Outcome == hygiene.HardBounce {
				events[i].Outcome, events[i].Name = hygiene.Sent, hygiene.Sent.String()
			}
		}
		storetest.AppendMany(b, s, events)
		if _, err := s.Sweep(context.Background(), options(p, storetest.Start)); err != nil {
			b.Fatal(err)
		}
		quiet := slowest(b, s, func() { time.Sleep(2 * time.Second) })
		if _, err := s.Sweep(context.Background(), options(p, storetest.Start)); err != nil {
			b.Fatal(err)
		}
		w.Start()
		var took time.Duration
		busy := slowest(b, s, func() {
			began := time.Now()
			did, err := s.Reclassify(context.Background(), p, newTable, "", store.Batch{}, storetest.Start.Add(hygiene.Day), nil)
			if err != nil || did.Events < int64(*million/2) {
				b.Fatalf("%+v, %v", did, err)
			}
			took = time.Since(began)
		})
		b.ReportMetric(float64(*million/2)/took.Seconds(), "events/s")
		b.ReportMetric(float64(busy)/float64(quiet), "p99-beside/p99-quiet")
		b.ReportMetric(busy.Seconds()*1000, "ms-p99-beside")
	}
}

// slowest appends a few events again and again while do runs, and gives how long
// the slowest hundredth of that takes.
func slowest(b *testing.B, s *store.Store, do func()) time.Duration {
	b.Helper()
	var over atomic.Bool
	done := make(chan []time.Duration)
	go func() {
		var took []time.Duration
		for i := 0; !over.Load(); i++ {
			began := time.Now()
			if err := s.Append(context.Background(), []hygiene.Event{storetest.Event(storetest.Start, "zoe", fmt.Sprint("z", i), hygiene.Sent)}, nil); err != nil {
				b.Error(err)
			}
			took = append(took, time.Since(began))
			time.Sleep(time.Millisecond)
		}
		done <- took
	}()
	do()
	over.Store(true)
	took := <-done
	slices.Sort(took)
	return took[len(took)*99/100]
}
