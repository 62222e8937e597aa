package store_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

var forgetEvents = flag.Int("forget-events", 20_000, "how many events the log has of which BenchmarkForget forgets a person")

// BenchmarkForget forgets one person in a log of other events, and prints what it wrote and
// the CPU that it took.
func BenchmarkForget(b *testing.B) {
	w := storetest.CountWriting(b)
	for b.Loop() {
		w.Stop()
		s := storetest.Open(b)
		p := storetest.Policy(b, s)
		storetest.AppendMany(b, s, storetest.LifelikeLog(*forgetEvents, *forgetEvents, storetest.Start, 1))
		storetest.Sweep(b, s, p, 0)
		key := ""
		if e, ok, err := s.Event(int64(*forgetEvents / 2)); err != nil || !ok {
			b.Fatal(ok, err)
		} else {
			key = e.Contact
		}
		if err := s.AskToForget(store.Subjects{Keys: []string{key}}, false, storetest.Start); err != nil {
			b.Fatal(err)
		}
		before := storetest.Used(b).CPU
		w.Start()
		if _, err := s.Forget(b.Context(), store.ForgetOptions{Policy: p, Now: storetest.Start, Wait: 30 * time.Second}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric((storetest.Used(b).CPU - before).Seconds(), "CPU-s")
		size := int64(0)
		for _, path := range s.Files() {
			if info, err := os.Stat(filepath.Clean(path)); err == nil {
				size += info.Size()
			}
		}
		b.ReportMetric(float64(size)/(1<<20), "MiB-store")
	}
}

// BenchmarkSweepAfterForgetting sweeps the same events in a store that forgot nobody and in
// one that forgot a person with a hundred messages, and prints how much more CPU that takes.
func BenchmarkSweepAfterForgetting(b *testing.B) {
	var spent [2]time.Duration
	storetest.CountWriting(b)
	for b.Loop() {
		for i := range spent {
			s := storetest.Open(b)
			p := storetest.Policy(b, s)
			for m := range 100 {
				storetest.Append(b, s, storetest.Event(storetest.Start, "ann-1042", fmt.Sprint("message-of-ann-", m), hygiene.Delivered))
			}
			storetest.Sweep(b, s, p, 0)
			if i == 1 {
				if err := s.AskToForget(store.Subjects{Keys: []string{"ann-1042"}}, false, storetest.Start); err != nil {
					b.Fatal(err)
				}
				if _, err := s.Forget(b.Context(), store.ForgetOptions{Policy: p, Now: storetest.Start, Wait: 30 * time.Second}); err != nil {
					b.Fatal(err)
				}
			}
			storetest.AppendMany(b, s, storetest.LifelikeLog(*forgetEvents*5, *forgetEvents, storetest.Start, 1))
			before := storetest.Used(b).CPU
			storetest.Sweep(b, s, p, 0)
			spent[i] += storetest.Used(b).CPU - before
		}
	}
	b.ReportMetric(float64(spent[1])/float64(spent[0]), "ratio")
	b.ReportMetric(spent[0].Seconds()*1e6/float64(b.N**forgetEvents*5), "µs/event")
}
