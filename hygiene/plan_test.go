package hygiene_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	. "winnow/hygiene"
	. "winnow/hygiene/forecast"
)

// generations applies a random history under policies that follow each other, some of
// them an edit of the one before. It returns the policies, the one in force last.
func generations(r *rand.Rand, first *Policy, c *Contact) []*Policy {
	judged := []*Policy{first}
	inForce := *first
	events := RandomEvents(r, 5+r.IntN(120), r.IntN(2) == 0)
	if r.IntN(2) == 0 { // an outcome fills up, so that it overflows, and others stay away
		few := []Outcome{Outcome(1 + r.IntN(int(OutcomeEnd)-1)), Outcome(1 + r.IntN(int(OutcomeEnd)-1))}
		for i := range events {
			events[i].Outcome = few[r.IntN(2)]
		}
	}
	if r.IntN(2) == 0 {
		Displace(r, events)
	}
	edits := r.IntN(4)
	ApplyDisturbed(r, &inForce, c, events, func() {
		if edits > 0 && r.IntN(40) == 0 {
			edits--
			judged = append(judged, Edited(r, judged[len(judged)-1]))
			inForce = *judged[len(judged)-1]
		}
		if r.IntN(30) == 0 {
			c.Attributes = c.Attributes.With("country", ParseValue([]string{"TR", "DE"}[r.IntN(2)]))
		}
	})
	return judged
}

func given(r *rand.Rand, judged []*Policy) *Policy {
	p := judged[r.IntN(len(judged))]
	for range r.IntN(3) {
		p = Edited(r, p)
	}
	return p
}

func TestContactsOfStableRulesAreUnchangedByJudgingAgain(t *testing.T) {
	kept, moved := 0, 0
	ForRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c := &Contact{Key: "k"}
		judged := generations(r, p, c)
		for range 10 {
			given := given(r, judged)
			d := c.Clone()
			changes := given.Rejudge(d, Moment{Start.Add(400 * Day), 1 << 40}, "")
			same := len(changes) == 0 && bytes.Equal(c.Pack(nil), d.Pack(nil))
			switch keeps := NewPlanner(given, nil, judged, Moment{}, "").Skips(c); {
			case keeps && !same:
				t.Fatalf("kept by %d policies and judged otherwise: %+v\nbefore %s\nafter %s", len(judged), changes, StateText(c), StateText(d))
			case keeps && (len(judged) > 1 || given != p):
				kept++
			case !keeps:
				moved++
			}
		}
	})
	if kept < 50 || moved < 50 {
		t.Errorf("%d contacts were kept and %d not: the law was held against too few", kept, moved)
	}
}

func TestAPlanIsTheSameWhoeverIsJudgedAgain(t *testing.T) {
	ForRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c := &Contact{Key: "k"}
		judged := generations(r, p, c)
		before := c.Pack(nil)
		now := Moment{c.History.Latest().At.Add(time.Duration(r.IntN(100)) * time.Hour), 1 << 40}
		given, inForce := given(r, judged), judged[len(judged)-1]
		var after Contact
		short := NewPlanner(given, inForce, judged, now, "").Plan(c, &after, nil)
		if !bytes.Equal(before, c.Pack(nil)) {
			t.Error("planning changed the contact")
		}
		if long := NewPlanner(given, inForce, nil, now, "").Plan(c, &after, nil); !slices.Equal(short, long) {
			t.Errorf("knowing who judged: %+v\nnot knowing: %+v", short, long)
		}
	})
}

func TestAnUnchangedPolicyPlansNothing(t *testing.T) {
	ForRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c := &Contact{Key: "k"}
		events := RandomEvents(r, 5+r.IntN(200), r.IntN(2) == 0)
		ApplyDisturbed(r, p, c, events, func() {})
		now := Moment{c.LatestMoment().At, 1 << 40}
		var after Contact
		for _, judged := range [][]*Policy{nil, {p}} {
			if found := NewPlanner(p, p, judged, now, "").Plan(c, &after, nil); len(found) > 0 {
				t.Errorf("planned %+v", found)
			}
		}
	})
}

