package store_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

func TestALongLedgerIsVisitedToItsBeginning(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	at := storetest.Start
	var events []hygiene.Event
	for i := range 1_100 { // each sets a retry, and ends it
		at = at.Add(time.Minute)
		events = append(events, storetest.Event(at, "c1", fmt.Sprint("s", i), hygiene.SoftBounce), storetest.Event(at+1, "c1", fmt.Sprint("d", i), hygiene.Delivered))
	}
	storetest.Append(t, s, events...)
	storetest.Sweep(t, s, p, 0)
	want, err := s.Ledger("c1", 1_000_000)
	if err != nil || len(want) < 1_001 {
		t.Fatalf("%d entries, which is one page: %v", len(want), err)
	}
	var got []store.LedgerEntry
	err = s.EachLedgerEntry(t.Context(), "c1", func(e *store.LedgerEntry) error { got = append(got, *e); return nil })
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%d entries were visited, and there are %d; %v", len(got), len(want), err)
	}
}
