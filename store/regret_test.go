package store_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine/enginetest"
	"winnow/store/storetest"
)

// figures are what rules did, as rule:acted/right/regretted.
func figures(t *testing.T, s *store.Store, now hygiene.Instant) string {
	t.Helper()
	list, _, err := s.Regret(now)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, f := range list {
		texts = append(texts, fmt.Sprintf("%s:%d/%d/%d", f.Rule, f.Acted, f.Right, f.Regretted))
	}
	return fmt.Sprint(texts)
}

func checkFigures(t *testing.T, s *store.Store, now hygiene.Instant, claim, want string) {
	t.Helper()
	if got := figures(t, s, now); got != want {
		t.Errorf("%s: counted are %s, want %s", claim, got, want)
	}
}

func TestWhatARuleDidIsCountedAsEventsComeIn(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	day := func(n int) hygiene.Instant { return storetest.Start.Add(time.Duration(n) * hygiene.Day) }
	learn := func(events ...hygiene.Event) {
		storetest.Append(t, s, events...)
		storetest.Sweep(t, s, p, 0)
	}
	learn(storetest.Event(day(1), "ann", "a1", hygiene.HardBounce), storetest.Event(day(1), "bob", "b1", hygiene.HardBounce), storetest.Event(day(1), "cem", "c1", hygiene.HardBounce))
	checkFigures(t, s, day(10), "nothing came since", "[hard:3/0/0]")
	learn(storetest.Event(day(2), "ann", "a2", hygiene.Delivered))
	checkFigures(t, s, day(10), "ann was delivered to", "[hard:3/0/1]")
	learn(storetest.Event(day(3), "bob", "b2", hygiene.SoftBounce), storetest.Event(day(3), "cem", "c1", hygiene.InvalidNumber))
	checkFigures(t, s, day(10), "another message to bob failed, and the same to cem", "[hard:3/1/1]")
	learn(storetest.Event(day(4), "bob", "b3", hygiene.Delivered))
	checkFigures(t, s, day(10), "bob was delivered to after all", "[hard:3/0/2]")
	checkFigures(t, s, day(90), "the 90th day", "[hard:3/0/2]")
	checkFigures(t, s, day(91), "the day after", "[]")
	checkFigures(t, s, day(0), "the day before", "[]")
}

func TestWhatEndedIsCountedFurther(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	var events []hygiene.Event
	for i, o := range []hygiene.Outcome{hygiene.SoftBounce, hygiene.SoftBounce, hygiene.SoftBounce, hygiene.Delivered, hygiene.SoftBounce, hygiene.SoftBounce, hygiene.SoftBounce, hygiene.SoftBounce} {
		events = append(events, storetest.Event(storetest.Start.Add(time.Duration(i)*hygiene.Day), "ann", fmt.Sprint("m", i), o))
	}
	storetest.Append(t, s, events...)
	storetest.Sweep(t, s, p, 1)
	checkFigures(t, s, storetest.Start.Add(10*hygiene.Day), "rested, delivered to, rested again and failed", "[rest:2/1/1]")
}

