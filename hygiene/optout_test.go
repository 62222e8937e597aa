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
			s.p.Reclassify(&s.c, &Event{Seq: 1, At: day(0), ReceivedAt: day(0), Source: "a", MessageID: "m1", Outcome: Dropped}, Moment{day(5), s.seq}, "")
		},
		"another outcome for the opt-out": func(s *scenario) {
			s.p.Reclassify(&s.c, &Event{Seq: 2, At: day(1), ReceivedAt: day(1), Source: "a", MessageID: "m2", Outcome: Dropped}, Moment{day(5), s.seq}, "")
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
			s.p.Reclassify(&s.c, &Event{Seq: 2, At: day(1), ReceivedAt: day(1), Source: "a", MessageID: "m2", Outcome: Dropped}, Moment{day(5), s.seq}, OptedOut)
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

// standing is the policy without what lifts a protected reason or lets it end.
func standing(p *Policy) *Policy {
	var rules []Rule
	for _, r := range p.Rules {
		if slices.ContainsFunc(r.Then.Release, p.Protects) {
			continue
		}
		if s := r.Then.Suppress; s != nil && p.Protects(s.Reason) {
			if r.When != nil && r.When.Outcomes.Has(SoftBounce) {
				continue // a soft bounce triggers nothing once its message is known to be delivered
			}
			r.Then.Suppress = &SuppressAction{Reason: s.Reason}
		}
		rules = append(rules, r)
	}
	return NewPolicy(rules, p.Hash).Protect(p.Protected()...)
}

// standingReasons are the protected reasons for which the contact is suppressed.
func standingReasons(p *Policy, c *Contact) map[string]bool {
	reasons := map[string]bool{}
	for _, s := range c.Suppressions {
		if p.Protects(s.Reason) && s.Held == 0 && s.Until == 0 {
			reasons[s.Reason] = true
		}
	}
	return reasons
}

// TestAProtectedReasonStandsUntilItIsNamed holds the law against random histories in
// which the policy is edited again and again, reasons become protected, and everything
// happens: what names a protected reason lifts that one, and nothing else any.
func TestAProtectedReasonStandsUntilItIsNamed(t *testing.T) {
	stood := map[string]int{}
	forRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c := &Contact{Key: "k"}
		inForce := standing(p)
		events := randomEvents(r, 80, true)
		displace(r, events)
		standing := map[string]bool{}
		for i := range events {
			e := events[i]
			e.Seq, e.Received = int64(i+1), r.IntN(2) == 0
			now := Moment{e.At.Add(Day), e.Seq}
			inForce.Apply(c, &e)
			what, named := actAtRandom(r, &inForce, &p, c, events[:i+1], now)
			is := standingReasons(inForce, c)
			for reason := range standing {
				if !is[reason] && reason != named {
					t.Errorf("step %d, %s and %s naming %q, lifted %s:\n%s", i, e.Outcome, what, named, reason, stateText(c))
					return
				}
				stood[reason]++
			}
			standing = is
		}
	})
	for _, reason := range []string{OptedOut, Complaint, "a", "b", "manual"} {
		if stood[reason] < 100 {
			t.Errorf("the law was held against %d acts only for %s", stood[reason], reason)
		}
	}
}

