package command

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// callbackPace is how many callbacks a second come at a steady rate: what a company that
// texts a million people within ten minutes gets.
const callbackPace = 3000

// lookers are people who look at the console.
type lookers struct {
	people int
	pause  time.Duration // between the pages of one of them
}

func (l lookers) String() string {
	if l.pause == 0 {
		return fmt.Sprintf("%d people without pause", l.people)
	}
	return fmt.Sprintf("%d people, a page each %s", l.people, l.pause)
}

// BenchmarkCallbacksBesidePages compares the callbacks of a daemon whose console nobody
// looks at with those while people click through all its pages: callbacks at a steady rate,
// of which the time to the answer shows if they notice, and callbacks that come as
// fast as they are answered, of which their number does. Load, daemon and people share the
// processors. -pages-contacts and -pages-store are those of [BenchmarkPages], and -lasting
// is how long each load lasts.
func BenchmarkCallbacksBesidePages(b *testing.B) {
	config := pagesConfig(b)
	for b.Loop() {
		d := startDaemon(b, "serve", config)
		for _, load := range []struct {
			name string
			pace int
		}{{"steady", callbackPace}, {"as-fast", 0}} {
			loadBesidePages(b, d, load.pace, lookers{}, time.Second) // warm
			quiet, _ := loadBesidePages(b, d, load.pace, lookers{}, *runLasting)
			b.Logf("%s, nobody looks: %s", load.name, quiet)
			for _, who := range []lookers{{4, 0}, {20, time.Second}} {
				beside, took := loadBesidePages(b, d, load.pace, who, *runLasting)
				b.Logf("%s, %s: %s; %d pages, first byte p50 %v, p99 %v", load.name, who, beside, len(took), took[len(took)/2], took[len(took)*99/100])
				unit := fmt.Sprintf("%s-%d", load.name, who.people)
				b.ReportMetric(beside.PerSecond()/quiet.PerSecond(), unit+"-of-quiet")
				b.ReportMetric(float64(beside.P99)/float64(quiet.P99), unit+"-p99/quiet")
				b.ReportMetric(float64(beside.used.Written)/float64(beside.Count), unit+"-B-written/callback")
				b.ReportMetric(beside.used.PeakMiB(), unit+"-MiB-peak")
			}
		}
		d.terminate(b)
	}
}

// loadBesidePages posts callbacks of contacts in the store while people look, and returns
// also how long the pages took, in order. With a pace callbacks come so many a second.
func loadBesidePages(b *testing.B, d *daemonProcess, pace int, who lookers, lasting time.Duration) (m loaded, took []time.Duration) {
	b.Helper()
	var people []*visitor
	for range who.people {
		people = append(people, logInto(b, d))
	}
	ctx, stop := context.WithTimeout(context.Background(), lasting)
	defer stop()
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, v := range people {
		all.Go(func() {
			pages := v.pages()
			for n := i * 3; ctx.Err() == nil; n++ {
				made := v.visit(b, pages[n%len(pages)])
				mu.Lock()
				took = append(took, made.took)
				mu.Unlock()
				time.Sleep(who.pause)
			}
		})
	}
	began := time.Now()
	m = loadUntil(ctx, b, d, func(id string, n int64) []byte {
		if pace > 0 {
			time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / time.Duration(pace))))
		}
		return fmt.Appendf(nil, `{"id":"%s-%d","uniqueArgs":{"contact_id":"crm-%08d","campaign":"now"},"event":"undelivered","reason":{"message":"Soft Bounce","code":1404}}`,
			id, began.UnixMicro(), n*7919%int64(*pagesContacts))
	})
	all.Wait()
	slices.Sort(took)
	return m, took
}
