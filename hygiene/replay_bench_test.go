package hygiene

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkRejudge judges a contact of 32 kept entries anew.
func BenchmarkRejudge(b *testing.B) {
	p, c := examplePolicy(), &Contact{}
	events := randomEvents(rand.New(rand.NewPCG(1, 1)), 44, true)
	for i := range events {
		events[i].Seq = int64(i + 1)
		p.Apply(c, &events[i])
	}
	b.ReportMetric(float64(len(c.History.Seqs())), "entries")
	for b.Loop() {
		p.Rejudge(c, EndOf(events[len(events)-1].At))
	}
}