// actAtRandom does something manually, or edits the policy. It returns what, and the
// reason that was named.
func actAtRandom(r *rand.Rand, inForce, p **Policy, c *Contact, events []Event, now Moment) (what, named string) {
	policy := *inForce
	any := []string{"", "", "a", "b", "hard_bounce", OptedOut, Complaint}[r.IntN(7)]
	batch := int64(100 + len(events))
	switch r.IntN(10) {
	case 0:
		*p = edited(r, *p)
		*inForce = standing(*p)
		return "an edit", ""
	case 1:
		policy.Instruct(c, Instruction{Moment: now, Kind: Suppress, Reason: []string{"manual", Complaint, "a"}[r.IntN(3)], Origin: Origin(1 + r.IntN(2)), Batch: batch})
		return "suppress", ""
	case 2:
		policy.Instruct(c, Instruction{Moment: now, Kind: Allow, Reason: any, Batch: batch})
		return "allow", any
	case 3:
		in := randomStrike(r, now)
		policy.Instruct(c, in)
		return "a strike", in.Reason
	case 4:
		// Undoing an act that named nothing lifts nothing; what named a reason is undone by name.
		undone, kept := int64(1+r.IntN(3)), r.IntN(2) == 0
		policy.SetUndone(c, undone, kept, now)
		if i := slices.IndexFunc(c.Instructions, func(in Instruction) bool { return in.Batch == undone }); i >= 0 {
			named = c.Instructions[i].Reason
		}
		return "an undo", named
	case 5:
		policy.Rejudge(c, now, any)
		return "rejudge", any
	case 6:
		moved := events[r.IntN(len(events))]
		moved.Seq = int64(slices.IndexFunc(events, func(e Event) bool { return e.MessageID == moved.MessageID && e.At == moved.At }) + 1)
		moved.Outcome = SoftBounce
		policy.Reclassify(c, &moved, now, any)
		return "reclassify", any
	case 7:
		policy.Review(c, now)
		return "a review", ""
	}
	return "nothing", ""
}

// What an act of all reasons leaves is what was protected when it was made.
func TestWhatBecomesProtectedLaterChangesNoActOfBefore(t *testing.T) {
	rules := []Rule{{Name: "marketing", When: counting(1, 0, 0, Unsubscribed), Then: suppressFor("marketing_opt_out", 0)}}
	plain, protecting := NewPolicy(rules, "plain"), NewPolicy(rules, "protecting").Protect("marketing_opt_out")
	for name, test := range map[string]struct {
		atAct, after *Policy
		want         bool
	}{
		"protected since":            {plain, protecting, false},
		"no longer protected":        {protecting, plain, true},
		"protected all the time":     {protecting, protecting, true},
		"not protected at any time":  {plain, plain, false},
		"protected, its rule edited": {protecting, NewPolicy(nil, "edited").Protect("marketing_opt_out"), true},
	} {
		for _, kind := range []InstructionKind{Allow, Strike} {
			t.Run(name, func(t *testing.T) {
				s := newScenario(t, rules...)
				s.p = test.atAct
				s.happens(1, Unsubscribed, "a")
				s.p.Instruct(&s.c, Instruction{Moment: Moment{day(2), s.seq}, Kind: kind, To: day(2)})
				s.hasReason(3, "marketing_opt_out", test.atAct.Protects("marketing_opt_out"), "that was so when the act was made")
				var packed Contact
				if err := packed.Unpack(s.c.Pack(nil)); err != nil {
					t.Fatal(err)
				}
				s.c, s.p = packed, test.after
				s.happens(0.5, Opened, "a")
				s.hasReason(3, "marketing_opt_out", test.want, "the act is that of before")
				s.rejudgeChangesNothing()
			})
		}
	}
}

func TestAnEarlierVersionSparedOptOutsAlone(t *testing.T) {
	s := newScenario(t, Rule{Name: "complaint", When: counting(1, 0, 0, Clicked), Then: suppressFor(Complaint, 0)})
	s.happens(1, Clicked, "a")
	s.p.Instruct(&s.c, Instruction{Moment: Moment{day(2), s.seq}, Kind: Allow, Spares: []string{OptedOut}})
	s.hasReason(3, Complaint, false, "complaints were not protected then")
	s.happens(0.5, Opened, "a")
	s.hasReason(3, Complaint, false, "it was lifted")
	s.happens(4, Clicked, "a")
	s.p.Instruct(&s.c, Instruction{Moment: Moment{day(5), s.seq}, Kind: Allow})
	s.hasReason(6, Complaint, true, "it was not named")
}
