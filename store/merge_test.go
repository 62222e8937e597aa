package store_test

import (
	"slices"
	"testing"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store"
	"winnow/store/storetest"
)

// merge merges pairs of keys, each of which must be new.
func merge(t *testing.T, s *store.Store, p *hygiene.Policy, at hygiene.Instant, pairs ...string) store.BatchResult {
	t.Helper()
	var list []store.MergePair
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, store.MergePair{Old: pairs[i], New: pairs[i+1]})
	}
	did, err := s.Merge(t.Context(), p, list, store.Batch{By: "ann"}, at, func(m *store.Merge) {
		if !m.Done {
			t.Errorf("%s was not merged into %s: %v", m.Old, m.New, m.Refused)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return did
}

func contact(t *testing.T, s *store.Store, key string) *hygiene.Contact {
	t.Helper()
	c, ok, err := s.Contact(key)
	if err != nil || !ok {
		t.Fatalf("contact %s: %v, %v", key, ok, err)
	}
	return c
}

func suppress(t *testing.T, s *store.Store, p *hygiene.Policy, at hygiene.Instant, reason string, keys ...string) {
	t.Helper()
	in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: reason, By: "ann"}
	if _, err := s.Instruct(p, keys, in, store.Batch{Kind: store.SuppressBatch, By: "ann"}, at); err != nil {
		t.Fatal(err)
	}
}

func TestTheOldKeyOfAMergedContactIsANameOfTheNewOne(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	day := hygiene.Instant(hygiene.Day.Microseconds())
	at := storetest.Start
	storetest.Append(t, s, storetest.Event(at, "old", "m1", hygiene.HardBounce), storetest.Event(at+1, "new", "m2", hygiene.Sent))
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m3", Contact: "old", Phone: "+905551112233"})
	storetest.Sweep(t, s, p, 0)
	suppress(t, s, p, at+day, "opted_out", "old")
	if _, err := s.AddToList("staff", []string{"old"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pin(segments.Pin{Contact: "old", Segment: "reachable", Out: true, At: at, By: "ann"}, segments.Pin{Contact: "new", Segment: "reachable", At: at, By: "bob"}); err != nil {
		t.Fatal(err)
	}

	merge(t, s, p, at+2*day, "old", "new")
	for _, key := range []string{"old", "new"} {
		c := contact(t, s, key)
		if c.Key != "new" || c.Phone != "+905551112233" || c.Status(at+3*day) != hygiene.IsSuppressed {
			t.Errorf("%s is %s, %s, %s", key, c.Key, c.Phone, c.Status(at+3*day))
		}
		if got := c.Reasons(at + 3*day); !slices.Equal(got, []string{"hard_bounce", "opted_out"}) {
			t.Errorf("%s is suppressed for %v", key, got)
		}
	}
	if names, err := s.Names("old"); err != nil || !slices.Equal(names, []string{"new", "old"}) {
		t.Errorf("the names are %v, %v", names, err)
	}

	// What comes by the old key afterwards is the new contact's.
	storetest.Append(t, s, storetest.Event(at+4*day, "old", "m4", hygiene.Opened), storetest.Event(at+5*day, "", "m3", hygiene.Clicked))
	storetest.Sweep(t, s, p, 0)
	if c := contact(t, s, "new"); len(c.History.Outcome(hygiene.Opened).Entries) != 1 || len(c.History.Outcome(hygiene.Clicked).Entries) != 1 {
		t.Errorf("the history lacks what came by the old key: %+v", c.History)
	}
	listed := []string{}
	if err := s.OnList(t.Context(), "staff", func(key string) error { listed = append(listed, key); return nil }); err != nil || !slices.Equal(listed, []string{"new"}) {
		t.Errorf("on the list are %v, %v", listed, err)
	}
	pins := []segments.Pin{}
	if err := s.Pins(t.Context(), "", func(p segments.Pin) error { pins = append(pins, p); return nil }); err != nil || len(pins) != 1 || pins[0].Contact != "new" || !pins[0].Out {
		t.Errorf("the pins are %+v, %v", pins, err)
	}
	if totals, err := s.Totals(); err != nil || totals.Contacts != 1 || totals.Aliases != 1 {
		t.Errorf("%d contacts and %d aliases, %v", totals.Contacts, totals.Aliases, err)
	}
}

func TestMergesChainAndACircleIsRefused(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	at := storetest.Start
	storetest.Append(t, s, storetest.Event(at, "a", "m1", hygiene.HardBounce), storetest.Event(at, "b", "m2", hygiene.Sent), storetest.Event(at, "c", "m3", hygiene.Sent))
	storetest.Sweep(t, s, p, 0)
	merge(t, s, p, at+1, "a", "b")
	merge(t, s, p, at+2, "b", "c")
	if c := contact(t, s, "a"); c.Key != "c" || len(c.Parts) != 3 {
		t.Errorf("a is %s of %d parts", c.Key, len(c.Parts))
	}
	for _, pair := range []store.MergePair{{Old: "c", New: "a"}, {Old: "b", New: "a"}, {Old: "c", New: "b"}, {Old: "x", New: "x"}} {
		did, err := s.Merge(t.Context(), p, []store.MergePair{pair}, store.Batch{By: "ann"}, at+3, func(m *store.Merge) {
			if m.Refused == nil || m.Done {
				t.Errorf("%s into %s: %+v", pair.Old, pair.New, m)
			}
		})
		if err != nil || did.Batch != 0 {
			t.Errorf("%v: batch %d, %v", pair, did.Batch, err)
		}
	}
	for _, pair := range []store.MergePair{{Old: "a", New: "b"}, {Old: "a", New: "c"}} {
		_, err := s.Merge(t.Context(), p, []store.MergePair{pair}, store.Batch{By: "ann"}, at+3, func(m *store.Merge) {
			if m.Refused != nil || m.Done {
				t.Errorf("%s into %s again: %+v", pair.Old, pair.New, m)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
}
