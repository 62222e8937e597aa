package hygiene

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// visibleState is what of a contact is visible: what is in effect, and what is held.
func visibleState(c *Contact, at Instant) string {
	d := c.clone()
	d.Instructions = nil
	for i := range d.Suppressions {
		d.Suppressions[i].Held = min(d.Suppressions[i].Held, 1)
	}
	return stateText(d)
}

func TestAStrikeTakenBackGivesTheContactBack(t *testing.T) {
	forRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c := &Contact{Key: "k"}
		events := randomEvents(r, 10+r.IntN(200), true)
		arrive(t, p, c, events, 0)
		end := EndOf(events[len(events)-1].At)
		end.Seq = int64(len(events))
		before := c.clone()
		in := randomStrike(r, end)
		in.Batch = 9
		if p.Affects(c, &in) {
			p.Instruct(c, in)
			if p.Affects(c, &in) {
				t.Errorf("the same strike again concerns the contact")
			}
		}
		struck := stateText(c.clone())
		p.SetUndone(c, 9, true, end)
		if a, b := visibleState(before, end.At), visibleState(c, end.At); a != b {
			t.Errorf("before %s\nafter %s", a, b)
		}
		p.SetUndone(c, 9, false, end)
		if stateText(c) != struck {
			t.Errorf("struck %s\nand again %s", struck, stateText(c))
		}
	})
}

func TestWhatWasHeldAndReleasedIsAsIfItWasNeverHeld(t *testing.T) {
	forRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		free, held := &Contact{}, &Contact{}
		events := randomEvents(r, 5+r.IntN(60), true)
		arrive(t, p, free, events, 0)
		for i := range events {
			if r.IntN(3) == 0 {
				events[i].Held = int64(1 + r.IntN(2))
			}
		}
		arrive(t, p, held, events, 0)
		now := events[len(events)-1].At
		for o := range free.History.outcomes {
			if free.History.outcomes[o].Dropped {
				return // some of it has settled as it was
			}
		}
		for trip := range int64(2) {
			p.ReleaseHeld(held, trip+1, EndOf(now))
		}
		if a, b := stateText(free), stateText(held); a != b {
			t.Errorf("never held %s\nreleased %s", a, b)
		}
	})
}

func TestHeldEventsAreIgnored(t *testing.T) {
	p := examplePolicy()
	c := &Contact{}
	p.Apply(c, &Event{Seq: 1, At: start, Source: "a", MessageID: "m", Outcome: HardBounce, Held: 7})
	if s := c.Status(start); s != Active {
		t.Errorf("the contact is %s", s)
	}
	if held := c.HeldSuppressions(start); len(held) != 1 || held[0].Held != 7 || len(c.Reasons(start)) > 0 || len(c.OpenSuppressions(start)) > 0 {
		t.Errorf("what waits: %+v, reasons %v", held, c.Reasons(start))
	}
	changes := p.ReleaseHeld(c, 7, Moment{start.Add(Day), 2})
	if len(changes) != 1 || changes[0].Act != Suppressed || c.Status(start.Add(Day)) != IsSuppressed || c.IsHeldBy(7) {
		t.Errorf("released: %+v, %s", changes, c.Status(start.Add(Day)))
	}
}

// holdScenario is a contact under a policy, event by event, with the breaker trip that
// holds each.
type holdScenario struct {
	p   *Policy
	c   Contact
	seq int64
}

func (l *holdScenario) happens(d float64, o Outcome, code string, held int64) {
	l.seq++
	at := day(d)
	l.p.Apply(&l.c, &Event{Seq: l.seq, At: at, ReceivedAt: at, Source: "a", MessageID: fmt.Sprint("m", l.seq), Outcome: o, Code: code, Held: held})
}

func (l *holdScenario) instruct(d float64, in Instruction) {
	in.Moment = Moment{day(d), l.seq}
	l.p.Instruct(&l.c, in)
}

func (l *holdScenario) is(t *testing.T, d float64, want Status, why string) {
	t.Helper()
	if got := l.c.Status(day(d)); got != want {
		t.Errorf("%s on day %g, not %s: %s; %+v", got, d, want, why, l.c.Suppressions)
	}
}

func newHoldScenario(rules ...Rule) *holdScenario { return &holdScenario{p: NewPolicy(rules, "x")} }

