package store_test

import (
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/forgotten"
	"winnow/store/storetest"
)

// kept is what is kept of a contact's key and of a phone number, as words.
func kept(t *testing.T, s *store.Store, key, phone string) (ofKey, ofNumber string) {
	t.Helper()
	k, n, err := s.Forgotten(key, phone)
	if err != nil {
		t.Fatal(err)
	}
	words := func(k *forgotten.Kept) string {
		if k == nil {
			return "unknown"
		}
		list := []string{}
		for _, r := range k.Reasons {
			list = append(list, r.Reason)
		}
		return strings.Join(list, " ")
	}
	return words(k), words(n)
}

func TestOfAForgottenPersonTheReasonsStayByKeyAndByNumber(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	give(t, s, "c1", "+905550000001", storetest.Start)
	storetest.Append(t, s, storetest.Event(storetest.Start+1, "c1", "m1", hygiene.HardBounce), storetest.Event(storetest.Start+2, "c1", "m2", hygiene.Unsubscribed))
	storetest.Sweep(t, s, p, 0)
	give(t, s, "c1", "+905550000002", storetest.Start+10)
	storetest.Sweep(t, s, p, 0)
	for range 2 { // it can be repeated
		if err := s.Remember(p, "c1", storetest.Start+20, engine.MessageKey{Source: "insider", ID: "m1"}); err != nil {
			t.Fatal(err)
		}
	}
	for phone, want := range map[string]string{"+905550000001": "hard_bounce opted_out", "+905550000002": "", "+905550000003": "unknown"} {
		if key, number := kept(t, s, "c1", phone); key != "opted_out" || number != want {
			t.Errorf("of c1 is kept %q, of %s %q; want opted_out and %q", key, phone, number, want)
		}
	}
	if key, _ := kept(t, s, "c2", ""); key != "unknown" {
		t.Errorf("of a contact that was not forgotten is kept %q", key)
	}
}

func TestAHoldIsFoundByEachNameOfItsContact(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	give(t, s, "old", "+905550000001", storetest.Start)
	give(t, s, "new", "+905550000002", storetest.Start)
	if known, err := s.Hold(store.Hold{Contact: "nobody"}); known || err != nil {
		t.Fatal(known, err)
	}
	if known, err := s.Hold(store.Hold{Contact: "old", By: "legal", Note: "claim 7"}); !known || err != nil {
		t.Fatal(known, err)
	}
	if _, held, err := s.Held("new"); held || err != nil {
		t.Fatal(held, err)
	}
	if _, err := s.Merge(t.Context(), p, []store.MergePair{{Old: "old", New: "new"}}, store.Batch{By: "ann"}, storetest.Start+3, nil); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"old", "new"} {
		if h, held, err := s.Held(key); !held || h.Note != "claim 7" || err != nil {
			t.Errorf("%s: %+v %v %v", key, h, held, err)
		}
	}
	if ended, err := s.EndHold("new"); len(ended) != 1 || err != nil {
		t.Fatal(ended, err)
	}
	if _, held, err := s.Held("old"); held || err != nil {
		t.Fatal(held, err)
	}
}

// reasonsOf are the reasons not to text a contact, and whether there is one.
func reasonsOf(t *testing.T, s *store.Store, key string) string {
	t.Helper()
	c, known, err := s.Contact(key)
	if err != nil {
		t.Fatal(err)
	}
	if !known {
		return "unknown"
	}
	return strings.Join(c.Reasons(storetest.Start.Add(60*hygiene.Day)), " ")
}

// forgotten1 is a store in which c1, who opted out and whose number bounced, was forgotten.
func forgotten1(t *testing.T) (*store.Store, *hygiene.Policy) {
	t.Helper()
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	give(t, s, "c1", "+905550000001", storetest.Start)
	storetest.Append(t, s, storetest.Event(storetest.Start+1, "c1", "m1", hygiene.HardBounce), storetest.Event(storetest.Start+2, "c1", "m2", hygiene.Unsubscribed))
	storetest.Sweep(t, s, p, 0)
	forget(t, s, p, store.Subjects{Keys: []string{"c1"}})
	return s, p
}

