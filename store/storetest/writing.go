package storetest

import (
	"os"
	"runtime/debug"
	"testing"

	"winnow/internal/procusage"
)

// Used is what this process has used so far: CPU, bytes written to disk, and the peak of its
// memory since [ResetPeak].
func Used(b *testing.B) procusage.Usage {
	b.Helper()
	used, err := procusage.Self()
	if err != nil {
		b.Fatal(err)
	}
	return used
}

// ResetPeak returns memory that is not in use to the system, and begins to count the peak
// anew.
func ResetPeak(b *testing.B) {
	b.Helper()
	debug.FreeOSMemory()
	if err := procusage.ResetPeak(os.Getpid()); err != nil {
		b.Log(err) // the peak is then that of all before
	}
}

// Writing counts what a benchmark writes. Make one with [CountWriting].
type Writing struct {
	b       *testing.B
	written int64 // while it counted
	from    int64 // bytes written by the process when it began to count
	stopped bool
}

// CountWriting makes a benchmark report, at its end, how many bytes this process has written to
// disk from now on for each iteration, and its memory at its peak. The peak has in it what the
// benchmark itself keeps, such as events to append. A PostgreSQL server's part is not counted.
func CountWriting(b *testing.B) *Writing {
	b.Helper()
	ResetPeak(b)
	w := &Writing{b: b, from: Used(b).Written}
	b.Cleanup(func() {
		if b.Failed() || b.Skipped() {
			return
		}
		used := Used(b)
		if !w.stopped {
			w.written += used.Written - w.from
		}
		b.ReportMetric(float64(w.written)/float64(b.N), "B-written/op")
		b.ReportMetric(used.PeakMiB(), "MiB-peak")
	})
	return w
}

// Stop stops the benchmark's timer, and does not count what is written until [Writing.Start].
func (w *Writing) Stop() {
	w.b.StopTimer()
	w.written += Used(w.b).Written - w.from
	w.stopped = true
}

// Start starts both again.
func (w *Writing) Start() {
	w.from, w.stopped = Used(w.b).Written, false
	w.b.StartTimer()
}
