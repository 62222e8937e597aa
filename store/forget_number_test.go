package store_test

import (
	"bytes"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

const number1 = "+905550000001"

// sharing is a store in which ann and bob have one number, on which something of ann's
// lies.
func sharing(t *testing.T, outcomes ...hygiene.Outcome) (*store.Store, *hygiene.Policy) {
	t.Helper()
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	give(t, s, "ann", number1, storetest.Start)
	give(t, s, "bob", number1, storetest.Start)
	for i, o := range outcomes {
		storetest.Append(t, s, storetest.Event(storetest.Start+hygiene.Instant(1+i), "ann", "m1", o))
	}
	storetest.Sweep(t, s, p, 0)
	return s, p
}

func TestAnUndoReachesWhatLiesOnANumberOfAForgottenContact(t *testing.T) {
	day := storetest.Start.Add(hygiene.Day)
	undo := func(t *testing.T, s *store.Store, p *hygiene.Policy) int64 {
		t.Helper()
		did, err := strikeAll(t, t.Context(), s, p, hygiene.Instruction{Reason: "hard_bounce", From: storetest.Start, To: day}, day, nil)
		if err != nil {
			t.Fatal(err)
		}
		return did.Batch
	}
	t.Run("before she is forgotten", func(t *testing.T) {
		s, p := sharing(t, hygiene.HardBounce)
		batch := undo(t, s, p)
		forget(t, s, p, store.Subjects{Keys: []string{"ann"}})
		if got := reasonsOf(t, s, "bob"); got != "" {
			t.Errorf("bob is suppressed for %q after the undo", got)
		}
		takeBack(t, s, p, batch, day+1)
		if got := reasonsOf(t, s, "bob"); got != "hard_bounce" {
			t.Errorf("bob is suppressed for %q once the undo is undone, want hard_bounce", got)
		}
	})
	t.Run("afterwards", func(t *testing.T) {
		s, p := sharing(t, hygiene.HardBounce)
		forget(t, s, p, store.Subjects{Keys: []string{"ann"}})
		if got := reasonsOf(t, s, "bob"); got != "hard_bounce" {
			t.Errorf("bob is suppressed for %q, want hard_bounce of the forgotten contact", got)
		}
		batch := undo(t, s, p)
		if got := reasonsOf(t, s, "bob"); got != "" {
			t.Errorf("bob is suppressed for %q after the undo", got)
		}
		takeBack(t, s, p, batch, day+1)
		if got := reasonsOf(t, s, "bob"); got != "hard_bounce" {
			t.Errorf("bob is suppressed for %q once the undo is undone, want hard_bounce", got)
		}
	})
}

func TestWhoWasAllowedWithoutANumberDoesNotFreeTheNumberOfAForgottenPerson(t *testing.T) {
	s, p := storetest.Open(t), (*hygiene.Policy)(nil)
	p = numberPolicy(t, s)
	give(t, s, "ann", number1, storetest.Start)
	give(t, s, "bob", "", storetest.Start)
	storetest.Append(t, s, storetest.Event(storetest.Start+1, "ann", "m1", hygiene.HardBounce), storetest.Event(storetest.Start+1, "bob", "m2", hygiene.Blocked))
	storetest.Sweep(t, s, p, 0)
	forget(t, s, p, store.Subjects{Keys: []string{"ann"}})
	allow(t, s, p, store.Subjects{Keys: []string{"bob"}}, "", storetest.Start.Add(hygiene.Day))
	give(t, s, "bob", number1, storetest.Start.Add(2*hygiene.Day))
	storetest.Sweep(t, s, p, 0)
	if got := reasonsOf(t, s, "bob"); got != "hard_bounce" {
		t.Errorf("bob is suppressed for %q, want the hard_bounce that is remembered of his number", got)
	}
}

func TestWhatIsStoredIsKeptWhileAContactIsPackedAgain(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	stored, kept, err := s.PackAgain(p, "ann", func(c *hygiene.Contact) { c.Tags = []hygiene.Tag{{}} })
	if err != nil || !bytes.Equal(stored, kept) {
		t.Errorf("stored are %x, kept %x: %v", stored, kept, err)
	}
}
