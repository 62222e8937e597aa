package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

// standing is what status, suppressions and segments show of everyone at a late
// time: all but the instructions and the ledger.
func standing(t *testing.T, s *store.Store) string {
	t.Helper()
	var b strings.Builder
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	err = snapshot.Contacts(context.Background(), true, func(c *hygiene.Contact) error {
		fmt.Fprintf(&b, "%s %s %+v %+v", c.Key, c.Status(storetest.Start.Add(90*hygiene.Day)), c.Suppressions, c.Tags)
		if c.Retry != nil {
			fmt.Fprintf(&b, " %+v", *c.Retry)
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// strikeAll strikes a range for a reason.
func strikeAll(t *testing.T, ctx context.Context, s *store.Store, p *hygiene.Policy, in hygiene.Instruction, now hygiene.Instant, progress func(int64)) (store.BatchResult, error) {
	t.Helper()
	in.Kind = hygiene.Strike
	return s.InvalidateEvidence(ctx, p, in, store.Batch{Kind: store.UndoBatch, By: "ops", About: "test"}, now, progress)
}

func takeBack(t *testing.T, s *store.Store, p *hygiene.Policy, id int64, now hygiene.Instant) store.BatchResult {
	t.Helper()
	back, err := s.PlanUndo(id)
	if err != nil {
		t.Fatal(err)
	}
	did, err := s.Undo(context.Background(), p, back, store.Batch{By: "ops"}, now, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return did
}

func sweptStore(t *testing.T, seed uint64) (*store.Store, *hygiene.Policy, hygiene.Instant) {
	t.Helper()
	events, registrations := storetest.RandomLog(seed, 200)
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	if _, err := s.Register(context.Background(), registrations); err != nil {
		t.Fatal(err)
	}
	storetest.Append(t, s, events...)
	sweepAll(t, s, p, 0)
	return s, p, events[len(events)-1].ReceivedAt.Add(hygiene.Day)
}

func TestUndoingAnUndoRestoresEveryContact(t *testing.T) {
	for seed := range uint64(5) {
		s, p, now := sweptStore(t, seed)
		r := rand.New(rand.NewPCG(seed, 4))
		before := standing(t, s)
		in := hygiene.Instruction{From: storetest.Start, To: storetest.Start.Add(hygiene.Day * 60)}
		if r.IntN(2) == 0 {
			in.Reason = "hard_bounce"
		}
		did, err := strikeAll(t, context.Background(), s, p, in, now, nil)
		if err != nil || did.Batch != 1 || did.Contacts == 0 {
			t.Fatalf("seed %d: %+v, %v", seed, did, err)
		}
		struck := standing(t, s)
		if struck == before {
			t.Errorf("seed %d: the undo lifted nothing", seed)
		}
		if again, err := strikeAll(t, context.Background(), s, p, in, now+1, nil); err != nil || again != (store.BatchResult{}) {
			t.Errorf("seed %d: undone again: %+v, %v", seed, again, err)
		}
		if back := takeBack(t, s, p, 1, now+2); back.Batch != 2 || back.Contacts != did.Contacts {
			t.Errorf("seed %d: taken back: %+v of %+v", seed, back, did)
		}
		if after := standing(t, s); after != before {
			t.Errorf("seed %d: before\n%safter\n%s", seed, before, after)
		}
		takeBack(t, s, p, 2, now+3)
		if after := standing(t, s); after != struck {
			t.Errorf("seed %d: undone again\n%safter\n%s", seed, struck, after)
		}
	}
}

func TestABatchThatIsNotInForceSaysWhichUndidIt(t *testing.T) {
	s, p, now := sweptStore(t, 1)
	if _, err := strikeAll(t, context.Background(), s, p, hygiene.Instruction{From: storetest.Start, To: now}, now, nil); err != nil {
		t.Fatal(err)
	}
	takeBack(t, s, p, 1, now+1)
	if _, err := s.PlanUndo(1); err == nil || !strings.Contains(err.Error(), "batch 2 undid it") {
		t.Errorf("batch 1: %v", err)
	}
	takeBack(t, s, p, 2, now+2)
	if _, err := s.PlanUndo(2); err == nil || !strings.Contains(err.Error(), "batch 3 undid it") {
		t.Errorf("batch 2: %v", err)
	}
	takeBack(t, s, p, 1, now+3) // in force again because of 3
	list, err := s.Batches(store.BatchFilter{}, 10)
	if err != nil || len(list) != 4 {
		t.Fatalf("%+v, %v", list, err)
	}
	for i, want := range []int64{0, 4, 0, 4} {
		if list[i].UndoneBy != want || !list[i].Done {
			t.Errorf("batch %d is undone by %d, not %d: %+v", list[i].ID, list[i].UndoneBy, want, list[i])
		}
	}
	if _, err := s.PlanUndo(9); err == nil || !strings.Contains(err.Error(), "no batch 9") {
		t.Errorf("batch 9: %v", err)
	}
}

// crowdOf gives a store contacts that fill more than a step, each of them bounced.
func crowdOf(t *testing.T, n int) (*store.Store, *hygiene.Policy) {
	t.Helper()
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	var events []hygiene.Event
	for i := range n {
		events = append(events, storetest.Event(storetest.Start, fmt.Sprint("c", i), fmt.Sprint("m", i), hygiene.HardBounce))
	}
	storetest.Append(t, s, events...)
	sweepAll(t, s, p, 0)
	return s, p
}

func TestAnInterruptedBatchSaysSoAndIsFinishedByRepeatingIt(t *testing.T) {
	step := store.SmallSteps(t)
	whole, p := crowdOf(t, step+10)
	cut, _ := crowdOf(t, step+10)
	in, now := hygiene.Instruction{From: storetest.Start, To: storetest.Start}, storetest.Start.Add(hygiene.Day)
	if _, err := strikeAll(t, context.Background(), whole, p, in, now, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	did, err := strikeAll(t, ctx, cut, p, in, now, func(int64) { cancel() })
	if !errors.Is(err, context.Canceled) || did.Contacts != int64(step) {
		t.Fatalf("cut short: %+v, %v", did, err)
	}
	if list, err := cut.Batches(store.BatchFilter{}, 1); err != nil || list[0].Done || list[0].Contacts != int64(step) {
		t.Errorf("%+v, %v", list, err)
	}
	if did, err := strikeAll(t, context.Background(), cut, p, in, now, nil); err != nil || did.Contacts != 10 {
		t.Errorf("again: %+v, %v", did, err)
	}
	if standing(t, cut) != standing(t, whole) {
		t.Error("the act in two parts did not give what it gives in one")
	}

	// Taking back goes on in the batch that was cut short.
	ctx, cancel = context.WithCancel(context.Background())
	back, err := whole.PlanUndo(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := whole.Undo(ctx, p, back, store.Batch{By: "ops"}, now+1, func(int64) { cancel() }, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if did := takeBack(t, whole, p, 1, now+2); did.Batch != 2 || did.Contacts != int64(step)+10 {
		t.Errorf("taken back in two parts: %+v", did)
	}
	if _, err := whole.PlanUndo(1); err == nil {
		t.Error("batch 1 can be taken back twice")
	}
}

func TestWhatIsNewAfterAnUndoActs(t *testing.T) {
	s, p := crowdOf(t, 1)
	now := storetest.Start.Add(hygiene.Day)
	if _, err := strikeAll(t, context.Background(), s, p, hygiene.Instruction{From: storetest.Start, To: now.Add(hygiene.Day)}, now, nil); err != nil {
		t.Fatal(err)
	}
	storetest.Append(t, s, storetest.Event(now+1, "c0", "m9", hygiene.HardBounce)) // in the range, but recorded later
	sweepAll(t, s, p, 0)
	if c, _, err := s.Contact("c0"); err != nil || c.Status(now+1) != hygiene.IsSuppressed {
		t.Errorf("%s, %v", c.Status(now+1), err)
	}
}

func TestAManualSuppressionIsABatchThatCanBeUndone(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: "complaint", By: "ops", Note: "a call"}
	did, err := s.Instruct(p, store.Subjects{Keys: []string{"ann", "bob"}}, in, store.Batch{Kind: store.SuppressBatch, About: "complaint"}, storetest.Start)
	if err != nil || did.Batch != 1 || did.Contacts != 2 {
		t.Fatalf("%+v, %v", did, err)
	}
	if again, err := s.Instruct(p, store.Subjects{Keys: []string{"ann"}}, in, store.Batch{Kind: store.SuppressBatch}, storetest.Start+1); err != nil || again.Batch != 2 || again.Changes != 1 {
		t.Errorf("again: %+v, %v", again, err)
	}
	if back := takeBack(t, s, p, 1, storetest.Start+2); back.Batch != 3 || back.Contacts != 2 {
		t.Errorf("taken back: %+v", back)
	}
	for key, want := range map[string]hygiene.Status{"ann": hygiene.IsSuppressed, "bob": hygiene.Active} {
		if c, _, err := s.Contact(key); err != nil || c.Status(storetest.Start+3) != want {
			t.Errorf("%s is %s, not %s: only ann was suppressed twice; %v", key, c.Status(storetest.Start+3), want, err)
		}
	}
	ledger, err := s.Ledger("bob", 10)
	if err != nil || len(ledger) != 3 || ledger[0].Batch != 3 || ledger[2].Batch != 1 || ledger[0].By != "ops" {
		t.Errorf("%+v, %v", ledger, err)
	}
}

func TestRejudgingByAnotherPolicyAndBackChangesNoContact(t *testing.T) {
	for seed := range uint64(6) {
		s, p, now := sweptStore(t, seed)
		other := hygiene.NewPolicy([]hygiene.Rule{
			{Name: "soft", When: &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(hygiene.SoftBounce), Count: 1}},
				Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "soft_bounce"}}},
		}, "other")
		if err := s.SavePolicy(other.Hash, []byte("other"), now); err != nil {
			t.Fatal(err)
		}
		rejudge := func(p *hygiene.Policy) store.BatchResult {
			did, err := s.Rejudge(context.Background(), p, "", store.Batch{Kind: store.RejudgeBatch, By: "ops"}, now, nil)
			if err != nil {
				t.Fatal(err)
			}
			return did
		}
		before := standing(t, s)
		if did := rejudge(p); did != (store.BatchResult{}) {
			t.Errorf("seed %d: the policy in force changes %+v", seed, did)
		}
		if did := rejudge(other); did.Batch != 1 || did.Contacts == 0 {
			t.Errorf("seed %d: %+v", seed, did)
		}
		if did := rejudge(other); did != (store.BatchResult{}) {
			t.Errorf("seed %d: a second time changes %+v", seed, did)
		}
		rejudge(p)
		if after := standing(t, s); after != before && !anyOverflowed(t, s) {
			t.Errorf("seed %d: before\n%safter\n%s", seed, before, after)
		}
	}
}

// anyOverflowed reports whether a history dropped an entry.
func anyOverflowed(t *testing.T, s *store.Store) (some bool) {
	t.Helper()
	err := s.StepThrough(context.Background(), func(c *hygiene.Contact) bool {
		some = some || overflowed(c)
		return false
	})
	if err != nil {
		t.Fatal(err)
	}
	return some
}
