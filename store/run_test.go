package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"winnow/segments"
	"winnow/store/engine"
	"winnow/store/runs"
	"winnow/store/storetest"
)

// A run a minute makes half a million in a year, and none is ever forgotten.
func TestTheLastRunsAreFoundQuicklyHoweverManyThereAre(t *testing.T) {
	s := storetest.Open(t)
	err := s.Write(func(c engine.Writer) error {
		return c.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
			INSERT INTO runs (export, scheduled_at, status, as_of, finished_at, through_seq, policy, error, held_reason, ledger, next_try_at) SELECT CASE i % 2 WHEN 1 THEN 'nightly' ELSE 'hourly' END, i, 'published', i, i, 0, 'p', '', '', -1, 0 FROM n`)
	})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	last, err := s.Runs()
	if err != nil || len(last) != 2 || last[0].ScheduledAt != 20000 || last[1].ScheduledAt != 19999 {
		t.Errorf("the last runs are %+v, %v", last, err)
	}
	for range 20 {
		run, ok, err := s.LastRun("nightly", segments.Published, segments.Released)
		if err != nil || !ok || run.ScheduledAt != 19999 {
			t.Fatalf("the last run is %+v, %v", run, err)
		}
		if held, err := s.RunsOf("nightly", runs.AllRuns, segments.Held); err != nil || len(held) > 0 {
			t.Fatalf("held are %+v, %v", held, err)
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestADiscardedRunSaysWhyItWasHeld(t *testing.T) {
	s := storetest.Open(t)
	held := segments.Run{Export: "nightly", ScheduledAt: 1, Status: segments.Held, Error: "segment \"all\" shrank; publish it with winnow release", HeldReason: "segment \"all\" shrank"}
	published := segments.Run{Export: "nightly", Name: segments.RunName(2), ScheduledAt: 2, Status: segments.Published}
	if err := errors.Join(s.EndRun(held), s.EndRun(published)); err != nil {
		t.Fatal(err)
	}
	got, _, err := s.RunOf("nightly", 1)
	if err != nil || got.Status != segments.Discarded || !strings.HasSuffix(got.Error, `: segment "all" shrank`) || !strings.Contains(got.Error, published.Name) {
		t.Errorf("the run that was held is %s: %q, %v", got.Status, got.Error, err)
	}
}
