package store_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/segments/destination/local"
	"winnow/store"
	"winnow/store/storetest"
)

var grow = flag.Int("grow", 0, "events to which the log grows in the benchmark of that; 0 leaves it out")

// BenchmarkGrowth appends and sweeps events about -contacts contacts, and prints at some sizes of
// the log how fast that was since the size before, how long a nightly run of ten segments
// takes, and how large the database is.
func BenchmarkGrowth(b *testing.B) {
	if *grow == 0 {
		b.Skip("say -grow 10000000 -contacts 1000000")
	}
	s := storetest.Open(b)
	p := storetest.Policy(b, s)
	full(b, s, p, *contacts, 0)
	at := storetest.Start.Add(400 * hygiene.Day)
	events := 0
	storetest.CountWriting(b)
	for b.Loop() {
		for _, size := range []int{100_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000} {
			if size > *grow {
				break
			}
			before, appending, sweeping := events, time.Duration(0), time.Duration(0)
			for events < size {
				list := storetest.LifelikeLog(min(250_000, size-events), *contacts, at, uint64(events+1))
				at = at.Add(hygiene.Day / 24)
				began := time.Now()
				storetest.AppendMany(b, s, list)
				appended := time.Now()
				if _, err := s.Sweep(context.Background(), options(p, at)); err != nil {
					b.Fatal(err)
				}
				appending, sweeping, events = appending+appended.Sub(began), sweeping+time.Since(appended), events+len(list)
			}
			rate := func(took time.Duration) float64 { return float64(events-before) / took.Seconds() }
			run := runTakes(b, s, p, at)
			b.Logf("%9d events: appended at %6.0f a second, swept at %6.0f, a run of %d contacts takes %.1f s, the database has %d MB",
				events, rate(appending), rate(sweeping), *contacts, run.Seconds(), databaseBytes(b, s)/1e6)
		}
	}
	b.ReportMetric(0, "ns/op")
}

// runTakes is how long a run takes.
func runTakes(b *testing.B, s *store.Store, p *hygiene.Policy, at hygiene.Instant) time.Duration {
	b.Helper()
	plan := tenSegments(b, at, p.Hash)
	plan.Store, plan.Run.Name = s, segments.RunName(at)
	began := time.Now()
	snapshot, err := s.Snapshot()
	if err != nil {
		b.Fatal(err)
	}
	defer snapshot.Close()
	if _, err := segments.Execute(context.Background(), plan, snapshot, []segments.Publisher{local.Folder(b.TempDir())}, nil); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// databaseBytes is the size of the database.
func databaseBytes(b *testing.B, s *store.Store) (bytes int64) {
	b.Helper()
	server, err := s.Server()
	if err != nil {
		b.Fatal(err)
	}
	if server != nil {
		return server.Bytes
	}
	for _, path := range s.Files() {
		if info, err := os.Stat(filepath.Clean(path)); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}
