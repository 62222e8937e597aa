package store_test

import (
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

// suppressNumber suppresses the number itself.
func suppressNumber(t *testing.T, s *store.Store, p *hygiene.Policy, phone string, now hygiene.Instant) {
	t.Helper()
	in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: hygiene.OptedOut, By: "ann"}
	if _, err := s.Instruct(p, store.Subjects{Phones: []string{phone}}, in, store.Batch{Kind: store.SuppressBatch}, now); err != nil {
		t.Fatal(err)
	}
}

func mergeInto(t *testing.T, s *store.Store, p *hygiene.Policy, old, new string, now hygiene.Instant) {
	t.Helper()
	if _, err := s.Merge(t.Context(), p, []store.MergePair{{Old: old, New: new}}, store.Batch{By: "crm"}, now, nil); err != nil {
		t.Fatal(err)
	}
}

func TestAContactThatGetsASuppressedNumberByAMergeIsCounted(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	give(t, s, "ann", onePhone, storetest.Start)
	if _, err := s.SaveProfiles([]store.Profile{{Key: "bob"}}, storetest.Start); err != nil {
		t.Fatal(err)
	}
	suppressNumber(t, s, p, onePhone, storetest.Start+1)
	mergeInto(t, s, p, "ann", "bob", storetest.Start+2)
	checkCounts(t, s, p, storetest.Start.Add(hygiene.Day))
}

// The part of a merged contact leaves a number for one to which the send log had said
// that a message went: both were its numbers before, and the present one is another.
func TestAPartThatTakesTheNumberOfAMessageIsCounted(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	give(t, s, "ann", onePhone, storetest.Start)
	if _, err := s.SaveProfiles([]store.Profile{{Key: "bob"}}, storetest.Start); err != nil {
		t.Fatal(err)
	}
	mergeInto(t, s, p, "ann", "bob", storetest.Start+2)
	storetest.Append(t, s, storetest.Event(storetest.Start+3, "ann", "m1", hygiene.Delivered))
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m1", Contact: "ann", Phone: otherPhone, SentAt: storetest.Start + 3})
	suppressNumber(t, s, p, otherPhone, storetest.Start+4)
	sweepAll(t, s, p, 0)
	sweepAll(t, s, p, 0)
	give(t, s, "ann", otherPhone, storetest.Start+5)
	sweepAll(t, s, p, 0)
	checkCounts(t, s, p, storetest.Start.Add(hygiene.Day))
}

// What an import says of a number that is suppressed already is kept: undoing the import
// that said so first must leave it.
func TestUndoingAListByPhoneLeavesWhatAnotherSaid(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	var first int64
	for i := range hygiene.Instant(2) {
		im, err := s.ImportSuppressions(p, "ann", "list", storetest.Start+i)
		if err != nil {
			t.Fatal(err)
		}
		defer im.Close()
		if _, err := im.Save([]store.ImportedSuppression{{Phone: onePhone, Reason: hygiene.OptedOut}}); err != nil {
			t.Fatal(err)
		}
		did, err := im.End()
		if err != nil || did.Batch == 0 {
			t.Fatalf("%+v, %v", did, err)
		}
		if i == 0 {
			first = did.Batch
		}
	}
	takeBack(t, s, p, first, storetest.Start+5)
	if list, err := s.StandingOn(onePhone, storetest.Start+6); err != nil || len(list) != 1 {
		t.Errorf("on the number stands %+v, %v", list, err)
	}
}