func TestAHeldEventBetweenRealOnesHidesNone(t *testing.T) {
	l := newHoldScenario(Rule{Name: "two", When: counting(2, 0, 0, HardBounce), Then: suppressFor("hard_bounce", 0)})
	l.happens(0, HardBounce, "", 0)
	l.happens(1, HardBounce, "", 7)
	l.is(t, 1, Active, "the verdict on the second waits")
	l.happens(2, HardBounce, "", 0)
	l.is(t, 2, IsSuppressed, "two bounces are real")
}

func TestAConditionBesideWhenCountsNeitherHeldNorStruck(t *testing.T) {
	bounced := OutcomeTest{Counting{Outcomes: OutcomesOf(HardBounce), Count: 1}}
	l := newHoldScenario(Rule{Name: "w", When: counting(1, 0, 0, Sent), Where: bounced, Then: suppressFor("hard_bounce", 0)})
	l.happens(0, HardBounce, "", 7)
	l.happens(1, Sent, "", 0)
	l.is(t, 1, Active, "the bounce is held")
	l.p.ReleaseHeld(&l.c, 7, Moment{day(2), l.seq})
	l.is(t, 2, IsSuppressed, "the bounce was released")
	l.instruct(3, Instruction{Kind: Strike, From: day(0), To: day(0.5), Batch: 1})
	l.is(t, 3, Active, "the bounce was struck")
}

func TestDiscardingASurgeDropsItsRetries(t *testing.T) {
	l := &holdScenario{p: examplePolicy()}
	l.happens(0, SoftBounce, "", 7)
	l.is(t, 0.01, Cooling, "only suppressions wait")
	in := Instruction{Kind: Strike, Moment: Moment{day(1), l.seq}, Outcome: SoftBounce, Source: "a", From: day(0), To: day(0), Held: 7, Batch: 1}
	if !l.p.Affects(&l.c, &in) {
		t.Error("the discard concerns nobody")
	}
	l.instruct(1, in)
	l.is(t, 0.01, Active, "the bounce was discarded")
}

func TestAHeldRenewalThatIsFrozenRenewsWhenReleased(t *testing.T) {
	when := counting(1, 0, 0, SoftBounce)
	when.Codes = []string{"1404"}
	l := newHoldScenario(Rule{Name: "c", When: when, Then: suppressFor("soft_bounce", 30*Day)})
	l.happens(0, SoftBounce, "1404", 0)
	l.happens(10, SoftBounce, "1404", 7)
	for i := range 18 {
		l.happens(11+float64(i)/10, SoftBounce, "1", 0)
	}
	l.is(t, 35, Active, "the renewal waits")
	l.p.ReleaseHeld(&l.c, 7, Moment{day(20), l.seq})
	l.is(t, 35, IsSuppressed, "the renewal was released")
}

func TestUndoingTheSecondOfTwoAllowsLeavesTheFirst(t *testing.T) {
	l := &holdScenario{p: examplePolicy()}
	l.happens(0, HardBounce, "", 0)
	l.instruct(1, Instruction{Kind: Allow, Batch: 1})
	l.instruct(2, Instruction{Kind: Allow, Batch: 2})
	l.p.SetUndone(&l.c, 2, true, Moment{day(3), l.seq})
	l.is(t, 3, Active, "the first is in force")
	l.p.SetUndone(&l.c, 1, true, Moment{day(4), l.seq})
	l.is(t, 4, IsSuppressed, "both were undone")
}

func TestUndoingAllowsGivesAnOperatorsSuppressionBack(t *testing.T) {
	l := &holdScenario{p: examplePolicy()}
	l.instruct(0, Instruction{Kind: Suppress, Origin: ByOperator, Reason: "complaint", Batch: 1})
	l.instruct(1, Instruction{Kind: Allow, Batch: 2})
	l.happens(2, HardBounce, "", 0)
	l.instruct(3, Instruction{Kind: Allow, Batch: 3})
	l.p.SetUndone(&l.c, 3, true, Moment{day(4), l.seq})
	l.p.SetUndone(&l.c, 2, true, Moment{day(5), l.seq})
	if reasons := l.c.Reasons(day(6)); !slices.Contains(reasons, "complaint") {
		t.Errorf("both allows were undone, and the reasons are %v", reasons)
	}
}
