package command

import (
	"os"
	"runtime/debug"
)

// heapLimit is the heap size above which collections become more frequent. SQLite's
// page caches come on top of it: a process is to stay under 256 MiB.
const heapLimit = 112 << 20

// limitHeap sets the limit, unless GOMEMLIMIT is set.
func limitHeap() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heapLimit)
	}
}

// passHeapGrowth is how far the heap may grow between collections during a pass over
// all contacts: it keeps next to nothing, and a running collection slows decoding.
const passHeapGrowth = 1600 // percent

// collectRarely sets the growth, unless GOGC is set.
func collectRarely() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(passHeapGrowth)
	}
}
