package store_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine/enginetest"
	"winnow/store/storetest"
)

// storeWithWords is a store of the first release, with other words for opted_out and
// complaint.
func storeWithWords(t *testing.T) (path string) {
	t.Helper()
	enginetest.SQLite(t)
	path = enginetest.Location(t)
	for _, file := range []struct {
		suffix, schema string
		version        int
	}{{"-events", "events", 1}, {"", "roster", 10}} {
		db := enginetest.File(t, strings.TrimSuffix(path, ".db")+file.suffix+".db")
		migrateTo(t, db, file.schema, file.version)
		rows, err := os.ReadFile("testdata/words-" + file.schema + ".sql")
		must(t, err)
		_, err = db.Exec(string(rows))
		must(t, err, db.Close())
	}
	return path
}

// wordsPolicy is the policy of that store, as this version reads it.
func wordsPolicy(t *testing.T, s *store.Store) *hygiene.Policy {
	t.Helper()
	when := func(o hygiene.Outcome) *hygiene.When {
		return &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(o), Count: 1}}
	}
	p := hygiene.NewPolicy([]hygiene.Rule{
		{Name: "opt-out", When: when(hygiene.Unsubscribed), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: hygiene.OptedOut}}},
		{Name: "spam", When: when(hygiene.Clicked), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: hygiene.Complaint, For: 60 * hygiene.Day}}},
		{Name: "dead", When: when(hygiene.HardBounce), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "hard_bounce"}}},
	}, "today")
	storetest.SavePolicy(t, s, p)
	return p
}

func suppressionsIn(t *testing.T, s *store.Store, at hygiene.Instant) map[string]string {
	t.Helper()
	of := map[string]string{}
	snapshot, err := s.Snapshot()
	must(t, err)
	defer snapshot.Close()
	must(t, snapshot.Contacts(context.Background(), true, func(c *hygiene.Contact) error {
		var list []string
		for _, s := range c.OpenSuppressions(at) {
			list = append(list, fmt.Sprintf("%s by %s until %s", s.Reason, s.Origin, s.Until))
		}
		of[c.Key] = strings.Join(list, ", ")
		return nil
	}))
	return of
}

// What the first release kept under another word for an opt-out or a complaint is under
// that reason, from the first reading on, and stays so when it is stored anew, by any
// number of steps, and when everyone is judged again.
func TestWordsOfAnEarlierVersionAreTheReasonsThatTheyMean(t *testing.T) {
	now := storetest.Start.Add(20 * hygiene.Day)
	want := map[string]string{
		"ann": "opted_out by rule until , opted_out by import until ",
		"cat": "opted_out by import until ",                     // unsubscribed permanently, opted_out for a year
		"dan": "opted_out by import until 2030-01-01T00:00:00Z", // the later of two ends
		"eve": "complaint by import until ",
		"fay": "", // stop, allowed without a reason
		"gil": "", // unsubscribed by a rule, allowed without a reason
		"hal": "complaint by rule until 2026-03-03T10:00:00Z",
		"ivy": "", // complaint, allowed without a reason: it was not protected then
		"jon": "legal by import until ",
		"kim": "", // unsubscribed by a rule, allowed by that name
		"lea": "opted_out by operator until ",
	}
	at := storetest.Start.Add(20 * hygiene.Day)
	s, err := store.OpenExisting(storeWithWords(t))
	must(t, err)
	defer s.Close()
	differs := func(when string) {
		t.Helper()
		got := suppressionsIn(t, s, at)
		for key, reasons := range want {
			if got[key] != reasons {
				t.Errorf("%s, %s is suppressed for %q, want %q", when, key, got[key], reasons)
			}
		}
	}
	differs("as it was opened")
	p := wordsPolicy(t, s)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.RenameReasons(canceled, p, now); err == nil {
		t.Error("it was not cut")
	}
	must(t, s.RenameReasons(t.Context(), p, now), s.RenameReasons(t.Context(), p, now))
	done, err := s.ReasonsRenamed()
	totals, countErr := s.Totals()
	must(t, err, countErr)
	if !done || totals.Renamed != 6 {
		t.Errorf("done %t, %d contacts were suppressed under another word", done, totals.Renamed)
	}
	differs("stored anew")
	ledger, err := s.Ledger("cat", 10)
	must(t, err)
	var said []string
	for _, l := range ledger {
		if l.By == "winnow" {
			said = append(said, fmt.Sprintf("%s %s: %s", l.Act, l.Reason, l.Note))
		}
	}
	slices.Sort(said)
	if !slices.Equal(said, []string{"released unsubscribed: unsubscribed is recorded as opted_out", "suppressed opted_out: unsubscribed is recorded as opted_out"}) {
		t.Errorf("the ledger of cat says %q", said)
	}

	_, err = s.Rejudge(t.Context(), p, "", store.Batch{Kind: store.RejudgeBatch, By: "ops"}, now, nil)
	must(t, err)
	differs("judged again")
	// The event that found no contact was struck by name, whatever the name was.
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "late", Contact: "late"})
	storetest.Sweep(t, s, p, 0)
	want["late"] = ""
	differs("swept")
	// A plain allow lifts none of it any more.
	_, err = s.Instruct(p, store.Subjects{Keys: []string{"ann", "cat", "dan", "eve", "hal", "lea"}}, hygiene.Instruction{Kind: hygiene.Allow, By: "ann"}, store.Batch{Kind: store.AllowBatch}, now)
	must(t, err)
	differs("allowed")
}
