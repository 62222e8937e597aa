package store_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"winnow/store"
	"winnow/store/storetest"
)

var forgetEvents = flag.Int("forget-events", 20_000, "how many events the log has of which BenchmarkForget forgets a person")

// BenchmarkForget forgets one person in a log of other events, and prints what it wrote and
// the CPU that it took.
func BenchmarkForget(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
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
		before, wrote := cpuSpent(b), procNumber(b, "io", "write_bytes:")
		b.StartTimer()
		if _, err := s.Forget(b.Context(), store.ForgetOptions{Policy: p, Now: storetest.Start, Wait: 30 * time.Second}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric((cpuSpent(b) - before).Seconds(), "CPU-s")
		b.ReportMetric(float64(procNumber(b, "io", "write_bytes:")-wrote)/(1<<20), "MiB-written")
		size := int64(0)
		for _, path := range s.Files() {
			if info, err := os.Stat(filepath.Clean(path)); err == nil {
				size += info.Size()
			}
		}
		b.ReportMetric(float64(size)/(1<<20), "MiB-store")
	}
}
