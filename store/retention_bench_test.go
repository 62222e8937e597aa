package store_test

import (
	"context"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/retention"
	"winnow/store/storetest"
)

// BenchmarkRetain deletes all but a few of -events events, and prints how many a second,
// the processor and the bytes written that takes for each, the share of the log's file
// that the disk gets back, and how long an append beside it takes, compared with one alone.
func BenchmarkRetain(b *testing.B) {
	w := storetest.CountWriting(b)
	for b.Loop() {
		w.Stop()
		s := storetest.Open(b)
		p := storetest.Policy(b, s)
		storetest.AppendMany(b, s, storetest.LifelikeLog(*million, *million/10, storetest.Start, 3))
		storetest.Sweep(b, s, p, 0)
		alone := appendsUntil(b, s, func() { time.Sleep(2 * time.Second) })
		before, used := logBytes(b, s), storetest.Used(b)
		w.Start()
		began := time.Now()
		var did retention.Result
		beside := appendsUntil(b, s, func() {
			var err error
			did, err = s.Retain(context.Background(), retention.Options{Keep: retention.Keep{Events: hygiene.Day}, Now: far, Spared: far})
			if err != nil || !did.Done {
				b.Error(did, err)
			}
		})
		n := float64(did.Events)
		b.ReportMetric(n/time.Since(began).Seconds(), "events/s")
		used = storetest.Used(b).Since(used)
		b.ReportMetric(float64(used.CPU.Microseconds())/n, "µs-CPU/event")
		b.ReportMetric(float64(used.Written)/n, "B-written/event")
		b.ReportMetric(float64(did.Freed)/float64(before), "of-the-file-freed")
		b.ReportMetric(float64(p99(beside))/float64(p99(alone)), "p99-of-appends/alone")
		b.ReportMetric(float64(p99(beside).Microseconds())/1000, "ms-p99")
	}
}

// appendsUntil appends an event every few milliseconds until do ends, and returns how long each took.
func appendsUntil(b *testing.B, s *store.Store, do func()) (took []time.Duration) {
	var ended atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !ended.Load() {
			began := time.Now()
			if err := s.Append(context.Background(), []hygiene.Event{storetest.Event(far, "zoe", "z", hygiene.Sent)}, nil); err != nil {
				b.Error(err)
			}
			took = append(took, time.Since(began))
			time.Sleep(3 * time.Millisecond)
		}
	}()
	do()
	ended.Store(true)
	<-done
	return took
}

func p99(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)*99/100]
}

// logBytes is the size of the log's file.
func logBytes(b *testing.B, s *store.Store) int64 {
	info, err := os.Stat(s.Files()[2])
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}
