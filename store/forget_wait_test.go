package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"winnow/hygiene/contactkey"
	"winnow/store"
	"winnow/store/engine/enginetest"
	"winnow/store/erasure"
	"winnow/store/storetest"
)

// The clock of a bubble goes on while forgetting waits, and only then.
func TestForgettingWaitsForAReaderAndThenLeavesTheRestToTheNext(t *testing.T) {
	enginetest.SQLite(t)
	synctest.Test(t, func(t *testing.T) {
		s := storetest.Open(t)
		p := withAPerson(t, s)
		o := store.ForgetOptions{Policy: p, Keys: contactkey.Format{Region: "TR"}, Now: storetest.Start, Wait: 30 * time.Second}
		reader, err := s.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.AskToForget(store.Subjects{Keys: []string{forgottenKey}}, false, storetest.Start); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = s.Forget(t.Context(), o)
		if waited := time.Since(began); !errors.Is(err, erasure.ErrReader) || waited < 30*time.Second || waited > 31*time.Second {
			t.Errorf("after %s: %v", waited, err)
		}
		if has, err := s.HasErasures(); !has || err != nil {
			t.Error("nothing is left to be erased", err)
		}
		if s.HasKey(forgottenKey) {
			t.Error("the contact waits for the reader")
		}

		time.AfterFunc(5*time.Second, func() { reader.Close() })
		began = time.Now()
		if _, err := s.FinishForgetting(t.Context(), o); err != nil || time.Since(began) < 5*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if has, err := s.HasErasures(); has || err != nil {
			t.Error(has, err)
		}
		if left := leftIn(t, filepath.Dir(s.Path())); len(left) > 0 {
			t.Errorf("left: %s", strings.Join(left, "\n"))
		}
	})
}
