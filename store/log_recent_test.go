package store_test

import (
	"fmt"
	"slices"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

func TestTheLatestEventsAreReadWithTheContactsOfTheSendLog(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	var events []hygiene.Event
	for i := range 2100 {
		e := storetest.Event(storetest.Start, "", fmt.Sprintf("m%04d", i), hygiene.Sent)
		e.Body = fmt.Appendf(nil, `{"n":%d}`, i)
		events = append(events, e)
	}
	storetest.Append(t, s, events...)
	if _, err := s.Register(t.Context(), []store.Registration{{Source: "insider", MessageID: "m2099", Contact: "ann"}}); err != nil {
		t.Fatal(err)
	}
	var seqs []int64
	all, err := s.RecentEvents(func(e *hygiene.Event) {
		seqs = append(seqs, e.Seq)
		if want := map[bool]string{true: "ann"}[e.MessageID == "m2099"]; e.Contact != want || string(e.Body) != fmt.Sprintf(`{"n":%d}`, e.Seq-1) {
			t.Errorf("%s is of %q: %s", e.MessageID, e.Contact, e.Body)
		}
	})
	if err != nil || all || len(seqs) != 2000 || seqs[0] != 2100 || !slices.IsSortedFunc(seqs, func(a, b int64) int { return int(b - a) }) {
		t.Errorf("%d events are read, all: %t, %v", len(seqs), all, err)
	}
	if _, err := s.Sweep(t.Context(), options(p, storetest.Start+1)); err != nil {
		t.Fatal(err)
	}
	n := 0
	err = s.EachUnmatched(t.Context(), func(e *hygiene.Event) error {
		if want := fmt.Sprintf("m%04d", n); e.MessageID != want || len(e.Body) == 0 {
			t.Fatalf("%s is visited after %d others", e.MessageID, n)
		}
		n++
		return nil
	})
	if err != nil || n != 2099 {
		t.Errorf("%d unmatched events are visited, %v", n, err)
	}
}
