package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"winnow/hygiene"
	"winnow/store/storetest"
)

// BenchmarkFind looks up pages of a list, as scrub does, of which all, half or
// none of the keys are known.
func BenchmarkFind(b *testing.B) {
	s := storetest.Open(b)
	p := storetest.Policy(b, s)
	full(b, s, p, *million, 4)
	for _, known := range []int{100, 50, 0} {
		b.Run(fmt.Sprint(known, "%-known"), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			var keys []string
			for range 20_000 {
				key := fmt.Sprintf("crm-%08d", r.IntN(*million))
				if r.IntN(100) >= known {
					key += "x"
				}
				keys = append(keys, key)
			}
			slices.Sort(keys)
			n := 0
			for b.Loop() {
				if err := s.FindContacts(keys, func(int, *hygiene.Contact) { n++ }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(keys))*float64(b.N)/b.Elapsed().Seconds(), "keys/s")
		})
	}
}
