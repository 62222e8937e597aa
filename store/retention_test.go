package store_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/retention"
	"winnow/store/storetest"
)

// far is a time at which everything in a made-up log is old.
const far = storetest.Start + hygiene.Instant(1000*24*time.Hour/time.Microsecond)

// retain deletes what is older than a day at that time.
func retain(t testing.TB, s *store.Store, now hygiene.Instant) retention.Result {
	t.Helper()
	return retainAs(t, s, nil, now)
}

// retainAs is retain under a policy.
func retainAs(t testing.TB, s *store.Store, p *hygiene.Policy, now hygiene.Instant) retention.Result {
	t.Helper()
	did, err := s.Retain(t.Context(), retention.Options{Keep: retention.Keep{Events: hygiene.Day, Bodies: time.Hour, Quarantine: hygiene.Day}, Now: now, Policy: p, Spared: now,
		SparedBounces: storetest.Start.Add(51 * hygiene.Day), Bounces: map[string]bool{"soft_bounce": true}})
	if err != nil || !did.Done {
		t.Fatalf("%+v, %v", did, err)
	}
	return did
}

// pruneSeeds is how many random histories are pruned; -prune-seeds 200 is a long run.
var pruneSeeds = flag.Int("prune-seeds", 1, "random histories that are pruned")

// judgedOnly leaves the messages of retries out of a picture: those of retries that
// lapsed long ago may be gone.
func judgedOnly(picture string) string {
	var b strings.Builder
	for line := range strings.Lines(picture) {
		if !strings.HasPrefix(line, "  retry ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// numbersOf writes down the numbers on which something stood, with their ledgers. On others
// nothing is judged yet, and what was deleted may have made them subjects.
func numbersOf(t testing.TB, s *store.Store, phones []string) string {
	var b strings.Builder
	for _, phone := range phones {
		n, ok, err := s.Number(phone)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			ledger, err := s.Ledger(hygiene.NumberKey(phone), 10_000)
			if err == nil && len(ledger) == 0 {
				continue
			}
			for i := range ledger {
				ledger[i].ID = 0
			}
			fmt.Fprintf(&b, "%s %x %+v %v\n", phone, n.Pack(nil), ledger, err)
		}
	}
	return b.String()
}

func TestPruningChangesNothingThatIsJudged(t *testing.T) {
	phones := []string{"+90555000000", "+90555000001"}
	for i := range 10 {
		phones = append(phones, fmt.Sprint("+9055500000", i))
	}
	for seed := range uint64(*pruneSeeds) {
		events, registrations := storetest.RandomLog(seed, 160)
		events = withNumbersAlone(events, seed)
		events = append(events, events[:40]...) // an archive of what was pruned is imported again
		whole, pruned := storetest.Open(t), storetest.Open(t)
		p := storetest.Policy(t, whole)
		p.UseNumbers([]string{"hard_bounce"})
		storetest.Policy(t, pruned)
		r := rand.New(rand.NewPCG(seed, 4))
		deleted, reclassified := int64(0), int64(0)
		for rest, n := events, 0; len(rest) > 0; n++ {
			size := min(20+r.IntN(60), len(rest))
			acts := actsOf(r, registrations, n)
			for _, s := range []*store.Store{whole, pruned} {
				storetest.Append(t, s, rest[:size]...)
				sweepAll(t, s, p, 0)
				acts(t, s, p)
				moved, err := s.Reclassify(t.Context(), p, swapped, "", store.Batch{}, far, nil)
				must(t, err)
				reclassified += moved.Events
			}
			if n == 2 { // another policy from here on
				for _, s := range []*store.Store{whole, pruned} {
					p = twoHardBounces(t, s)
					_, err := s.Rejudge(t.Context(), p, "", store.Batch{}, far, nil)
					must(t, err)
				}
			}
			deleted += retainAs(t, pruned, p, far).Events
			rest = rest[size:]
			if a, b := storetest.Dump(t, whole), storetest.Dump(t, pruned); judgedOnly(a) != judgedOnly(b) {
				t.Fatalf("seed %d, step %d: unpruned\n%s\npruned\n%s", seed, n, judgedOnly(a), judgedOnly(b))
			}
			if a, b := numbersOf(t, whole, phones), numbersOf(t, pruned, phones); a != b {
				t.Fatalf("seed %d, step %d: unpruned\n%s\npruned\n%s", seed, n, a, b)
			}
		}
		a, errA := whole.Totals()
		b, errB := pruned.Totals()
		b.Retention = a.Retention
		if errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("seed %d: unpruned %+v, pruned %+v, %v, %v", seed, a, b, errA, errB)
		}
		if reclassified == 0 {
			t.Errorf("seed %d: nothing was reclassified", seed)
		}
		if deleted < int64(len(events))/2 {
			t.Errorf("seed %d: %d of %d events were deleted", seed, deleted, len(events))
		}
		if a, b := files(t, whole, p), files(t, pruned, p); !reflect.DeepEqual(a, b) {
			t.Errorf("seed %d: unpruned %q, pruned %q", seed, a, b)
		}
	}
}

// withNumbersAlone puts events that name a number and no contact between others.
func withNumbersAlone(events []hygiene.Event, seed uint64) (list []hygiene.Event) {
	r := rand.New(rand.NewPCG(seed, 5))
	outcomes := []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.SoftBounce, hygiene.HardBounce, hygiene.Unsubscribed}
	for i := range events {
		list = append(list, events[i])
		if r.IntN(3) == 0 {
			e := storetest.Event(events[i].ReceivedAt, "", fmt.Sprint("alone-", i), outcomes[r.IntN(len(outcomes))])
			e.To, e.Code = fmt.Sprint("+9055500000", r.IntN(10)), "alone"
			list = append(list, e)
		}
	}
	return list
}

