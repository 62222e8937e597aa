package storetest

import "testing"

// Sequential is for a test in which one thing happens after the other, and which is dear.
// It skips the test among short ones, which is what the race detector runs: it could find
// nothing.
func Sequential(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("nothing in it is concurrent: the race detector, which runs short tests, would find nothing")
	}
}
