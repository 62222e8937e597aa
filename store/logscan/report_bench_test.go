package logscan_test

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/store/logscan"
	"winnow/store/storetest"
)

var reportEvents = flag.Int("events", 200_000, "events of the benchmark of a report")

// BenchmarkReport counts a log in which every hundredth event came twice.
func BenchmarkReport(b *testing.B) {
	s := storetest.Open(b)
	events := storetest.LifelikeLog(*reportEvents, *reportEvents, storetest.Start, 1)
	for i := range events {
		events[i].Body = fmt.Appendf(nil, `{"id":%q,"event":"delivered","uniqueArgs":{"contact_id":%q,"campaign":"autumn-%d"}}`, events[i].MessageID, events[i].Contact, i%40)
		if i%100 == 99 {
			events[i] = events[i-50]
		}
	}
	storetest.AppendMany(b, s, events)
	for _, o := range []logscan.ReportOptions{
		{By: []string{"day", "outcome"}}, {By: []string{"day", "outcome"}, Unique: true},
		{By: []string{"day", "unique_args.campaign"}}, {By: []string{"day", "unique_args.campaign"}, Unique: true},
		{By: []string{"day", "unique_args.utm.campaign"}},
	} {
		o.Until = storetest.Start.Add(1000 * hygiene.Day)
		b.Run(fmt.Sprintf("%s/unique=%t", strings.Join(o.By, ","), o.Unique), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := s.Report(context.Background(), o)
				if err != nil {
					b.Fatal(err)
				}
				if err := r.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(*reportEvents)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