func TestAPlanShowsWhatJudgingAgainAndTheNextReviewDo(t *testing.T) {
	ForRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c := &Contact{Key: "k"}
		judged := generations(r, p, c)
		now := Moment{c.LatestMoment().At.Add(Day), 1 << 40}
		given := given(r, judged)
		var planned Contact
		found := NewPlanner(given, nil, nil, now, "").Plan(c, &planned, nil)
		done := c.Clone()
		given.Rejudge(done, now, "")
		given.Review(done, now)
		if len(found) > 0 && !bytes.Equal(planned.Pack(nil), done.Pack(nil)) {
			t.Errorf("planned %s\ndone %s", StateText(&planned), StateText(done))
		}
		if len(found) == 0 && (c.Status(now.At) != done.Status(now.At) || !slices.Equal(c.Reasons(now.At), done.Reasons(now.At))) {
			t.Errorf("nothing was planned, and done %s", StateText(done))
		}
	})
}

// planOf is what the rules would change, in the place of the scenario's own.
func planOf(s *Scenario, d float64, rules ...Rule) []Planned {
	var after Contact
	return NewPlanner(NewPolicy(rules, "given"), s.Policy(), []*Policy{s.Policy()}, Moment{DayOf(d), s.Seq()}, "").Plan(s.Contact(), &after, nil)
}

func plans(t *testing.T, found []Planned, want ...Planned) {
	t.Helper()
	if !slices.Equal(found, want) {
		t.Errorf("planned %+v, not %+v", found, want)
	}
}

