package command

import (
	"cmp"
	"os"
	"slices"
	"testing"
	"time"

	"winnow/internal/apptest"
	"winnow/store/postgres/pgtest"
)

// BenchmarkCallbacksOnPostgreSQL compares the daemon on a PostgreSQL server of this machine,
// which makes each commit durable, with itself storing nothing. The server's processor time
// is not in that of the daemon. Run it with -benchtime 1x.
func BenchmarkCallbacksOnPostgreSQL(b *testing.B) {
	server := pgtest.Server(b, "shared_buffers=256MB", "max_wal_size=4GB", "synchronous_commit=on")
	storing := []string{"serve", "-c"}
	forgetting := []string{"bench", "stage", "discard"}
	for b.Loop() {
		var stored, nothing []loaded
		for range 3 {
			nothing = append(nothing, measureOn(b, forgetting, server.URL()))
			stored = append(stored, measureOn(b, storing, server.URL()))
		}
		base, ours := medianLoad(nothing), medianLoad(stored)
		b.Logf("storing nothing: %s", base)
		b.Logf("on PostgreSQL:   %s", ours)
		b.ReportMetric(ours.PerSecond()/base.PerSecond(), "of-storing-nothing")
		b.ReportMetric(float64(ours.P99)/float64(base.P99), "p99-of-storing-nothing")
		b.ReportMetric(ours.used.PeakMiB(), "MiB-peak")
	}
}

func medianLoad(list []loaded) loaded {
	slices.SortFunc(list, func(a, b loaded) int { return cmp.Compare(a.PerSecond(), b.PerSecond()) })
	return list[len(list)/2]
}

// measureOn measures a daemon, started by a command that ends with its config, whose store is
// on the server.
func measureOn(b *testing.B, command []string, url string) loaded {
	config := apptest.Config(b, b.TempDir(), "1h")
	apptest.Edit(b, config, "\nsources:", "\nstore: "+url+"\nsources:")
	d := startDaemonBy(b, "serve", slices.Concat([]string{os.Args[0]}, command, []string{config})...)
	loadFor(b, d, time.Second) // warm
	l := loadFor(b, d, 4*time.Second)
	d.terminate(b)
	return l
}
