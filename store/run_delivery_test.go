package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store"
	"winnow/store/runs"
	"winnow/store/storetest"
)

// ended enters a run of the day that ended with that status.
func ended(t *testing.T, s *store.Store, day int, status segments.Status) segments.Run {
	t.Helper()
	at := hygiene.InstantOf(time.Date(2026, 1, day, 2, 0, 0, 0, time.UTC))
	run := segments.Run{Export: "nightly", Name: segments.RunName(at), ScheduledAt: at, Status: status, Ledger: -1}
	if _, err := s.BeginRun(run); err != nil {
		t.Fatal(err)
	}
	if err := s.EndRun(run); err != nil {
		t.Fatal(err)
	}
	return run
}

// deliveriesAre is how deliveries stand: day, remote and status.
func deliveriesAre(t *testing.T, s *store.Store) string {
	t.Helper()
	list, err := s.Deliveries("nightly")
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, d := range list {
		words = append(words, fmt.Sprintf("%d%s:%s", d.ScheduledAt.Time().Day(), d.Remote, d.Status))
	}
	return strings.Join(words, " ")
}

func owe(t *testing.T, s *store.Store, keep int, remotes ...string) {
	t.Helper()
	if err := s.EnqueueDeliveries("nightly", remotes, keep); err != nil {
		t.Fatal(err)
	}
}

func TestARemoteGetsAllRunsPublishedSinceItIsKnown(t *testing.T) {
	s := storetest.Open(t)
	ended(t, s, 1, segments.Published)
	ended(t, s, 2, segments.Published)
	owe(t, s, 9, "a")
	if got, want := deliveriesAre(t, s), "2a:waiting"; got != want {
		t.Errorf("a new remote is owed %s, want %s", got, want)
	}
	ended(t, s, 3, segments.Failed)
	ended(t, s, 4, segments.Published)
	ended(t, s, 5, segments.Held)
	ended(t, s, 6, segments.Released)
	for range 2 {
		owe(t, s, 9, "a", "b")
	}
	if got, want := deliveriesAre(t, s), "2a:waiting 4a:waiting 6a:waiting 6b:waiting"; got != want {
		t.Errorf("owed is %s, want %s", got, want)
	}
}

// A destination that is back in the config after a long time does not get runs that
// are no longer kept.
func TestNoMoreRunsAreEnqueuedThanAreKept(t *testing.T) {
	s := storetest.Open(t)
	for day := 1; day <= 9; day++ {
		ended(t, s, day, segments.Published)
		if day == 1 {
			owe(t, s, 3, "a")
		}
	}
	owe(t, s, 3, "a")
	if got, want := deliveriesAre(t, s), "1a:waiting 7a:waiting 8a:waiting 9a:waiting"; got != want {
		t.Errorf("owed is %s, want %s", got, want)
	}
}

func TestEndedDeliveriesAreDeletedWithTheirRunsAndWaitingOnesStay(t *testing.T) {
	s := storetest.Open(t)
	for day := 1; day <= 5; day++ {
		run := ended(t, s, day, segments.Published)
		owe(t, s, 2, "a")
		if day == 2 {
			continue // still waits
		}
		if err := s.SaveDelivery(runs.Delivery{Export: "nightly", ScheduledAt: run.ScheduledAt, Remote: "a", Status: runs.Delivered}); err != nil {
			t.Fatal(err)
		}
	}
	owe(t, s, 2, "a")
	if got, want := deliveriesAre(t, s), "2a:waiting 4a:delivered 5a:delivered"; got != want {
		t.Errorf("kept is %s, want %s", got, want)
	}
}

func TestStoredErrorsArePrintableAndBounded(t *testing.T) {
	s := storetest.Open(t)
	text := "the server's are diffie-\x1b]0;title\x07" + strings.Repeat("x", 300_000)
	if err := s.SaveDelivery(runs.Delivery{Export: "nightly", ScheduledAt: storetest.Start, Remote: "sftp://crm", Error: text}); err != nil {
		t.Fatal(err)
	}
	run := segments.Run{Export: "nightly", ScheduledAt: storetest.Start, Status: segments.Failed, Error: text}
	if _, err := s.BeginRun(run); err != nil {
		t.Fatal(err)
	}
	if err := s.EndRun(run); err != nil {
		t.Fatal(err)
	}
	stored, _, err := s.RunOf("nightly", storetest.Start)
	if err != nil {
		t.Fatal(err)
	}
	deliveries, err := s.Deliveries("nightly")
	if err != nil || len(deliveries) != 1 {
		t.Fatal(deliveries, err)
	}
	for _, got := range []string{stored.Error, deliveries[0].Error} {
		if !strings.HasPrefix(got, `the server's are diffie-\u001b]0;title\u0007xxx`) || len(got) > 3000 {
			t.Errorf("%d bytes are stored: %.100q", len(got), got)
		}
	}
}
