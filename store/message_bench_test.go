package store_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

var benchMessages = flag.Int("messages", 50_000, "registrations, and events, of the benchmark of the send log")

// BenchmarkTheSendLogOfTwoSources registers messages of two sources that give out the same
// ids, and appends an event of each, in disorder: half of the events come before their
// registration. Events of acme are deliveries and those of globex are bounces, so that a
// contact of acme that bounced has an event of globex. The metrics are the share of events
// that found their contact, which must be 100, the events that reached a contact of the
// other source, which must be 0, the bytes written and the peak memory.
func BenchmarkTheSendLogOfTwoSources(b *testing.B) {
	n := *benchMessages / 2 * 2
	w := storetest.CountWriting(b)
	for b.Loop() {
		w.Stop()
		s := storetest.Open(b)
		p := storetest.Policy(b, s)
		w.Start()
		appendShuffled(b, s, n, 0, n/2)
		storetest.Sweep(b, s, p, 0)
		registerShuffled(b, s, n)
		appendShuffled(b, s, n, n/2, n)
		storetest.Sweep(b, s, p, 0)
		w.Stop()
		matched, crossed := countMatched(b, s)
		b.ReportMetric(float64(2*n)/b.Elapsed().Seconds(), "events+messages/s")
		b.ReportMetric(100*float64(matched)/float64(n), "%-matched")
		b.ReportMetric(float64(crossed), "crossed")
		if matched != n || crossed != 0 {
			b.Errorf("%d of %d events were matched, %d reached a contact of the other source", matched, n, crossed)
		}
		w.Start()
	}
}

// shuffled is a number below n, another one for each i, in an order without order.
func shuffled(i, n, step int) int { return int(uint64(i) * uint64(step) % uint64(n)) }

// messageOfBench is the source and id of the message of that number: two sources have
// each id.
func messageOfBench(k int) (source, id string) {
	return []string{"acme", "globex"}[k%2], fmt.Sprint("sms-", uint64(k/2)*0x9e3779b97f4a7c15>>24)
}

// appendShuffled appends the events from one to another, in disorder.
func appendShuffled(b *testing.B, s *store.Store, n, from, to int) {
	var events []hygiene.Event
	for i := from; i < to; i++ {
		k := shuffled(i, n, 15_485_863) // a prime that divides no n of interest
		source, id := messageOfBench(k)
		e := storetest.Event(storetest.Start+hygiene.Instant(i), "", id, []hygiene.Outcome{hygiene.Delivered, hygiene.HardBounce}[k%2])
		e.Source = source
		if events = append(events, e); len(events) == 4096 {
			storetest.Append(b, s, events...)
			events = events[:0]
		}
	}
	storetest.Append(b, s, events...)
}

// registerShuffled registers all messages, in another disorder.
func registerShuffled(b *testing.B, s *store.Store, n int) {
	var list []store.Registration
	for i := range n {
		k := shuffled(i, n, 32_452_843)
		source, id := messageOfBench(k)
		contact := fmt.Sprintf("%s-%07d", source, uint64(k)*0x9e3779b97f4a7c15>>20%uint64(n/2))
		if list = append(list, store.Registration{Source: source, MessageID: id, Contact: contact}); len(list) == 200_000 {
			storetest.Register(b, s, list...)
			list = list[:0]
		}
	}
	storetest.Register(b, s, list...)
}

// countMatched counts the events in the histories of contacts, and those that are of the
// other source.
func countMatched(b *testing.B, s *store.Store) (matched, crossed int) {
	snapshot, err := s.Snapshot()
	if err != nil {
		b.Fatal(err)
	}
	defer snapshot.Close()
	err = snapshot.Contacts(b.Context(), true, func(c *hygiene.Contact) error {
		delivered, bounced := len(c.History.Outcome(hygiene.Delivered).Entries), len(c.History.Outcome(hygiene.HardBounce).Entries)
		matched += delivered + bounced
		if strings.HasPrefix(c.Key, "acme") {
			crossed += bounced
		} else {
			crossed += delivered
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return matched, crossed
}
