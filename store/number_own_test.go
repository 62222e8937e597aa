package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

const onePhone, otherPhone = "+905550000001", "+905550000002"

// nobodys is an event that names no contact.
func nobodys(at hygiene.Instant, message string, o hygiene.Outcome) hygiene.Event {
	e := storetest.Event(at, "", message, o)
	e.ReceivedAt = storetest.Start.Add(1000 * hygiene.Day)
	return e
}

func give(t *testing.T, s *store.Store, contact, phone string, at hygiene.Instant) {
	t.Helper()
	if _, err := s.SaveProfiles([]store.Profile{{Key: contact, HasPhone: true, Phone: phone}}, at); err != nil {
		t.Fatal(err)
	}
}

// ownAndOnNumber are how many suppressions a contact has itself, and by its number.
func ownAndOnNumber(t *testing.T, s *store.Store, key string) string {
	t.Helper()
	c, _, err := s.Contact(key)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(len(c.Suppressions), " ", len(c.OnNumber))
}

func TestAnEventThatNamesOnlyANumberLiesOnIt(t *testing.T) {
	day := storetest.Start.Add(hygiene.Day)
	line := store.Registration{Source: "insider", MessageID: "m1", Phone: onePhone, SentAt: day}
	for _, lineFirst := range []bool{true, false} {
		for _, o := range []hygiene.Outcome{hygiene.Unsubscribed, hygiene.HardBounce} {
			s := storetest.Open(t)
			p := numberPolicy(t, s)
			give(t, s, "ann", onePhone, storetest.Start)
			give(t, s, "bob", otherPhone, storetest.Start)
			if lineFirst {
				storetest.Register(t, s, line)
			}
			storetest.Append(t, s, nobodys(day+1, "m1", o))
			sweepAll(t, s, p, 0)
			if !lineFirst {
				if totals, err := s.Totals(); err != nil || totals.Unmatched != 1 {
					t.Errorf("%d unmatched, %v", totals.Unmatched, err)
				}
				storetest.Register(t, s, line)
				sweepAll(t, s, p, 0)
			}
			if totals, err := s.Totals(); err != nil || totals.Unmatched != 0 {
				t.Errorf("%d unmatched, %v", totals.Unmatched, err)
			}
			list, err := s.StandingOn(onePhone, day+2)
			if err != nil || len(list) != 1 || list[0].From != "" || !list[0].Named {
				t.Errorf("on the number stands %+v, %v", list, err)
			}
			want := map[hygiene.Outcome]string{hygiene.Unsubscribed: "1 1", hygiene.HardBounce: "0 1"}[o]
			if got := ownAndOnNumber(t, s, "ann"); got != want {
				t.Errorf("ann has %s of %s, not %s", got, o, want)
			}
			checkCounts(t, s, p, day+2)
			give(t, s, "ann", otherPhone, day.Add(hygiene.Day))
			give(t, s, "bob", onePhone, day.Add(hygiene.Day))
			sweepAll(t, s, p, 0)
			want = map[hygiene.Outcome]string{hygiene.Unsubscribed: "1 0", hygiene.HardBounce: "0 0"}[o]
			if got := ownAndOnNumber(t, s, "ann"); got != want {
				t.Errorf("after she left the number ann has %s of %s, not %s", got, o, want)
			}
			if got := ownAndOnNumber(t, s, "bob"); got != "0 1" {
				t.Errorf("bob, who got the number, has %s of %s", got, o)
			}
			checkCounts(t, s, p, day.Add(2*hygiene.Day))
		}
	}
}

func TestASweepCountsTheChangesOfNumbersOnce(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m1", Phone: onePhone})
	storetest.Append(t, s, nobodys(storetest.Start+1, "m1", hygiene.Unsubscribed))
	did, err := s.Sweep(t.Context(), options(p, storetest.Start.Add(hygiene.Day)))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := s.Ledger(hygiene.NumberKey(onePhone), 10)
	if err != nil || len(entries) == 0 || did.Changes != int64(len(entries)) {
		t.Errorf("the sweep counted %d changes, and the ledger has %d, %v", did.Changes, len(entries), err)
	}
}

func TestAnEventLeavesItsNumberWhenItsContactBecomesKnown(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	give(t, s, "ann", onePhone, storetest.Start)
	give(t, s, "bob", otherPhone, storetest.Start)
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m1", Phone: onePhone})
	storetest.Append(t, s, nobodys(storetest.Start+1, "m1", hygiene.Unsubscribed))
	sweepAll(t, s, p, 0)
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m1", Contact: "bob"})
	sweepAll(t, s, p, 0)
	if got := ownAndOnNumber(t, s, "ann"); got != "0 1" {
		t.Errorf("ann has %s: the word is bob's, on the number of the message", got)
	}
	if got := ownAndOnNumber(t, s, "bob"); got != "1 0" {
		t.Errorf("bob has %s", got)
	}
	if list, err := s.StandingOn(onePhone, storetest.Start+2); err != nil || len(list) != 1 || list[0].From != "bob" {
		t.Errorf("on the number stands %+v, %v", list, err)
	}
	checkCounts(t, s, p, storetest.Start+2)
}

