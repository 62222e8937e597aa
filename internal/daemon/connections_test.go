package daemon

import (
	"fmt"
	"testing"

	"winnow/segments"
	"winnow/segments/destination/local"
)

func TestConnectionsLeaveDescriptorsForTheStoreAndTheJobs(t *testing.T) {
	for _, c := range []struct{ descriptors, jobs, public, private int }{
		{64, 0, minConnections, 8},
		{256, 8, 128, 8},
		{1024, 8, 776, 32},
		{65536, 100, maxConnections, 256},
	} {
		public, private := connectionsFor(c.descriptors, c.jobs)
		if public != c.public || private != c.private {
			t.Errorf("%d descriptors, of which jobs need %d: %d public and %d private connections, want %d and %d",
				c.descriptors, c.jobs, public, private, c.public, c.private)
		}
	}
}

func TestJobsNeedTheFilesOfTheLargestRun(t *testing.T) {
	var to []segments.Destination
	for i := range 2 {
		to = append(to, local.Folder(fmt.Sprint(i)))
	}
	small := segments.Export{Segments: []string{"a"}, Formats: []segments.Format{"csv"}, To: to[:1]}
	large := segments.Export{Segments: []string{"a", "b"}, Delta: []string{"a"}, Formats: []segments.Format{"csv", "json"}, To: to}
	if n := jobDescriptors([]segments.Export{small, large}); n != 15 { // 2 full and 1 delta, in 2 formats in 2 folders, with a list of members each
		t.Errorf("%d", n)
	}
}
