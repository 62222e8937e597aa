package hygiene

import (
	"math/rand/v2"
	"testing"
)

// benchEvents is the history of one contact that the benchmarks use.
func benchEvents() []Event {
	events := randomEvents(rand.New(rand.NewPCG(1, 1)), 44, true)
	for i := range events {
		events[i].Seq = int64(i + 1)
	}
	return events
}

// BenchmarkApply applies 44 events in order.
func BenchmarkApply(b *testing.B) {
	p, c, events := examplePolicy(), &Contact{}, benchEvents()
	b.ReportAllocs()
	for b.Loop() {
		c.Reset("k")
		for i := range events {
			p.Apply(c, &events[i])
		}
	}
}

// BenchmarkRejudge replays a contact of 32 kept entries.
func BenchmarkRejudge(b *testing.B) {
	p, c, events := examplePolicy(), &Contact{}, benchEvents()
	for i := range events {
		p.Apply(c, &events[i])
	}
	b.ReportMetric(float64(len(c.History.Seqs())), "entries")
	b.ReportAllocs()
	for b.Loop() {
		p.Rejudge(c, EndOf(events[len(events)-1].At), "")
	}
}

// BenchmarkHolds evaluates a condition as segments do.
func BenchmarkHolds(b *testing.B) {
	p, c, events := examplePolicy(), &Contact{Key: "k", Attributes: Attributes{{Name: "country", Value: ParseValue("TR")}}}, benchEvents()
	for i := range events {
		p.Apply(c, &events[i])
	}
	reachable := All{
		Any{StatusTest{Active}, Not{ReasonTest{"dormant"}}},
		OutcomeTest{Counting{Outcomes: OutcomesOf(Delivered), Count: 1, Within: 90 * Day}},
		AttributeTest{"country", Comparison{Op: In, Values: []Value{ParseValue("TR"), ParseValue("DE")}}},
		Not{TagTest("content-review")},
		SeenTest{Within: 30 * Day},
	}
	s := &Subject{Contact: c, At: EndOf(events[len(events)-1].At)}
	b.ReportAllocs()
	for b.Loop() {
		reachable.Holds(s)
	}
}