func TestEventsOnANumberAloneAreDeletedByTheAgeOfEvents(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	var events []hygiene.Event
	for i, o := range []hygiene.Outcome{hygiene.Delivered, hygiene.HardBounce, hygiene.Delivered, hygiene.Delivered} {
		e := storetest.Event(storetest.Start.Add(time.Duration(i)*time.Hour), "", fmt.Sprint("m", i), o)
		e.Code, e.To = fmt.Sprint("code-", i), []string{onePhone, onePhone, otherPhone, ""}[i]
		events = append(events, e)
	}
	storetest.Append(t, s, append(events, storetest.Event(storetest.Start.Add(hygiene.Day), "bob", "b", hygiene.Sent))...)
	sweepAll(t, s, p, 0)
	stands := standsOn(t, s, onePhone)
	if did := retainAs(t, s, p, far); did.Events != 2 || did.Evidence != 1 || did.Needed != 1 || did.Unmatched != 0 {
		t.Errorf("%+v", did)
	}
	for seq, want := range map[int64]string{1: "", 2: "code-1", 3: "", 4: "code-3"} {
		e, ok, err := s.Event(seq)
		if err != nil || ok != (want != "") || e.Code != want || ok && e.MessageID != fmt.Sprint("m", seq-1) || seq == 2 && len(e.Body) > 0 {
			t.Errorf("event %d: %+v, %v", seq, e, err)
		}
	}
	if now := standsOn(t, s, onePhone); stands == "" || now != stands {
		t.Errorf("on the number stands %q, and stood %q", now, stands)
	}
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m1", Contact: "ann"})
	sweepAll(t, s, p, 0)
	if now := standsOn(t, s, onePhone); !strings.HasSuffix(now, "of ann") && now != "" {
		t.Errorf("the contact of the evidence became known, and on the number stands %q", now)
	}
}

// swapped takes deliveries to a number alone for hard bounces, and hard bounces for
// deliveries. It is used before an event is deleted: what is gone can't be reclassified.
func swapped(_, event, code string) (hygiene.Outcome, bool) {
	o, err := hygiene.ParseOutcome(event)
	switch {
	case code != "alone":
	case o == hygiene.Delivered:
		o = hygiene.HardBounce
	case o == hygiene.HardBounce:
		o = hygiene.Delivered
	}
	return o, err == nil
}

