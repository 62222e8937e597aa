package segments

import (
	"context"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkFormats writes a million rows of eight columns in each format, one after
// the other, and prints for each its CPU time beside that of CSV, its size, and how
// much memory the process took beyond what the contacts take.
func BenchmarkFormats(b *testing.B) {
	const rows = 1_000_000
	g := generate(rows)
	columns := columnsOf(b, sixColumns+" first_seen tags")
	var ofCSV time.Duration
	for _, format := range []Format{CSV, CSVGzip, NDJSON, XLSX, Parquet} {
		b.Run(string(format), func(b *testing.B) {
			p := Plan{Export: Export{Name: "nightly", Formats: []Format{format}, Segments: []string{"all"}, Keep: 1}, Run: Run{AsOf: noon}, Segments: []Segment{{Name: "all", Columns: columns}}}
			var spent time.Duration
			var size int64
			debug.FreeOSMemory()
			os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak begins anew
			before := memory(b, "VmRSS:")
			for b.Loop() {
				began := cpuSpent(b)
				r, err := Execute(context.Background(), p, g, []Publisher{nowhere{}}, nil)
				if err != nil || r.Manifest.Files[0].Rows != rows {
					b.Fatal(err, r.Manifest.Files)
				}
				spent += cpuSpent(b) - began
				size = r.Manifest.Files[0].Bytes
			}
			if spent /= time.Duration(b.N); format == CSV {
				ofCSV = spent
			}
			b.ReportMetric(spent.Seconds()/ofCSV.Seconds(), "times-the-CPU-of-csv")
			b.ReportMetric(float64(size)/rows, "bytes/row")
			b.ReportMetric(memory(b, "VmHWM:")-before, "MiB-more")
			b.ReportMetric(float64(rows)/spent.Seconds(), "rows/CPU-s")
		})
	}
}

func cpuSpent(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// memory is a figure of the process, in MiB.
func memory(b *testing.B, name string) float64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), name)
	kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}