// Whatever changes contacts changes the figures with them: none lies about evidence that
// does not count any more, and none forgets what an operator allowed.
func TestWhatChangesContactsChangesWhatRulesDid(t *testing.T) {
	now := storetest.Start.Add(10 * hygiene.Day)
	begin := func(t *testing.T) (*store.Store, *hygiene.Policy) {
		s := storetest.Open(t)
		p := storetest.Policy(t, s)
		storetest.Append(t, s, storetest.Event(storetest.Start, "ann", "a1", hygiene.HardBounce), storetest.Event(storetest.Start, "bob", "b1", hygiene.HardBounce),
			storetest.Event(storetest.Start.Add(hygiene.Day), "ann", "a2", hygiene.Delivered))
		storetest.Sweep(t, s, p, 0)
		checkFigures(t, s, now, "at first", "[hard:2/0/1]")
		return s, p
	}
	t.Run("an undo", func(t *testing.T) {
		s, p := begin(t)
		did, err := s.InvalidateEvidence(t.Context(), p, hygiene.Instruction{Kind: hygiene.Strike, From: storetest.Start, To: now}, store.Batch{At: now, Kind: store.UndoBatch}, now, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkFigures(t, s, now, "the evidence was false", "[]")
		plan, err := s.PlanUndo(did.Batch)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Undo(t.Context(), p, plan, store.Batch{At: now}, now, nil, nil); err != nil {
			t.Fatal(err)
		}
		checkFigures(t, s, now, "the undo was undone", "[hard:2/0/1]")
	})
	t.Run("an allow", func(t *testing.T) {
		s, p := begin(t)
		in := hygiene.Instruction{Kind: hygiene.Allow, By: "ann"}
		for _, key := range []string{"ann", "bob"} {
			instructing(in, now, key)(t, s, p)
		}
		checkFigures(t, s, now, "what was lifted was done", "[hard:2/0/1]")
		storetest.Append(t, s, storetest.Event(now+1, "bob", "b2", hygiene.Delivered))
		storetest.Sweep(t, s, p, 0)
		checkFigures(t, s, now, "bob was allowed, and delivered to", "[hard:2/0/2]")
	})
	t.Run("a merge", func(t *testing.T) {
		s, p := begin(t)
		storetest.Append(t, s, storetest.Event(storetest.Start, "cem", "c1", hygiene.Sent))
		storetest.Sweep(t, s, p, 0)
		did := merge(t, s, p, now, "bob", "cem")
		checkFigures(t, s, now, "no rule acted by it", "[hard:2/0/1]")
		plan, err := s.PlanUndo(did.Batch)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Undo(t.Context(), p, plan, store.Batch{At: now}, now, nil, nil); err != nil {
			t.Fatal(err)
		}
		checkFigures(t, s, now, "nor when it was undone", "[hard:2/0/1]")
		storetest.Append(t, s, storetest.Event(now+1, "bob", "b2", hygiene.Delivered))
		storetest.Sweep(t, s, p, 0)
		checkFigures(t, s, now, "bob, parted again, was delivered to", "[hard:2/0/2]")
	})
	t.Run("a rejudge", func(t *testing.T) {
		s, p := begin(t)
		if _, err := s.Rejudge(t.Context(), p, "", store.Batch{At: now, Kind: store.RejudgeBatch}, now, nil); err != nil {
			t.Fatal(err)
		}
		checkFigures(t, s, now, "under the same policy", "[hard:2/0/1]")
	})
}

// Late evidence may take back what a rule did: it acted all the same, as the ledger says.
func TestFiguresOfEventsInOrderAreTheSameHoweverTheLogIsCut(t *testing.T) {
	acted := 0
	for seed := range uint64(4) {
		events, registrations := storetest.RandomLog(seed, 160)
		r := rand.New(rand.NewPCG(seed, 5))
		var want string
		for try := range 3 {
			s := storetest.Open(t)
			p := storetest.Policy(t, s)
			if _, err := s.Register(context.Background(), registrations); err != nil {
				t.Fatal(err)
			}
			order := slices.Clone(events)
			slices.SortStableFunc(order, func(a, b hygiene.Event) int { return cmp.Compare(a.At, b.At) })
			for i := range order {
				order[i].Seq = 0
			}
			now := storetest.Start.Add(30 * hygiene.Day)
			for rest := order; len(rest) > 0; {
				n := len(rest)
				if try > 0 {
					n = min(n, 1+r.IntN(30))
				}
				storetest.Append(t, s, rest[:n]...)
				rest = rest[n:]
				storetest.Sweep(t, s, p, r.IntN(20))
			}
			switch got := figures(t, s, now); {
			case try == 0:
				want = got
				acted += len(got) - len("[]")
			case got != want:
				t.Errorf("seed %d: in one sweep %s, cut %s", seed, want, got)
			}
		}
	}
	if acted == 0 {
		t.Error("no rule acted: the law is held against nothing")
	}
}

// A number has what its rules look at alone: what else its contacts get still measures it,
// and once, however many contacts it has.
func TestADeliveryToAContactMeasuresWhatIsOnItsNumber(t *testing.T) {
	for sweep := range 2 { // all in one, or each by itself
		s := storetest.Open(t)
		p := storetest.Policy(t, s)
		p.UseNumbers([]string{"hard_bounce"})
		var profiles []store.Profile
		for key, phone := range map[string]string{"ann": "+905550000001", "ben": "+905550000001", "cem": "+905550000002"} {
			profiles = append(profiles, store.Profile{Key: key, HasPhone: true, Phone: phone})
		}
		if _, err := s.SaveProfiles(profiles, storetest.Start); err != nil {
			t.Fatal(err)
		}
		day := func(n int) hygiene.Instant { return storetest.Start.Add(time.Duration(n) * hygiene.Day) }
		for _, e := range []hygiene.Event{storetest.Event(day(1), "ann", "a1", hygiene.HardBounce), storetest.Event(day(1), "cem", "c1", hygiene.HardBounce),
			storetest.Event(day(2), "ann", "a2", hygiene.Delivered), storetest.Event(day(2), "ben", "b1", hygiene.Delivered), storetest.Event(day(3), "cem", "c2", hygiene.SoftBounce)} {
			storetest.Append(t, s, e)
			if sweep == 1 {
				storetest.Sweep(t, s, p, 0)
			}
		}
		storetest.Sweep(t, s, p, 0)
		checkFigures(t, s, day(10), fmt.Sprint("way ", sweep), "[hard:2/1/1]")
	}
}

func TestAStoreThatWasThereBeforeCountsFromTheNextDayOn(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	storetest.Append(t, s, storetest.Event(storetest.Start, "ann", "a1", hygiene.HardBounce))
	storetest.Sweep(t, s, p, 0)
	enginetest.Change(t, s.Location(), "DELETE FROM regret", fmt.Sprintf("INSERT INTO counters (name, value) VALUES ('regret_since', %d)", int64(storetest.Start.Add(hygiene.Day))))
	now := storetest.Start.Add(5 * hygiene.Day)
	storetest.Append(t, s, storetest.Event(storetest.Start.Add(hygiene.Day), "ann", "a2", hygiene.Delivered), storetest.Event(storetest.Start.Add(hygiene.Day), "bob", "b1", hygiene.HardBounce))
	storetest.Sweep(t, s, p, 0)
	checkFigures(t, s, now, "only what came since", "[hard:1/0/0]")
	if _, since, err := s.Regret(now); err != nil || since != storetest.Start.Add(hygiene.Day) {
		t.Errorf("counted since %s, %v", since, err)
	}
}

// limited is a sweep with a limit of regret.
func limited(t *testing.T, s *store.Store, p *hygiene.Policy, now hygiene.Instant) store.Swept {
	t.Helper()
	did, err := s.Sweep(t.Context(), store.SweepOptions{Policy: p, Now: now, Regret: &hygiene.RegretLimit{Max: 0.1, Min: 10}})
	if err != nil {
		t.Fatal(err)
	}
	return did
}

// wrongRule is a store whose rule hard suppressed ten, two of which were delivered to.
func wrongRule(t *testing.T) (*store.Store, *hygiene.Policy) {
	s := storetest.Open(t)
	rules := storetest.Policy(t, s).Rules
	optOut := hygiene.Rule{Name: "opt-out", When: &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(hygiene.Unsubscribed), Count: 1}},
		Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: hygiene.OptedOut}}}
	p := hygiene.NewPolicy(append(slices.Clone(rules), optOut), "with opt-outs")
	storetest.SavePolicy(t, s, p)
	for i := range 10 {
		storetest.Append(t, s, storetest.Event(storetest.Start, fmt.Sprint("old-", i), fmt.Sprint("o", i), hygiene.HardBounce))
	}
	for i := range 2 {
		storetest.Append(t, s, storetest.Event(storetest.Start+1, fmt.Sprint("old-", i), fmt.Sprint("d", i), hygiene.Delivered))
	}
	if did := limited(t, s, p, storetest.Start.Add(hygiene.Day)); len(did.Tripped) != 1 || did.Tripped[0].Rule != "hard" || did.Tripped[0].Share != 0.2 {
		t.Fatalf("tripped %+v", did.Tripped)
	}
	return s, p
}

