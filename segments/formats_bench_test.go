package segments

import (
	"context"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"winnow/internal/procusage"
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
			if err := procusage.ResetPeak(os.Getpid()); err != nil {
				b.Log(err) // the peak is then that of all before
			}
			before := used(b).PeakMiB() // what is resident now
			for b.Loop() {
				began := used(b).CPU
				r, err := Execute(context.Background(), p, g, []Publisher{nowhere{}}, nil)
				if err != nil || r.Manifest.Files[0].Rows != rows {
					b.Fatal(err, r.Manifest.Files)
				}
				spent += used(b).CPU - began
				size = r.Manifest.Files[0].Bytes
			}
			if spent /= time.Duration(b.N); format == CSV {
				ofCSV = spent
			}
			b.ReportMetric(spent.Seconds()/ofCSV.Seconds(), "times-the-CPU-of-csv")
			b.ReportMetric(float64(size)/rows, "bytes/row")
			b.ReportMetric(used(b).PeakMiB()-before, "MiB-more")
			b.ReportMetric(float64(rows)/spent.Seconds(), "rows/CPU-s")
		})
	}
}

// used is what this process has used so far.
func used(b *testing.B) procusage.Usage {
	b.Helper()
	u, err := procusage.Self()
	if err != nil {
		b.Fatal(err)
	}
	return u
}
