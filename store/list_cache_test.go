package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/storetest"
)

// marks makes contacts 0 to n of which every third is on a list and every fifth
// is pinned, some of them in many segments.
func marks(tb testing.TB, s *store.Store, n int) (keys []string) {
	tb.Helper()
	var listed []string
	var pins []segments.Pin
	for i := range n {
		key := fmt.Sprintf("c%07d", i)
		keys = append(keys, key)
		if i%3 == 0 {
			listed = append(listed, key)
		}
		for j := range []int{5: 1, 50: 9}[min(i%51, 50)] {
			pins = append(pins, segments.Pin{Segment: fmt.Sprint("s", j), Contact: key, Out: i%2 == 0, At: storetest.Start, By: "ann"})
		}
	}
	if _, err := s.AddToList("third", listed); err != nil {
		tb.Fatal(err)
	}
	if _, err := s.Pin(pins...); err != nil {
		tb.Fatal(err)
	}
	return keys
}

func TestListsAndPinsAreFoundInAnyOrder(t *testing.T) {
	s := storetest.Open(t)
	keys := marks(t, s, 5*store.PageMarks)
	if _, err := s.AddToList("short", keys[:3]); err != nil {
		t.Fatal(err)
	}
	shuffled := slices.Clone(keys)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(keys), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	backward := slices.Clone(keys)
	slices.Reverse(backward)
	for name, order := range map[string][]string{"forward": keys, "backward": backward, "shuffled": shuffled[:3000], "again": {keys[7], keys[7], keys[50], keys[50]}} {
		snapshot, err := s.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range order {
			var i int
			fmt.Sscanf(key, "c%d", &i)
			on, err := snapshot.InList("third", key)
			pins, failed := snapshot.PinsOf(key)
			lists, lost := snapshot.ListsOf(key)
			want := []int{5: 1, 50: 9}[min(i%51, 50)]
			if err != nil || failed != nil || lost != nil || on != (i%3 == 0) || len(pins) != want || slices.Contains(lists, "short") != (i < 3) {
				t.Fatalf("%s, %s: on the list %t, lists %q, pins %v, not %d; %v %v %v", name, key, on, lists, pins, want, err, failed, lost)
			}
			if want > 0 && (pins[want-1] != segments.Pin{Segment: fmt.Sprint("s", want-1), Contact: key, Out: i%2 == 0, At: storetest.Start, By: "ann"}) {
				t.Fatalf("%s: %+v", key, pins[want-1])
			}
		}
		for _, nobody := range []string{"", "a", "c0000003x", "zz"} {
			if on, _ := snapshot.InList("third", nobody); on {
				t.Errorf("%q is on the list", nobody)
			}
		}
		snapshot.Close()
	}
}

func TestAContactMayBePinnedInMoreSegmentsThanAPageHolds(t *testing.T) {
	s := storetest.Open(t)
	var pins []segments.Pin
	for i := range 3 * store.PageMarks {
		pins = append(pins, segments.Pin{Segment: fmt.Sprint("s", i), Contact: "ann"})
	}
	if _, err := s.Pin(append(pins, segments.Pin{Segment: "s", Contact: "bob"})...); err != nil {
		t.Fatal(err)
	}
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	for key, want := range map[string]int{"ann": len(pins), "bob": 1, "carl": 0} {
		if got, err := snapshot.PinsOf(key); err != nil || len(got) != want {
			t.Errorf("%s has %d pins, not %d: %v", key, len(got), want, err)
		}
	}
}

// TestPinsAreReadByThePageNotByTheContact counts what SQLite is asked while everyone
// is visited in order.
func TestPinsAreReadByThePageNotByTheContact(t *testing.T) {
	s := storetest.Open(t)
	keys := marks(t, s, 4*store.PageMarks)
	pages := 0
	err := s.Read(func(c engine.Reader) error {
		p := store.NewKeyPager(func(from string, most int) ([]string, []segments.Pin, error) {
			pages++
			return store.PinsFrom(c, from, most)
		})
		for _, key := range keys {
			if _, _, err := p.Find(key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || pages > 8 {
		t.Errorf("asked %d times for the pins of %d contacts: %v", pages, len(keys), err)
	}
	asked := 0
	none := store.NewKeyPager(func(string, int) ([]string, []segments.Pin, error) { asked++; return nil, nil, nil })
	for _, key := range keys {
		none.Find(key)
	}
	if asked != 1 {
		t.Errorf("asked %d times though nobody is pinned", asked)
	}
}

// BenchmarkNightlyRunWithPins makes runs of five segments, one of them a list,
// before and after a tenth of the contacts were listed and pinned.
func BenchmarkNightlyRunWithPins(b *testing.B) {
	s := storetest.Open(b)
	p := storetest.Policy(b, s)
	full(b, s, p, *contacts, 32)
	asOf := storetest.Start.Add(400 * hygiene.Day)
	var all []segments.Segment
	for i := range 4 {
		all = append(all, segments.Segment{Name: fmt.Sprint("s", i), Where: hygiene.AttributeTest{Name: "bucket",
			Comparison: hygiene.Comparison{Op: hygiene.Is, Values: []hygiene.Value{hygiene.ParseValue(fmt.Sprint(i))}}}})
	}
	all = append(all, segments.Segment{Name: "listed", List: "listed"})
	ask := func() {
		snapshot, err := s.Snapshot()
		if err != nil {
			b.Fatal(err)
		}
		defer snapshot.Close()
		m := segments.NewMembership(all, snapshot, asOf)
		err = snapshot.Contacts(context.Background(), false, func(c *hygiene.Contact) error {
			m.Reset(c)
			for i := range all {
				if _, err := m.In(all[i].Name); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	ask() // so that both read from memory
	began := time.Now()
	for range 3 {
		ask()
	}
	without := time.Since(began).Seconds() / 3
	tenth(b, s, *contacts)
	storetest.CountWriting(b)
	for b.Loop() {
		ask()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/without, "of-a-run-without")
}

// tenth lists and pins every tenth contact.
func tenth(b *testing.B, s *store.Store, n int) {
	b.Helper()
	var keys []string
	err := s.Read(func(c engine.Reader) error {
		r := c.Query("SELECT key FROM contacts WHERE id % 10 = 0")
		for r.Next() {
			keys = append(keys, r.Text(0))
		}
		return r.Close()
	})
	if err != nil || len(keys) != n/10 {
		b.Fatal(len(keys), err)
	}
	for chunk := range slices.Chunk(keys, 4096) {
		var pins []segments.Pin
		for _, key := range chunk {
			pins = append(pins, segments.Pin{Segment: "s1", Contact: key, At: storetest.Start, By: "ann"})
		}
		if _, err := s.Pin(pins...); err != nil {
			b.Fatal(err)
		}
		if _, err := s.AddToList("listed", chunk); err != nil {
			b.Fatal(err)
		}
	}
}
