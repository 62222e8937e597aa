package command

import (
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
	for b.Loop() {
		results := map[string][]measurement{}
		for range 3 {
			for _, mode := range []string{"nothing", "grouped"} {
				results[mode] = append(results[mode], measureOn(b, mode, server.URL()))
			}
		}
		base, stored := median(results["nothing"]), median(results["grouped"])
		for mode, m := range map[string]measurement{"nothing": base, "grouped": stored} {
			b.Logf("%-8s %8.0f requests/s, p50 %v, p99 %v, CPU of the daemon %v a request, peak %.0f MiB", mode, m.perSecond,
				m.p50.Round(10*time.Microsecond), m.p99.Round(10*time.Microsecond), m.cpu.Round(100*time.Nanosecond), m.peak)
		}
		b.ReportMetric(stored.perSecond/base.perSecond, "of-storing-nothing")
		b.ReportMetric(float64(stored.p99)/float64(base.p99), "p99-of-storing-nothing")
		b.ReportMetric(stored.peak, "MiB-peak")
	}
}

// measureOn measures a daemon of one mode whose store is on the server.
func measureOn(b *testing.B, mode, url string) measurement {
	config := apptest.Config(b, b.TempDir(), "1h")
	apptest.Edit(b, config, "\nsources:", "\nstore: "+url+"\nsources:")
	d := startDaemon(b, mode, config)
	loadFor(b, d.url, 256, time.Second) // warm
	cpu := cpuTime(b, d)
	resetPeakMemory(b, d)
	m, n := loadFor(b, d.url, 256, 4*time.Second)
	m.cpu = (cpuTime(b, d) - cpu) / time.Duration(n)
	m.peak = peakMemory(b, d)
	d.terminate(b)
	return m
}