func TestAForgottenContactThatIsImportedAgainIsSuppressed(t *testing.T) {
	later := storetest.Start.Add(40 * hygiene.Day)
	for name, c := range map[string]struct {
		come func(t *testing.T, s *store.Store, p *hygiene.Policy)
		key  string
		want string
	}{
		"with its number": {func(t *testing.T, s *store.Store, _ *hygiene.Policy) { give(t, s, "c1", "+905550000001", later) }, "c1", "hard_bounce opted_out"},
		"without one":     {func(t *testing.T, s *store.Store, _ *hygiene.Policy) { give(t, s, "c1", "", later) }, "c1", "hard_bounce opted_out"},
		"with another":    {func(t *testing.T, s *store.Store, _ *hygiene.Policy) { give(t, s, "c1", "+905550000002", later) }, "c1", "opted_out"},
		"first without one": {func(t *testing.T, s *store.Store, _ *hygiene.Policy) {
			give(t, s, "c1", "", later)
			give(t, s, "c1", "+905550000002", later+1)
		}, "c1", "opted_out"},
		"as another contact": {func(t *testing.T, s *store.Store, _ *hygiene.Policy) { give(t, s, "c9", "+905550000001", later) }, "c9", "hard_bounce opted_out"},
		"by a contact that changes its number": {func(t *testing.T, s *store.Store, _ *hygiene.Policy) {
			give(t, s, "c9", "+905550000002", later)
			give(t, s, "c9", "+905550000001", later+1)
		}, "c9", "hard_bounce opted_out"},
		"by a contact that leaves the number": {func(t *testing.T, s *store.Store, _ *hygiene.Policy) {
			give(t, s, "c9", "+905550000001", later)
			give(t, s, "c9", "+905550000002", later+1)
		}, "c9", ""},
		"by a callback": {func(t *testing.T, s *store.Store, p *hygiene.Policy) {
			storetest.Append(t, s, storetest.Event(later, "c1", "m9", hygiene.Delivered))
		}, "c1", "hard_bounce opted_out"},
		"by a merge": {func(t *testing.T, s *store.Store, p *hygiene.Policy) {
			give(t, s, "c9", "+905550000002", later)
			if _, err := s.Merge(t.Context(), p, []store.MergePair{{Old: "c1", New: "c9"}}, store.Batch{By: "ann"}, later+1, nil); err != nil {
				t.Fatal(err)
			}
		}, "c9", "opted_out"},
		"by another key": {func(t *testing.T, s *store.Store, p *hygiene.Policy) { give(t, s, "c2", "+905550000002", later) }, "c2", ""},
		"with a word to the contrary": {func(t *testing.T, s *store.Store, p *hygiene.Policy) {
			storetest.Append(t, s, storetest.Event(later, "c1", "m9", hygiene.Resubscribed))
		}, "c1", "hard_bounce"},
		"and allowed": {func(t *testing.T, s *store.Store, p *hygiene.Policy) {
			allow(t, s, p, store.Subjects{Keys: []string{"c1"}}, hygiene.OptedOut, later)
		}, "c1", "hard_bounce"},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := forgotten1(t)
			c.come(t, s, p)
			before := reasonsOf(t, s, c.key)
			storetest.Sweep(t, s, p, 0)
			if got := reasonsOf(t, s, c.key); got != c.want {
				t.Errorf("%s may not be texted because of %q, want %q", c.key, got, c.want)
			}
			if before != "unknown" && before != c.want && name != "first without one" { // its number may bounce until it is judged
				t.Errorf("before the sweep %s may not be texted because of %q, want %q", c.key, before, c.want)
			}
		})
	}
}

func allow(t *testing.T, s *store.Store, p *hygiene.Policy, of store.Subjects, reason string, at hygiene.Instant) {
	t.Helper()
	did, err := s.Instruct(p, of, hygiene.Instruction{Kind: hygiene.Allow, Origin: hygiene.ByOperator, Reason: reason, By: "ann"}, store.Batch{Kind: store.AllowBatch}, at)
	if err != nil || did.Batch == 0 {
		t.Fatal(did, err)
	}
}