func TestAnEventThatNamesOnlyANumberIsInvalidatedByItsRange(t *testing.T) {
	for _, source := range []string{"", "insider"} {
		s := storetest.Open(t)
		p := numberPolicy(t, s)
		give(t, s, "ann", onePhone, storetest.Start)
		storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m1", Phone: onePhone})
		storetest.Append(t, s, nobodys(storetest.Start+1, "m1", hygiene.Unsubscribed))
		sweepAll(t, s, p, 0)
		strike := hygiene.Instruction{Kind: hygiene.Strike, Reason: hygiene.OptedOut, From: storetest.Start, To: storetest.Start + 2, Source: source}
		did, err := s.InvalidateEvidence(t.Context(), p, strike, store.Batch{Kind: store.UndoBatch, By: "ann"}, storetest.Start+3, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := ownAndOnNumber(t, s, "ann"); got != "0 0" {
			t.Errorf("ann has %s after the range was undone", got)
		}
		checkCounts(t, s, p, storetest.Start+4)
		plan, err := s.PlanUndo(did.Batch)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Undo(t.Context(), p, plan, store.Batch{By: "ann"}, storetest.Start+5, nil, nil); err != nil {
			t.Fatal(err)
		}
		if got := ownAndOnNumber(t, s, "ann"); got != "1 1" {
			t.Errorf("ann has %s after that was undone", got)
		}
		checkCounts(t, s, p, storetest.Start+6)
	}
}

// Of what names a number alone, too, reclassifying gives what the new table would have given.
func TestReclassifyingMovesEventsOfNumbersAlone(t *testing.T) {
	outcomes := []hygiene.Outcome{hygiene.HardBounce, hygiene.Unrecognized, hygiene.Unsubscribed, hygiene.Delivered}
	for seed := range uint64(8) {
		var got [2]string
		var did *store.Reclassification
		for late := range 2 {
			r := rand.New(rand.NewPCG(seed, 9))
			s := storetest.Open(t)
			p := numberPolicy(t, s)
			give(t, s, "ann", onePhone, storetest.Start)
			give(t, s, "bob", onePhone, storetest.Start)
			for i := range 1 + r.IntN(6) {
				at := storetest.Start.Add(time.Duration(1+i) * hygiene.Day)
				e := nobodys(at, fmt.Sprint("m", i), outcomes[r.IntN(len(outcomes))])
				if r.IntN(4) == 0 {
					e.Contact = "ann"
				}
				storetest.Register(t, s, store.Registration{Source: "insider", MessageID: e.MessageID, Phone: []string{onePhone, otherPhone}[r.IntN(2)], SentAt: at - 1})
				if late == 1 {
					e.Outcome, _ = newTable("", e.Name, "")
				}
				storetest.Append(t, s, e)
			}
			sweepAll(t, s, p, 0)
			if late == 0 {
				var err error
				if did, err = reclassifyAll(t, t.Context(), s, p, nil); err != nil {
					t.Fatal(err)
				}
				sweepAll(t, s, p, 0)
			}
			checkCounts(t, s, p, storetest.Start.Add(60*hygiene.Day))
			got[late] = onWhom(t, s, []string{"ann", "bob"}, []string{onePhone, otherPhone})
		}
		if got[0] != got[1] {
			t.Fatalf("seed %d: %d events reclassified\n%s\nfrom the start\n%s", seed, did.Events, got[0], got[1])
		}
	}
}

// A merge gives the number of the one to the other, which is counted as it is then.
func TestAMergeCountsWhoGetsASuppressedNumber(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: hygiene.OptedOut, By: "ann"}
	if _, err := s.Instruct(p, store.Subjects{Phones: []string{"+905550000001"}}, in, store.Batch{Kind: store.SuppressBatch}, storetest.Start); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveProfiles([]store.Profile{{Key: "new"}, {Key: "old", HasPhone: true, Phone: "+905550000001"}}, storetest.Start); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Merge(t.Context(), p, []store.MergePair{{Old: "old", New: "new"}}, store.Batch{By: "crm"}, storetest.Start+1, nil); err != nil {
		t.Fatal(err)
	}
	checkCounts(t, s, p, storetest.Start+2)
}
