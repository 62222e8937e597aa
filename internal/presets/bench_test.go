package presets

import (
	"testing"

	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
)

// BenchmarkRead reads the first example of each preset, as it is received: what an event
// costs in each kind of format.
func BenchmarkRead(b *testing.B) {
	for _, name := range Names() {
		p := MustFind(name)
		x := p.Examples[0]
		r, err := provider.New(provider.Config{Source: name, Format: p.Format, Contact: x.Contact, Keys: contactkey.Format{Region: "TR"}})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			events := 0
			for b.Loop() {
				request := x.Request
				is, err := r.Read(&request)
				if err != nil {
					b.Fatal(err)
				}
				events += len(is.Events)
			}
			if events == 0 {
				b.Skip("the first example has no event")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
		})
	}
}
