package store_test

import (
	"testing"
	"time"

	"winnow/store"
	"winnow/store/storetest"
)

func TestTimesOfAClockThatRanAheadPushNoneOut(t *testing.T) {
	s := storetest.Open(t)
	now := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	for i := range store.KeptTimes + 10 {
		if err := s.RecordJobTime(t.Context(), "export/nightly", now.Add(time.Hour+time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.RecordJobTime(t.Context(), "export/nightly", now); err != nil {
		t.Fatal(err)
	}
	if last, err := s.LastJobTime(t.Context(), "export/nightly", now); err != nil || !last.Equal(now) {
		t.Errorf("the last time until now is %v, %v; %v was kept", last, err, now)
	}
}
