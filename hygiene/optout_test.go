package hygiene

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// optOutRules are rules with an opt-out and an opt-in, and with one for hard bounces.
func optOutRules() []Rule {
	return []Rule{
		{Name: "hard", When: counting(1, 0, 0, HardBounce), Then: suppressFor("hard_bounce", 0)},
		{Name: "opt-out", When: counting(1, 0, 0, Unsubscribed), Then: suppressFor(OptedOut, 0)},
		{Name: "opt-in", When: counting(1, 0, 0, Resubscribed), Then: release(OptedOut)},
	}
}

// without is the rules without those of these names.
func without(rules []Rule, names ...string) []Rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return slices.Contains(names, r.Name) })
}

func (s *scenario) hasReason(d float64, reason string, want bool, why string) {
	s.t.Helper()
	if got := s.c.Reasons(day(d)); slices.Contains(got, reason) != want {
		s.t.Errorf("on day %v suppressed for %v; %s is %t: %s", d, got, reason, !want, why)
	}
}

// remakes are the acts that make a contact anew, about anything but its opt-out.
func remakes() map[string]func(*scenario) {
	return map[string]func(*scenario){
		"a late event":      func(s *scenario) { s.happens(0.5, Sent, "a") },
		"an earlier repeat": func(s *scenario) { s.eventOf("m1", -1, HardBounce) },
		"a late match": func(s *scenario) {
			s.p.Apply(&s.c, &Event{Seq: 1, At: day(-2), ReceivedAt: day(-2), Source: "a", MessageID: "old", Outcome: Delivered})
		},
		"an allow of another reason": func(s *scenario) {
			s.p.Instruct(&s.c, Instruction{Moment: Moment{day(5), s.seq}, Kind: Allow, Reason: "hard_bounce", Batch: 1})
		},
		"an allow of all others": func(s *scenario) {
			s.p.Instruct(&s.c, Instruction{Moment: Moment{day(5), s.seq}, Kind: Allow, Batch: 1})
		},
		"a suppression": func(s *scenario) {
			s.p.Instruct(&s.c, Instruction{Moment: Moment{day(5), s.seq}, Kind: Suppress, Origin: ByOperator, Reason: "legal", Batch: 1})
		},
		"an undo of a range": func(s *scenario) {
			s.p.Instruct(&s.c, Instruction{Moment: Moment{day(5), s.seq}, Kind: Strike, Reason: "hard_bounce", From: day(-5), To: day(5), Batch: 1})
		},
		"an undo of that": func(s *scenario) {
			s.p.Instruct(&s.c, Instruction{Moment: Moment{day(5), s.seq}, Kind: Strike, Reason: "hard_bounce", From: day(-5), To: day(5), Batch: 1})
			s.p.SetUndone(&s.c, 1, true, Moment{day(6), s.seq})
		},
		"another outcome for its bounce": func(s *scenario) {
			s.p.Reclassify(&s.c, &Event{Seq: 1, At: day(0), ReceivedAt: day(0), Source: "a", MessageID: "m1", Outcome: Dropped}, Moment{day(5), s.seq}, false)
		},
		"another outcome for the opt-out": func(s *scenario) {
			s.p.Reclassify(&s.c, &Event{Seq: 2, At: day(1), ReceivedAt: day(1), Source: "a", MessageID: "m2", Outcome: Dropped}, Moment{day(5), s.seq}, false)
		},
		"a review": func(s *scenario) {
			s.p = NewPolicy(append(s.p.Rules, Rule{Name: "tag", Where: Not{OutcomeTest{Counting{Outcomes: OutcomesOf(Clicked), Count: 1}}}, Then: Action{Tag: "t"}}), "more")
			s.p.Review(&s.c, Moment{day(5), s.seq})
		},
		"judging again": func(s *scenario) { s.p.Rejudge(&s.c, Moment{day(5), s.seq}, "") },
	}
}

func TestNothingLiftsAnOptOutWhoseRuleIsGone(t *testing.T) {
	fromB := counting(1, 0, 0, Unsubscribed)
	fromB.Source = "b"
	edits := map[string][]Rule{
		"removed":  without(optOutRules(), "opt-out"),
		"narrowed": append(without(optOutRules(), "opt-out"), Rule{Name: "opt-out", When: fromB, Then: suppressFor(OptedOut, 0)}),
		"shorter":  append(without(optOutRules(), "opt-out"), Rule{Name: "opt-out", When: counting(1, 0, 0, Unsubscribed), Then: suppressFor(OptedOut, Day)}),
	}
	for edit, rules := range edits {
		for name, act := range remakes() {
			t.Run(edit+", "+name, func(t *testing.T) {
				s := newScenario(t, optOutRules()...)
				s.happens(0, HardBounce, "a")
				s.happens(1, Unsubscribed, "a")
				s.p = NewPolicy(rules, "edited")
				act(s)
				s.hasReason(100, OptedOut, true, "nobody lifted it")
				s.rejudgeChangesNothing()
				s.happens(0.7, Opened, "a") // the opt-out stays at the next time too
				s.hasReason(100, OptedOut, true, "nobody lifted it")
			})
		}
	}
}