// twoHardBounces is a policy that asks for two hard bounces.
func twoHardBounces(t testing.TB, s *store.Store) *hygiene.Policy {
	t.Helper()
	of := hygiene.Counting{Outcomes: hygiene.OutcomesOf(hygiene.HardBounce), Count: 2}
	p := hygiene.NewPolicy([]hygiene.Rule{{Name: "hard", When: &hygiene.When{Counting: of}, Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "hard_bounce"}}}}, "two")
	p.UseNumbers([]string{"hard_bounce"})
	storetest.SavePolicy(t, s, p)
	return p
}

// actsOf is something that people do between two sweeps, the same in every store.
func actsOf(r *rand.Rand, registrations []store.Registration, n int) func(testing.TB, *store.Store, *hygiene.Policy) {
	now, key := storetest.Start.Add(time.Duration(n*3)*hygiene.Day), fmt.Sprint("contact-", r.IntN(8))
	from := r.IntN(len(registrations))
	some := registrations[from:min(from+5, len(registrations))]
	at := r.IntN(6)
	return func(t testing.TB, s *store.Store, p *hygiene.Policy) {
		t.Helper()
		var err error
		switch at {
		case 0:
			_, err = s.Register(t.Context(), some)
		case 1:
			_, err = s.SaveProfiles([]store.Profile{{Key: key, Phone: fmt.Sprint("+9055500000", n%10)}}, now)
		case 2:
			_, err = s.Instruct(p, store.Subjects{Keys: []string{key}}, hygiene.Instruction{Kind: hygiene.Allow}, store.Batch{Kind: store.AllowBatch}, now)
		case 3:
			_, err = s.Rejudge(t.Context(), p, "", store.Batch{}, now, nil)
		case 4:
			strike := hygiene.Instruction{Kind: hygiene.Strike, Reason: "soft_bounce", From: storetest.Start, To: now}
			_, err = s.InvalidateEvidence(t.Context(), p, strike, store.Batch{Kind: store.UndoBatch}, now, nil)
		case 5:
			var batches []store.Batch
			if batches, err = s.Batches(store.BatchFilter{}, 1); err == nil && len(batches) > 0 {
				var u store.UndoPlan
				if u, err = s.PlanUndo(batches[0].ID); err == nil && u.Batch.UndoneBy == 0 {
					_, err = s.Undo(t.Context(), p, u, store.Batch{Kind: store.UndoBatch}, now, nil, nil)
				}
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestEventsThatAreEvidenceStayWithoutTheirBodies(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	day := func(n int) hygiene.Instant { return storetest.Start.Add(time.Duration(n) * hygiene.Day) }
	storetest.Append(t, s, storetest.Event(day(0), "ann", "m1", hygiene.Sent), storetest.Event(day(1), "ann", "m1", hygiene.HardBounce),
		storetest.Event(day(2), "bob", "m2", hygiene.Delivered), storetest.Event(day(3), "", "m3", hygiene.Delivered), storetest.Event(day(4), "bob", "m4", hygiene.Delivered))
	sweepAll(t, s, p, 0)
	did := retain(t, s, far)
	if did.Events != 2 || did.Bodies != 1 || did.Evidence != 1 || did.Needed != 1 {
		t.Errorf("%+v", did)
	}
	for seq, want := range map[int64]string{1: "", 2: "m1", 3: "", 4: "m3", 5: "m4"} {
		e, ok, err := s.Event(seq)
		if err != nil || ok != (want != "") || ok && e.MessageID != want || seq == 2 && len(e.Body) > 0 || seq > 3 && len(e.Body) == 0 {
			t.Errorf("event %d: %+v, %v", seq, e, err)
		}
	}
	facts, err := s.Pruned()
	if n, through := facts.Of(engine.PrunedEvents, "insider"); err != nil || n != 2 || through != day(2) || facts.EndedAt != far || facts.Oldest != day(1) {
		t.Errorf("%+v, %v", facts, err)
	}
}

func TestUnmatchedEventsAreGivenUpByTheirAge(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	old, young := storetest.Start, storetest.Start.Add(60*hygiene.Day)
	storetest.Append(t, s, storetest.Event(old, "", "m1", hygiene.HardBounce), storetest.Event(young, "", "m2", hygiene.HardBounce), storetest.Event(young, "bob", "m3", hygiene.Sent))
	sweepAll(t, s, p, 0)
	did, err := s.Retain(t.Context(), retention.Options{Keep: retention.Keep{Unmatched: 90 * hygiene.Day}, Now: storetest.Start.Add(100 * hygiene.Day), Spared: far})
	if err != nil || did.Unmatched != 1 || did.Events != 0 {
		t.Fatalf("%+v, %v", did, err)
	}
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m1", Contact: "ann"}, store.Registration{Source: "insider", MessageID: "m2", Contact: "cem"})
	sweepAll(t, s, p, 0)
	totals, err := s.Totals()
	if c, _, _ := s.Contact("ann"); c.History.FirstSeen() != 0 || err != nil || totals.Unmatched != 0 || totals.Events != 3 {
		t.Errorf("of ann: %+v; %+v, %v", c.History, totals, err)
	}
	if c, ok, err := s.Contact("cem"); !ok || len(c.Suppressions) != 1 || err != nil {
		t.Errorf("the younger event does not act: %+v, %v", c, err)
	}
}

func TestEventsOfHeldContactsAndSurgesStayWhole(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	var events []hygiene.Event
	for i := range 10 {
		events = append(events, storetest.Event(storetest.Start.Add(time.Duration(i)*time.Second), fmt.Sprint("c", i), fmt.Sprint("m", i), hygiene.HardBounce))
	}
	events = append(events, storetest.Event(storetest.Start.Add(hygiene.Day), "ann", "a", hygiene.Delivered), storetest.Event(storetest.Start.Add(hygiene.Day), "bob", "b", hygiene.Delivered), storetest.Event(storetest.Start.Add(hygiene.Day), "bob", "b2", hygiene.Sent))
	storetest.Append(t, s, events...)
	o := options(p, storetest.Start)
	o.Breakers = []hygiene.Breaker{{Outcome: hygiene.HardBounce, Rate: 3, Window: time.Hour}}
	if did, err := s.Sweep(t.Context(), o); err != nil || did.Held == 0 {
		t.Fatalf("%+v, %v", did, err)
	}
	if known, err := s.Hold(store.Hold{Contact: "ann"}); !known || err != nil {
		t.Fatal(known, err)
	}
	did := retain(t, s, far)
	for seq := int64(1); seq <= int64(len(events)); seq++ {
		e, ok, err := s.Event(seq)
		if want := seq != 12; err != nil || ok != want || (seq == 5 || seq == 11) && len(e.Body) == 0 {
			t.Errorf("event %d: %v, %d bytes, %v", seq, ok, len(e.Body), err)
		}
	}
	if did.Events != 1 {
		t.Errorf("%+v", did)
	}
	if _, err := s.EndHold("ann"); err != nil {
		t.Fatal(err)
	}
	if did := retain(t, s, far.Add(2*hygiene.Day)); did.Events != 1 {
		t.Errorf("after the hold: %+v", did)
	}
}

func TestAPassThatIsStoppedGoesOnWhereItWas(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	storetest.AppendMany(t, s, storetest.LifelikeLog(3*engine.PieceSeqs/2, 100, storetest.Start, 1))
	sweepAll(t, s, p, 0)
	ctx, cancel := context.WithCancel(t.Context())
	o := retention.Options{Keep: retention.Keep{Events: hygiene.Day}, Now: far, Spared: far, Progress: func(int64) { cancel() }}
	did, err := s.Retain(ctx, o)
	if !errors.Is(err, context.Canceled) || did.Events == 0 || did.Events >= engine.PieceSeqs {
		t.Fatalf("%+v, %v", did, err)
	}
	o.Progress, o.Budget = nil, time.Nanosecond
	again, err := s.Retain(t.Context(), o)
	if err != nil || again.Done {
		t.Fatalf("%+v, %v", again, err)
	}
	o.Budget = 0
	looked := int64(0)
	o.Progress = func(events int64) { looked = events }
	if rest, err := s.Retain(t.Context(), o); err != nil || !rest.Done || rest.Events == 0 || looked > engine.PieceSeqs {
		t.Errorf("%+v after %d events, %v", rest, looked, err)
	}
	if rest, err := s.Retain(t.Context(), o); err != nil || rest.Events != 0 {
		t.Errorf("once more: %+v, %v", rest, err)
	}
}