func isSuppressed(t *testing.T, s *store.Store, key string, now hygiene.Instant) bool {
	t.Helper()
	c, ok, err := s.Contact(key)
	if err != nil || !ok {
		t.Fatalf("%s: %v, %v", key, ok, err)
	}
	return c.Status(now) == hygiene.IsSuppressed
}

func TestARuleThatIsRegrettedTooOftenOnlyProposes(t *testing.T) {
	s, p := wrongRule(t)
	now := storetest.Start.Add(3 * hygiene.Day)
	storetest.Append(t, s, storetest.Event(storetest.Start.Add(2*hygiene.Day), "new", "n1", hygiene.HardBounce), storetest.Event(storetest.Start.Add(2*hygiene.Day), "out", "n2", hygiene.Unsubscribed))
	if did := limited(t, s, p, now); len(did.Tripped) != 0 {
		t.Errorf("it tripped again: %+v", did.Tripped)
	}
	check := func(claim string, want bool) {
		t.Helper()
		if got := isSuppressed(t, s, "new", now.Add(hygiene.Day)); got != want {
			t.Errorf("%s: suppressed is %v", claim, got)
		}
		if !isSuppressed(t, s, "out", now) || !isSuppressed(t, s, "old-7", now) {
			t.Errorf("%s: an opt-out, or what was suppressed before, is not in force", claim)
		}
	}
	check("the verdict waits", false)
	storetest.Append(t, s, storetest.Event(storetest.Start.Add(2*hygiene.Day)-5, "new", "late", hygiene.Sent))
	limited(t, s, p, now)
	check("a late event judges it again", false)
	if _, err := s.Rejudge(t.Context(), p, "", store.Batch{At: now, Kind: store.RejudgeBatch}, now, nil); err != nil {
		t.Fatal(err)
	}
	check("and so does a rejudge", false)
	trips, err := s.BreakerTrips()
	if err != nil || len(trips) != 1 || trips[0].Contacts != 1 || trips[0].Events != 1 {
		t.Fatalf("trips: %+v, %v", trips, err)
	}
	if _, _, err := s.ReleaseTrip(t.Context(), store.TripReview{Trip: trips[0].ID, Policy: p, Now: now, By: "ayse"}); err != nil {
		t.Fatal(err)
	}
	check("it was released", true)
	storetest.Append(t, s, storetest.Event(now, "later", "l1", hygiene.HardBounce))
	if did := limited(t, s, p, now.Add(hygiene.Day)); len(did.Tripped) != 0 || !isSuppressed(t, s, "later", now.Add(hygiene.Day)) {
		t.Errorf("after the release it tripped %+v, or holds still", did.Tripped)
	}
	if _, err := s.Rejudge(t.Context(), p, "", store.Batch{At: now, Kind: store.RejudgeBatch}, now, nil); err != nil {
		t.Fatal(err)
	}
	check("a rejudge after the release", true)
}

