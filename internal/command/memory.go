package command

import (
	"os"
	"runtime/debug"
)

// passGrowth is how far the heap may grow between collections: a pass keeps
// next to nothing, and a collection under way slows all that is unpacked.
const passGrowth = 1600 // percent

func collectRarely() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(passGrowth)
	}
}

// heapLimit is where collections begin to come more often: the page caches of
// SQLite are beside the heap, and both together are promised to be small.
const heapLimit = 112 << 20

func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heapLimit)
	}
}