func TestAPlanShowsWhatEachEditWouldDo(t *testing.T) {
	soft := func(n int, d time.Duration) Rule {
		return Rule{Name: "rest", When: CountingOf(n, 0, 0, SoftBounce), Then: SuppressFor("soft_bounce", d)}
	}
	retry := func(after time.Duration) Rule {
		return Rule{Name: "retry", When: CountingOf(1, 0, 0, SoftBounce), Then: Action{Retry: &RetryAction{After: []time.Duration{after}, Lapse: DefaultLapse}}}
	}
	tag := Rule{Name: "watch", When: CountingOf(1, 0, 0, SoftBounce), Then: Action{Tag: "soft"}}
	tests := []struct {
		name   string
		before []Rule
		given  []Rule
		want   []Planned
	}{
		{"a new rule", nil, []Rule{soft(2, 30*Day)}, []Planned{{Kind: PlannedSuppression, Rule: "rest", Reason: "soft_bounce"}}},
		{"a new rule that would be over", nil, []Rule{soft(2, Day)}, nil},
		{"a rule gone", []Rule{soft(2, 30*Day)}, nil, []Planned{{Kind: PlannedRelease, Rule: "rest", Edited: true, Reason: "soft_bounce"}}},
		{"a stricter rule", []Rule{soft(2, 30*Day)}, []Rule{soft(3, 30*Day)}, []Planned{{Kind: PlannedRelease, Rule: "rest", Edited: true, Reason: "soft_bounce"}}},
		{"for longer", []Rule{soft(2, 30*Day)}, []Rule{soft(2, 0)}, []Planned{{Kind: PlannedExtension, Rule: "rest", Reason: "soft_bounce"}}},
		{"for shorter", []Rule{soft(2, 30*Day)}, []Rule{soft(2, 20*Day)}, []Planned{{Kind: PlannedShortening, Rule: "rest", Edited: true, Reason: "soft_bounce"}}},
		{"a rule that says the same", []Rule{soft(1, 0)}, []Rule{soft(2, 0)}, []Planned{{Kind: PlannedRelabel, Rule: "rest", Reason: "soft_bounce"}}},
		{"a new retry", nil, []Rule{retry(4 * time.Hour)}, []Planned{{Kind: PlannedRetry, Rule: "retry"}}},
		{"a later retry", []Rule{retry(4 * time.Hour)}, []Rule{retry(Day)}, []Planned{{Kind: PlannedRetry, Rule: "retry"}}},
		{"no retry", []Rule{retry(4 * time.Hour)}, []Rule{}, []Planned{{Kind: PlannedRetryEnd, Rule: "retry", Edited: true}}},
		{"a tag", nil, []Rule{tag}, []Planned{{Kind: PlannedTag, Rule: "watch", Reason: "soft"}}},
		{"no tag", []Rule{tag}, nil, []Planned{{Kind: PlannedUntag, Rule: "watch", Edited: true, Reason: "soft"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := NewScenario(t, test.before...)
			s.Happens(0, SoftBounce, "a")
			s.Happens(0, SoftBounce, "a")
			if len(test.given) > 0 && test.given[0].Then.Retry != nil || len(test.before) > 0 && test.before[0].Then.Retry != nil {
				s = NewScenario(t, test.before...)
				s.Happens(0, SoftBounce, "a")
			}
			plans(t, planOf(s, 3, test.given...), test.want...)
		})
	}
}

func TestAPlanEvaluatesOnlyTheNewRulesOfTheReview(t *testing.T) {
	quiet := func(d time.Duration) Rule {
		return Rule{Name: "sunset", Where: SeenTest{OlderThan: d}, Then: SuppressFor("dormant", 0)}
	}
	s := NewScenario(t, quiet(30*Day))
	s.Happens(0, Sent, "a")
	plans(t, planOf(s, 40, quiet(30*Day))) // the next review does it anyway
	plans(t, planOf(s, 40, quiet(20*Day)), Planned{Kind: PlannedSuppression, Rule: "sunset", Reason: "dormant", AtReview: true})
	plans(t, planOf(s, 40, quiet(50*Day)))
	s.Policy().Review(s.Contact(), Moment{DayOf(40), s.Seq()})
	plans(t, planOf(s, 41, quiet(30*Day)))
	plans(t, planOf(s, 41, quiet(20*Day)), Planned{Kind: PlannedReopening, Rule: "sunset", Reason: "dormant", AtReview: true})
	plans(t, planOf(s, 41, quiet(50*Day)), Planned{Kind: PlannedRelease, Rule: "sunset", Edited: true, Reason: "dormant"})
	lift := Rule{Name: "lift", Where: SeenTest{OlderThan: Day}, Then: ReleaseOf("dormant")}
	plans(t, planOf(s, 41, quiet(30*Day), lift), Planned{Kind: PlannedRelease, Rule: "sunset", Reason: "dormant", AtReview: true})
}

func TestAPlanLeavesOperatorsInstructions(t *testing.T) {
	hard := Rule{Name: "hard", When: CountingOf(1, 0, 0, HardBounce), Then: SuppressFor("hard_bounce", 0)}
	s := NewScenario(t, hard)
	s.Happens(0, HardBounce, "a")
	s.Policy().Instruct(s.Contact(), Instruction{Moment: Moment{DayOf(1), s.Seq()}, Kind: Suppress, Origin: ByOperator, Reason: "manual", By: "ann"})
	plans(t, planOf(s, 2), Planned{Kind: PlannedRelease, Rule: "hard", Edited: true, Reason: "hard_bounce"})
}

func TestAnAttributeThatChangedIsJudgedByTodays(t *testing.T) {
	turkish := AttributeTest{"country", Comparison{Op: Is, Values: []Value{ParseValue("TR")}}}
	rule := Rule{Name: "hard", When: CountingOf(1, 0, 0, HardBounce), Where: turkish, Then: SuppressFor("hard_bounce", 0)}
	s := NewScenario(t, rule)
	s.Happens(0, HardBounce, "a")
	s.Contact().Attributes = s.Contact().Attributes.With("country", ParseValue("TR"))
	plans(t, planOf(s, 1, rule), Planned{Kind: PlannedSuppression, Rule: "hard", Reason: "hard_bounce"})
}
