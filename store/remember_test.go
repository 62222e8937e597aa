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
