package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
)

// A run a minute makes half a million in a year, and none is ever forgotten.
func TestTheLastRunsAreToldAtOnceHoweverManyThereWere(t *testing.T) {
	s := openStore(t)
	err := s.write(func(c *conn) error {
		return c.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
			INSERT INTO runs (` + runColumns + `) SELECT iif(i % 2, 'nightly', 'hourly'), i, 'published', i, i, 0, 'p', '', '' FROM n`)
	})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	runs, err := s.Runs()
	if err != nil || len(runs) != 2 || runs[0].ScheduledAt != 20000 || runs[1].ScheduledAt != 19999 {
		t.Errorf("the last runs are %+v, %v", runs, err)
	}
	for range 20 {
		run, ok, err := s.LastRun("nightly", segments.Published, segments.Released)
		if err != nil || !ok || run.ScheduledAt != 19999 {
			t.Fatalf("the last run is %+v, %v", run, err)
		}
		if held, err := s.RunsOf("nightly", AllRuns, segments.Held); err != nil || len(held) > 0 {
			t.Fatalf("held are %+v, %v", held, err)
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestADiscardedRunSaysWhyItWasHeld(t *testing.T) {
	s := openStore(t)
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

func TestTheReasonOfARunHeldByAnEarlierVersionIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.db")
	c, err := connect(path, writing)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 3; n++ {
		step, readErr := schema.ReadFile(fmt.Sprintf("schema/roster-%03d.sql", n))
		err = errors.Join(err, readErr, c.script(string(step)))
	}
	err = errors.Join(err, c.script(`PRAGMA user_version = 3;
		INSERT INTO runs (export, scheduled_at, status, as_of, finished_at, through_seq, policy, error) VALUES
			('nightly', 1, 'held', 1, 1, 0, 'p', 'segment "all" has 0 rows now; so the run is held and readers keep the one before: look there; run /out failed'),
			('nightly', 2, 'failed', 1, 1, 0, 'p', 'disk full')`), c.close())
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for at, want := range map[hygiene.Instant]string{1: `segment "all" has 0 rows now`, 2: ""} {
		if run, _, err := s.RunOf("nightly", at); err != nil || run.HeldReason != want {
			t.Errorf("run %d was held because of %q, %v; want %q", at, run.HeldReason, err, want)
		}
	}
}