func TestNothingBringsBackAnOptOutThatARuleLifted(t *testing.T) {
	for name, act := range remakes() {
		t.Run(name, func(t *testing.T) {
			s := newScenario(t, optOutRules()...)
			s.happens(0, HardBounce, "a")
			s.happens(1, Unsubscribed, "a")
			s.happens(2, Resubscribed, "a")
			s.p = NewPolicy(without(optOutRules(), "opt-in"), "edited")
			act(s)
			s.hasReason(100, OptedOut, false, "the contact came back by itself")
			s.rejudgeChangesNothing()
			s.happens(200, Unsubscribed, "a")
			s.hasReason(201, OptedOut, true, "this is a new word")
		})
	}
}

func TestAnOptOutIsLiftedByWhoNamesIt(t *testing.T) {
	gone := NewPolicy(without(optOutRules(), "opt-out"), "edited")
	named := map[string]func(*scenario){
		"a rule's release": func(s *scenario) { s.happens(5, Resubscribed, "a") },
		"a late opt-in":    func(s *scenario) { s.happens(6, Sent, "a"); s.happens(5, Resubscribed, "a") },
		"an allow": func(s *scenario) {
			s.p.Instruct(&s.c, Instruction{Moment: Moment{day(5), s.seq}, Kind: Allow, Reason: OptedOut})
		},
		"an undo": func(s *scenario) {
			s.p.Instruct(&s.c, Instruction{Moment: Moment{day(5), s.seq}, Kind: Strike, Reason: OptedOut, From: day(0), To: day(3)})
		},
		"an undo of one source": func(s *scenario) {
			s.p.Instruct(&s.c, Instruction{Moment: Moment{day(5), s.seq}, Kind: Strike, Reason: OptedOut, From: day(0), To: day(3), Source: "a"})
		},
		"judging again by name": func(s *scenario) { s.p.Rejudge(&s.c, Moment{day(5), s.seq}, OptedOut) },
		"another outcome by name": func(s *scenario) {
			s.p.Reclassify(&s.c, &Event{Seq: 2, At: day(1), ReceivedAt: day(1), Source: "a", MessageID: "m2", Outcome: Dropped}, Moment{day(5), s.seq}, true)
		},
	}
	for name, act := range named {
		t.Run(name, func(t *testing.T) {
			s := newScenario(t, optOutRules()...)
			s.happens(0, HardBounce, "a")
			s.happens(1, Unsubscribed, "a")
			s.p = gone
			act(s)
			s.hasReason(100, OptedOut, false, "it was named")
			s.hasReason(100, "hard_bounce", true, "the other reason stays")
			s.happens(0.7, Opened, "a")
			s.hasReason(100, OptedOut, false, "it stays lifted")
		})
	}
}

// standing is the policy without what lifts an opt-out or lets it end.
func standing(p *Policy) *Policy {
	var rules []Rule
	for _, r := range p.Rules {
		if slices.Contains(r.Then.Release, OptedOut) {
			continue
		}
		if s := r.Then.Suppress; s != nil && s.Reason == OptedOut {
			if r.When != nil && r.When.Outcomes.Has(SoftBounce) {
				continue // a soft bounce triggers nothing once its message is known to be delivered
			}
			r.Then.Suppress = &SuppressAction{Reason: OptedOut}
		}
		rules = append(rules, r)
	}
	return NewPolicy(rules, p.Hash)
}

// TestAnOptOutStandsUntilItIsNamed holds the law against random histories in which
// the policy is edited again and again, and everything but what names the opt-out
// happens.
func TestAnOptOutStandsUntilItIsNamed(t *testing.T) {
	stood := 0
	forRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c := &Contact{Key: "k"}
		inForce := standing(p)
		events := randomEvents(r, 80, true)
		displace(r, events)
		out := false
		for i := range events {
			e := events[i]
			e.Seq, e.Received = int64(i+1), r.IntN(2) == 0
			now := Moment{e.At.Add(Day), e.Seq}
			inForce.Apply(c, &e)
			what := e.Outcome.String()
			switch r.IntN(10) {
			case 0:
				p = edited(r, p)
				inForce = standing(p)
			case 1:
				what += ", suppress"
				inForce.Instruct(c, Instruction{Moment: now, Kind: Suppress, Reason: "legal", Origin: ByOperator, Batch: int64(100 + i)})
			case 2:
				what += ", allow"
				inForce.Instruct(c, Instruction{Moment: now, Kind: Allow, Reason: []string{"", "a", "hard_bounce"}[r.IntN(3)], Batch: int64(100 + i)})
			case 3:
				what += ", strike"
				inForce.Instruct(c, randomStrike(r, now))
			case 4:
				what += ", undo"
				inForce.SetUndone(c, int64(1+r.IntN(3)), r.IntN(2) == 0, now)
			case 5:
				what += ", rejudge"
				inForce.Rejudge(c, now, "")
			case 6:
				what += ", reclassify"
				moved := events[r.IntN(i+1)]
				moved.Seq = int64(slices.IndexFunc(events, func(e Event) bool { return e.MessageID == moved.MessageID && e.At == moved.At }) + 1)
				moved.Outcome = SoftBounce
				inForce.Reclassify(c, &moved, now, false)
			case 7:
				what += ", review"
				inForce.Review(c, now)
			}
			is := slices.ContainsFunc(c.Suppressions, func(s Suppression) bool { return s.Reason == OptedOut && s.Held == 0 })
			if out && !is {
				t.Errorf("step %d, %s, lifted an opt-out:\n%s", i, what, stateText(c))
				return
			}
			if out = is; out {
				stood++
			}
		}
	})
	if stood < 500 {
		t.Errorf("the law was held against %d acts only", stood)
	}
}