func TestWhatIsLiftedIsRememberedNoLonger(t *testing.T) {
	later := storetest.Start.Add(40 * hygiene.Day)
	for name, c := range map[string]struct {
		come        func(t *testing.T, s *store.Store, p *hygiene.Policy)
		key, number string
	}{
		"nothing": {func(*testing.T, *store.Store, *hygiene.Policy) {}, "hard_bounce opted_out", "hard_bounce opted_out"},
		"the contact": {func(t *testing.T, s *store.Store, p *hygiene.Policy) {
			allow(t, s, p, store.Subjects{Keys: []string{"c1"}}, hygiene.OptedOut, later)
		}, "hard_bounce", "hard_bounce"},
		"of all but words": {func(t *testing.T, s *store.Store, p *hygiene.Policy) {
			allow(t, s, p, store.Subjects{Keys: []string{"c1"}}, "", later)
		}, "opted_out", "opted_out"},
		"the number": {func(t *testing.T, s *store.Store, p *hygiene.Policy) {
			allow(t, s, p, store.Subjects{Phones: []string{"+905550000001"}}, hygiene.OptedOut, later)
		}, "hard_bounce opted_out", "hard_bounce"},
		"a resubscription": {func(t *testing.T, s *store.Store, p *hygiene.Policy) {
			give(t, s, "c1", "+905550000001", later)
			storetest.Append(t, s, storetest.Event(later, "c1", "m9", hygiene.Resubscribed))
			storetest.Sweep(t, s, p, 0)
		}, "hard_bounce", "hard_bounce"},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := forgotten1(t)
			c.come(t, s, p)
			if key, number := kept(t, s, "c1", "+905550000001"); key != c.key || number != c.number {
				t.Errorf("of the key is kept %q and of the number %q; want %q and %q", key, number, c.key, c.number)
			}
		})
	}
}

// Undoing what was allowed restores all that was remembered: by key and by number, whether
// they came back meanwhile or not.
func TestUndoingAnAllowedContactRestoresWhatWasRemembered(t *testing.T) {
	later := storetest.Start.Add(40 * hygiene.Day)
	undo := func(t *testing.T, s *store.Store, p *hygiene.Policy, id int64) {
		t.Helper()
		plan, err := s.PlanUndo(id)
		if err == nil {
			_, err = s.Undo(t.Context(), p, plan, store.Batch{By: "ann"}, later+5, nil, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, of := range map[string]store.Subjects{"the contact": {Keys: []string{"c1"}}, "the number": {Phones: []string{"+905550000001"}}} {
		for _, back := range []bool{false, true} {
			s, p := forgotten1(t)
			allow(t, s, p, of, hygiene.OptedOut, later)
			if back {
				give(t, s, "c9", "+905550000001", later+1)
				storetest.Sweep(t, s, p, 0)
			}
			undo(t, s, p, 1)
			if key, number := kept(t, s, "c1", "+905550000001"); key != "hard_bounce opted_out" || number != "hard_bounce opted_out" {
				t.Errorf("%s, back %v: of the key is kept %q and of the number %q", name, back, key, number)
			}
			give(t, s, "c1", "", later+6)
			give(t, s, "c9", "+905550000001", later+6)
			storetest.Sweep(t, s, p, 0)
			for _, key := range []string{"c1", "c9"} {
				if got := reasonsOf(t, s, key); !strings.Contains(got, hygiene.OptedOut) {
					t.Errorf("%s, back %v: %s may not be texted because of %q alone", name, back, key, got)
				}
			}
		}
	}
	s, p := forgotten1(t)
	allow(t, s, p, store.Subjects{Keys: []string{"c1"}}, hygiene.OptedOut, later)
	undo(t, s, p, 1)
	undo(t, s, p, 2) // it is in force again
	if key, number := kept(t, s, "c1", "+905550000001"); key != "hard_bounce" || number != "hard_bounce" {
		t.Errorf("of the key is kept %q and of the number %q", key, number)
	}
}