func TestWhatAWrongRuleSaidIsDiscardedAndThatIsUndone(t *testing.T) {
	s, p := wrongRule(t)
	now := storetest.Start.Add(3 * hygiene.Day)
	storetest.Append(t, s, storetest.Event(storetest.Start.Add(2*hygiene.Day), "new", "n1", hygiene.HardBounce))
	limited(t, s, p, now)
	trips, err := s.BreakerTrips()
	if err != nil || len(trips) != 1 {
		t.Fatal(trips, err)
	}
	_, did, err := s.DiscardTrip(t.Context(), store.TripReview{Trip: trips[0].ID, Policy: p, Now: now, By: "ayse"})
	if err != nil {
		t.Fatal(err)
	}
	storetest.Append(t, s, storetest.Event(storetest.Start.Add(2*hygiene.Day)-5, "new", "late", hygiene.Sent))
	limited(t, s, p, now)
	if isSuppressed(t, s, "new", now) || !isSuppressed(t, s, "old-7", now) {
		t.Error("what was held is in force, or what was suppressed before is not")
	}
	plan, err := s.PlanUndo(did.Batch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Undo(t.Context(), p, plan, store.Batch{At: now}, now, nil, nil); err != nil {
		t.Fatal(err)
	}
	trip, err := s.Trip(trips[0].ID)
	if err != nil || trip.State != store.TripHeld || isSuppressed(t, s, "new", now) {
		t.Errorf("after the undo: %+v, %v; new is suppressed: %v", trip, err, isSuppressed(t, s, "new", now))
	}
}

func TestAReviewProposesToo(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	quiet := hygiene.Rule{Name: "quiet", Where: hygiene.SeenTest{OlderThan: hygiene.Day}, Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "inactive"}}}
	p = hygiene.NewPolicy(append(slices.Clone(p.Rules), quiet), "quiet")
	storetest.SavePolicy(t, s, p)
	now := storetest.Start.Add(2 * hygiene.Day)
	for i := range 10 {
		storetest.Append(t, s, storetest.Event(storetest.Start, fmt.Sprint("old-", i), fmt.Sprint("o", i), hygiene.Sent))
	}
	limited(t, s, p, now)
	review := func(now hygiene.Instant) {
		t.Helper()
		if _, err := s.Review(t.Context(), p, now, nil); err != nil {
			t.Fatal(err)
		}
	}
	review(now)
	for i := range 2 {
		storetest.Append(t, s, storetest.Event(now+1, fmt.Sprint("old-", i), fmt.Sprint("d", i), hygiene.Delivered))
	}
	storetest.Append(t, s, storetest.Event(now+1, "new", "n", hygiene.Sent))
	if did := limited(t, s, p, now.Add(hygiene.Day)); len(did.Tripped) != 1 {
		t.Fatalf("tripped %+v", did.Tripped)
	}
	later := now.Add(3 * hygiene.Day)
	review(later)
	review(later.Add(hygiene.Day))
	if isSuppressed(t, s, "new", later) || !isSuppressed(t, s, "old-7", later) {
		t.Error("the verdict of a review does not wait, or what was suppressed before is not in force")
	}
	trips, err := s.BreakerTrips()
	if err != nil || len(trips) != 1 || trips[0].Contacts != 1 {
		t.Fatalf("trips: %+v, %v", trips, err)
	}
	if _, _, err := s.ReleaseTrip(t.Context(), store.TripReview{Trip: trips[0].ID, Policy: p, Now: later.Add(hygiene.Day), By: "ayse"}); err != nil {
		t.Fatal(err)
	}
	if !isSuppressed(t, s, "new", later.Add(hygiene.Day)) {
		t.Error("it was released, and is not in force")
	}
}
