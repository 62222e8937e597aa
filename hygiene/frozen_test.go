package hygiene

import (
	"fmt"
	"testing"
	"time"
)

// scenario is a contact under a policy, event by event.
type scenario struct {
	t   *testing.T
	p   *Policy
	c   Contact
	seq int64
}

func newScenario(t *testing.T, rules ...Rule) *scenario {
	return &scenario{t: t, p: NewPolicy(rules, "story")}
}

func day(d float64) Instant { return start.Add(time.Duration(d * float64(Day))) }

// happens is an event about a message of its own, on that day.
func (s *scenario) happens(d float64, o Outcome, source string) []Change {
	s.seq++
	e := Event{Seq: s.seq, At: day(d), ReceivedAt: day(d), Source: source, MessageID: fmt.Sprint("m", s.seq), Outcome: o}
	changes, _ := s.p.Apply(&s.c, &e)
	return changes
}

func (s *scenario) is(d float64, want Status, why string) {
	s.t.Helper()
	if got := s.c.Status(day(d)); got != want {
		s.t.Errorf("on day %v the contact is %s, not %s: %s", d, got, want, why)
	}
}

func (s *scenario) rejudgeChangesNothing() {
	s.t.Helper()
	if changes := s.p.Rejudge(&s.c, Moment{day(1000), s.seq}, ""); len(changes) > 0 {
		s.t.Errorf("judging again under the same policy gave %+v", changes)
	}
}

func suppressFor(reason string, d time.Duration) Action {
	return Action{Suppress: &SuppressAction{Reason: reason, For: d}}
}

func release(reasons ...string) Action { return Action{Release: reasons} }

func TestALateEventLiftsNoOptOutThatNoRuleLifted(t *testing.T) {
	s := newScenario(t,
		Rule{Name: "opt-out", When: counting(1, 0, 0, Unsubscribed), Then: suppressFor(OptedOut, 0)},
		Rule{Name: "opt-in-again", When: counting(1, 0, 0, Resubscribed), Then: release(OptedOut),
			Where: Not{OutcomeTest{Counting{Outcomes: OutcomesOf(HardBounce), Count: 1}}}})
	s.happens(0, HardBounce, "a")
	s.happens(1, Unsubscribed, "a")
	s.happens(2, Resubscribed, "a")
	for i := range 18 { // the bounce of day 0 is dropped
		s.happens(float64(3+i), HardBounce, "a")
	}
	s.is(30, IsSuppressed, "the bounce kept the release from acting")
	s.happens(2.5, Opened, "a")
	s.is(30, IsSuppressed, "what came late has nothing to do with it")
}

func TestALateEventShortensNoSuppression(t *testing.T) {
	s := newScenario(t,
		Rule{Name: "short", When: counting(2, Day, 0, SoftBounce), Then: suppressFor("soft_bounce", 20*Day)},
		Rule{Name: "long", When: counting(5, 10*Day, 0, SoftBounce), Then: suppressFor("soft_bounce", 365*Day)})
	for _, d := range []float64{0, 2, 4, 6, 6.5} {
		s.happens(d, SoftBounce, "a")
	}
	for i := range 13 { // what the long rule counted is dropped
		s.happens(float64(20+i*11), SoftBounce, "a")
	}
	s.is(200, IsSuppressed, "the long rule acted")
	s.happens(5, Opened, "a")
	s.is(200, IsSuppressed, "its renewal has settled")
}

func TestAnEventThatLiftsAndOpensDoesSoAgain(t *testing.T) {
	fromB := counting(1, 0, 0, SoftBounce)
	fromB.Source = "b"
	s := newScenario(t,
		Rule{Name: "lift", When: fromB, Then: release("x")},
		Rule{Name: "open", When: counting(1, 0, 0, SoftBounce), Then: suppressFor("x", 0)})
	for i := range 17 {
		s.happens(float64(i), SoftBounce, "b")
	}
	s.rejudgeChangesNothing()
}

func TestAReviewAtTheTimeOfTheLatestEventComesAfterIt(t *testing.T) {
	s := newScenario(t,
		Rule{Name: "forgive", When: counting(1, 0, 0, Opened), Then: release("dormant")},
		Rule{Name: "sunset", Where: OutcomeTest{Counting{Outcomes: OutcomesOf(Sent), Count: 1}}, Then: suppressFor("dormant", 0)})
	s.happens(0, Sent, "a")
	s.happens(1, Opened, "a")
	s.p.Review(&s.c, Moment{day(1), s.seq})
	s.is(2, IsSuppressed, "the review opened it")
	s.rejudgeChangesNothing()
}

func TestALiftedSuppressionOfAReviewStillKeptTheRetryAway(t *testing.T) {
	s := newScenario(t,
		Rule{Name: "retry", When: counting(1, 0, 0, SoftBounce), Then: Action{Retry: &RetryAction{After: []time.Duration{4 * time.Hour}, Lapse: DefaultLapse}}},
		Rule{Name: "sunset", Where: OutcomeTest{Counting{Outcomes: OutcomesOf(Sent), Count: 1}}, Then: suppressFor("dormant", 0)})
	s.happens(0, Sent, "a")
	s.p.Review(&s.c, Moment{day(1), s.seq})
	s.happens(2, SoftBounce, "a")
	s.p.Instruct(&s.c, Instruction{Moment: Moment{day(3), s.seq}, Kind: Allow, Reason: "dormant", By: "ann"})
	s.rejudgeChangesNothing()
}

func TestAnOlderFirstEventIsJudgedAlsoWhenTheHistoryIsFull(t *testing.T) {
	s := newScenario(t, Rule{Name: "old", When: counting(1, 0, 0, HardBounce), Where: SeenTest{First: true, OlderThan: 30 * Day}, Then: suppressFor("hard_bounce", 0)})
	for i := range 20 {
		s.happens(float64(i)/24, Delivered, "a")
	}
	s.happens(10, HardBounce, "a")
	s.is(11, Active, "the contact is ten days old")
	s.happens(-100, Delivered, "a")
	s.is(11, IsSuppressed, "it is a hundred days old")
	s.rejudgeChangesNothing()
}

func TestGivingUpIsInTheLedgerAlsoWhenALateEventShowsIt(t *testing.T) {
	s := newScenario(t, Rule{Name: "retry", When: counting(1, 0, 0, SoftBounce), Then: Action{Retry: &RetryAction{After: []time.Duration{4 * time.Hour, Day}, Lapse: DefaultLapse}}})
	s.happens(0, SoftBounce, "a")
	s.happens(2, SoftBounce, "a")
	changes := s.happens(0.5, SoftBounce, "a")
	if len(changes) != 1 || changes[0].Act != GaveUp || changes[0].Attempt != 3 {
		t.Errorf("the ledger says %+v", changes)
	}
}

func TestInstructionsDoNotPileUp(t *testing.T) {
	s := newScenario(t, Rule{Name: "hard", When: counting(1, 0, 0, HardBounce), Then: suppressFor("hard_bounce", 0)})
	for i := range 100 {
		d := float64(i)
		s.happens(d, HardBounce, "a")
		s.p.Instruct(&s.c, Instruction{Moment: Moment{day(d + 0.1), s.seq}, Kind: Suppress, Origin: ByOperator, Reason: "manual"})
		s.p.Instruct(&s.c, Instruction{Moment: Moment{day(d + 0.2), s.seq}, Kind: Allow})
		s.is(d+0.5, Active, "it was allowed")
	}
	if n := len(s.c.Instructions); n > 2*undoable+1 { // with what undoing could give back
		t.Errorf("%d instructions are kept", n)
	}
	s.rejudgeChangesNothing()
}
