package store

import (
	"path/filepath"
	"testing"
)

func TestNothingFollowsTheEndOfTheLog(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a := &logAhead{store: s, most: lotEvents}
	a.goTo(0)
	defer a.stop()
	for range 2 {
		if lot := a.next(); len(lot.events) != 0 || lot.err != nil {
			t.Errorf("a lot of %d events, %v, from an empty log", len(lot.events), lot.err)
		}
	}
}
