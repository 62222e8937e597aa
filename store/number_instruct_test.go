package store_test

import (
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

func TestAnActOnANumberCanBeUndone(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	phone, day := "+905550000001", storetest.Start.Add(hygiene.Day)
	if _, err := s.SaveProfiles([]store.Profile{{Key: "ann", HasPhone: true, Phone: phone}, {Key: "bob", HasPhone: true, Phone: phone}}, storetest.Start); err != nil {
		t.Fatal(err)
	}
	reasons := func(key string) int {
		t.Helper()
		c, _, err := s.Contact(key)
		if err != nil {
			t.Fatal(err)
		}
		return len(c.Suppressions)
	}
	in := hygiene.Instruction{Kind: hygiene.Suppress, Reason: hygiene.OptedOut, Origin: hygiene.ByOperator, By: "ann"}
	did, err := s.Instruct(p, store.Subjects{Phones: []string{phone, "+905550000009"}}, in, store.Batch{Kind: store.SuppressBatch}, day)
	if err != nil || did.Contacts != 2 || did.Changes != 4 || did.Unknown.Phones != nil {
		t.Fatalf("%+v, %v", did, err)
	}
	if reasons("ann") != 1 || reasons("bob") != 1 {
		t.Error("the word is not that of both contacts")
	}
	if list, err := s.StandingOn(phone, day); err != nil || len(list) != 1 || !list[0].Named || list[0].From != "" {
		t.Errorf("on the number stands %+v, %v", list, err)
	}
	plan, err := s.PlanUndo(did.Batch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Undo(t.Context(), p, plan, store.Batch{By: "ann"}, day+1, nil, nil); err != nil {
		t.Fatal(err)
	}
	if reasons("ann") != 0 || reasons("bob") != 0 {
		t.Error("the word is still there")
	}
	if list, err := s.StandingOn(phone, day+1); err != nil || len(list) != 0 {
		t.Errorf("on the number stands %+v, %v", list, err)
	}
	checkCounts(t, s, p, day+2)
}

func TestWhatStandsOnANumberNamesWhoseEvidenceItIs(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	phone := "+905550000001"
	if _, err := s.SaveProfiles([]store.Profile{{Key: "ann", HasPhone: true, Phone: phone}, {Key: "bob", HasPhone: true, Phone: phone}}, storetest.Start); err != nil {
		t.Fatal(err)
	}
	storetest.Append(t, s, storetest.Event(storetest.Start+1, "bob", "m1", hygiene.HardBounce))
	sweepAll(t, s, p, 0)
	ann, _, err := s.Contact("ann")
	if err != nil || ann.Status(storetest.Start+2) != hygiene.IsSuppressed {
		t.Errorf("ann is %s, %v", ann.Status(storetest.Start+2), err)
	}
	list, err := s.StandingOn(phone, storetest.Start+2)
	if err != nil || len(list) != 1 || list[0].From != "bob" || list[0].Named {
		t.Errorf("on the number stands %+v, %v", list, err)
	}
	allow := hygiene.Instruction{Kind: hygiene.Allow, By: "ann"}
	if _, err := s.Instruct(p, store.Subjects{Keys: []string{"ann"}}, allow, store.Batch{Kind: store.AllowBatch}, storetest.Start+3); err != nil {
		t.Fatal(err)
	}
	if list, err = s.StandingOn(phone, storetest.Start+4); err != nil || len(list) != 1 {
		t.Errorf("to allow ann lifted what rests on bob: %+v, %v", list, err)
	}
	changed := map[string]bool{}
	if err := s.ChangesSince(0, 0, func(c store.ContactChange) error { changed[c.Contact] = true; return nil }); err != nil || !changed["ann"] || !changed["bob"] {
		t.Errorf("changed are %v, %v", changed, err)
	}
}
