package store_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/storetest"
)

// spellings are keys that are their own loose form, that are it in capitals, and that are
// neither.
var spellings = []string{"crm-%08d", "CRM-%08d", "Crm-%08d"}

// BenchmarkSweepOfNewContacts sweeps events of which each makes a contact, in the order of
// no key. The figures are in proportion to the first.
func BenchmarkSweepOfNewContacts(b *testing.B) {
	each := map[string]time.Duration{}
	for _, spelling := range spellings {
		b.Run(spelling[:3], func(b *testing.B) {
			w := storetest.CountWriting(b)
			for b.Loop() {
				w.Stop()
				s := storetest.Open(b)
				p := storetest.Policy(b, s)
				events := storetest.LifelikeLog(*million, 100*(*million), storetest.Start, 7)
				for i := range events {
					events[i].Contact = strings.Replace(events[i].Contact, "crm", spelling[:3], 1)
				}
				storetest.AppendMany(b, s, events)
				start := time.Now()
				w.Start()
				storetest.Sweep(b, s, p, 0)
				each[spelling] = time.Since(start)
			}
			b.ReportMetric(float64(*million)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(each[spelling].Seconds()/each[spellings[0]].Seconds(), "of-loose")
		})
	}
}

// BenchmarkFindNearlyKnown looks up unknown keys: none of them nearly known, and all.
func BenchmarkFindNearlyKnown(b *testing.B) {
	for _, spelling := range spellings {
		s := storetest.Open(b)
		p := storetest.Policy(b, s)
		for from := 0; from < *million; from += 10_000 {
			must(b, s.SaveContacts(p, from, min(from+10_000, *million), func(i int, c *hygiene.Contact) { c.Key = fmt.Sprintf(spelling, i) }))
		}
		for name, unknown := range map[string]string{"none": "new-%08d", "all": "cRM-%08d"} {
			b.Run(spelling[:3]+"/"+name, func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 1))
				keys := make([]string, 4096)
				found := 0
				for b.Loop() {
					for i := range keys {
						keys[i] = fmt.Sprintf(unknown, r.IntN(*million))
					}
					if err := s.FindNearlyKnown(keys, contactkey.Format{}, func(int, []string) { found++ }); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(keys))*float64(b.N)/b.Elapsed().Seconds(), "keys/s")
				b.ReportMetric(float64(found)/float64(b.N)/float64(len(keys)), "found")
			})
		}
	}
}

// BenchmarkOpenAnEarlierStore looks through the keys of a store of an earlier version.
func BenchmarkOpenAnEarlierStore(b *testing.B) {
	for _, spelling := range spellings {
		b.Run(spelling[:3], func(b *testing.B) {
			s := storetest.Open(b)
			p := storetest.Policy(b, s)
			for from := 0; from < *million; from += 10_000 {
				must(b, s.SaveContacts(p, from, min(from+10_000, *million), func(i int, c *hygiene.Contact) { c.Key = fmt.Sprintf(spelling, i) }))
			}
			w := storetest.CountWriting(b)
			for b.Loop() {
				w.Stop()
				must(b, s.ForgetKeyIndex())
				w.Start()
				_, err := s.PrepareKeys(b.Context(), contactkey.Format{}, p, storetest.Start)
				must(b, err)
			}
			b.ReportMetric(float64(*million)*float64(b.N)/b.Elapsed().Seconds(), "contacts/s")
		})
	}
}

// BenchmarkFoldingBegins joins the contacts of a store whose keys are all in capitals:
// each gets another key.
func BenchmarkFoldingBegins(b *testing.B) {
	w := storetest.CountWriting(b)
	for b.Loop() {
		w.Stop()
		s := storetest.Open(b)
		p := storetest.Policy(b, s)
		for from := 0; from < *million; from += 10_000 {
			must(b, s.SaveContacts(p, from, min(from+10_000, *million), func(i int, c *hygiene.Contact) { c.Key = fmt.Sprintf("CRM-%08d", i) }))
		}
		must(b, s.ForgetKeyIndex())
		w.Start()
		_, err := s.PrepareKeys(b.Context(), contactkey.Format{Fold: true}, p, storetest.Start)
		must(b, err)
	}
	b.ReportMetric(float64(*million)*float64(b.N)/b.Elapsed().Seconds(), "contacts/s")
}
