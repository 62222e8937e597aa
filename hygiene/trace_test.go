package hygiene

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTheTraceSaysWhatTheRulesDid compares the trace with the ledger, in random
// histories with events that arrive late.
func TestTheTraceSaysWhatTheRulesDid(t *testing.T) {
	late := 0
	for name, make := range policies() {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(300) {
				r := rand.New(rand.NewPCG(seed, 7))
				p, c := make(r), &Contact{}
				events := randomEvents(r, 40, true)
				if seed%3 == 0 {
					displace(r, events)
				}
				for i, e := range events {
					e.Seq, e.ReceivedAt = int64(i+1), e.At
					if !e.Moment().After(c.latest()) {
						late++
					}
					var trace Trace
					changes, added := p.ApplyTraced(c, &e, &trace)
					if added == Added || added == Again {
						checkTrace(t, p, c, changes, &trace, seed%3 == 0)
					} else if seed%3 > 0 && len(trace.Rules) > 0 {
						t.Fatalf("an event that was ignored has a trace: %+v", trace.Rules)
					}
					if r.IntN(8) == 0 {
						in := Instruction{Moment: e.Moment(), Kind: Allow, Reason: []string{"", "a", "soft_bounce"}[r.IntN(3)]}
						p.Instruct(c, in)
					}
				}
			}
		})
	}
	if late < 1000 {
		t.Errorf("only %d events were late", late)
	}
}

// checkTrace compares the trace of an event with what it changed. After a replay
// other events may have changed something, and rules may have acted before.
func checkTrace(t *testing.T, p *Policy, c *Contact, changes []Change, trace *Trace, replayed bool) {
	t.Helper()
	for i := range trace.Rules {
		rt := &trace.Rules[i]
		acted := slices.ContainsFunc(changes, func(c Change) bool { return c.Rule == rt.Rule && c.Act != RetryEnded })
		r := &p.Rules[slices.IndexFunc(p.Rules, func(r Rule) bool { return r.Name == rt.Rule })]
		undone := slices.ContainsFunc(changes, func(c Change) bool { return c.Act == Released || c.Act == Untagged })
		open := r.Then.Suppress != nil && c.suppression(suppressionKey{reason: r.Then.Suppress.Reason}) >= 0
		why, noEffect := rt.Why().String(), rt.NoEffect().String()
		switch {
		case why == "":
			t.Fatalf("%s has no reason: %+v", rt.Rule, rt)
		case rt.Holds && acted != (noEffect == ""):
			t.Fatalf("%s holds, acted: %t, and is said to have no effect because %q", rt.Rule, acted, noEffect)
		case !rt.Holds && noEffect != "":
			t.Fatalf("%s does not hold, and is said to have no effect because %q", rt.Rule, noEffect)
		case replayed:
		case acted && !rt.Holds:
			t.Fatalf("%s acted: %+v, and is said not to hold: %s", rt.Rule, changes, why)
		case rt.Holds && !acted && r.Then.Suppress != nil && !open && !undone && !strings.Contains(noEffect, "struck"):
			t.Fatalf("%s is said to hold (%s), changed nothing, and nothing is suppressed", rt.Rule, why)
		case rt.Holds && !acted && r.Then.Tag != "" && !c.HasTag(r.Then.Tag) && !undone:
			t.Fatalf("%s is said to hold (%s), changed nothing, and there is no tag", rt.Rule, why)
		}
	}
	for _, change := range changes {
		about := func(rt RuleTrace) bool { return rt.Rule == change.Rule }
		if change.Rule != "" && change.Act != RetryEnded && !replayed && !slices.ContainsFunc(trace.Rules, about) {
			t.Fatalf("%s did %+v without a trace", change.Rule, change)
		}
	}
}

func TestTracingChangesNothing(t *testing.T) {
	forRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		plain, traced := &Contact{Key: "k"}, &Contact{Key: "k"}
		events := randomEvents(r, 5+r.IntN(120), r.IntN(2) == 0)
		if r.IntN(2) == 0 {
			displace(r, events)
		}
		var trace Trace
		same := func(a, b []Change) {
			if fmt.Sprint(a) != fmt.Sprint(b) || !bytes.Equal(plain.Pack(nil), traced.Pack(nil)) {
				t.Fatalf("not traced %+v\n%s\ntraced %+v\n%s", a, stateText(plain), b, stateText(traced))
			}
		}
		for i := range events {
			e := events[i]
			e.Seq = int64(i + 1)
			if r.IntN(8) == 0 {
				e.Held = int64(1 + r.IntN(3))
			}
			a, added := p.Apply(plain, &e)
			b, alike := p.ApplyTraced(traced, &e, &trace)
			if same(a, b); added != alike {
				t.Fatalf("adding gave %d, and traced %d", added, alike)
			}
			now := Moment{e.At.Add(time.Duration(r.IntN(48)) * time.Hour), e.Seq}
			switch r.IntN(6) {
			case 0:
				same(p.Review(plain, now), p.ReviewTraced(traced, now, &trace))
			case 1:
				in := randomStrike(r, now)
				same(p.Instruct(plain, in), p.Instruct(traced, in))
			}
		}
	})
}

func TestTheTraceOfAReviewSaysWhatItsRulesDid(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 8))
		p, c := hardPolicy(), &Contact{}
		events := randomEvents(r, 20, true)
		arrive(t, p, c, events, 0)
		for day := range 8 {
			now := Moment{At: events[19].At.Add(time.Duration(day) * Day), Seq: 20}
			var trace Trace
			changes := p.ReviewTraced(c, now, &trace)
			if len(trace.Rules) != 2 {
				t.Fatalf("the trace of two rules of the review is %+v", trace.Rules)
			}
			for _, change := range changes {
				if i := slices.IndexFunc(trace.Rules, func(rt RuleTrace) bool { return rt.Rule == change.Rule }); i >= 0 && !trace.Rules[i].Holds {
					t.Fatalf("%s did %+v and is said not to hold: %s", change.Rule, change, trace.Rules[i].Why())
				}
			}
			for i := range trace.Rules {
				rt := &trace.Rules[i]
				if rt.Why() == nil || rt.NoEffect() != nil && (!rt.Holds || rt.acted) {
					t.Fatalf("the trace is %+v", rt)
				}
				if rt.Holds && rt.NoEffect() == nil && len(changes) == 0 {
					t.Fatalf("%s had an effect, and nothing changed", rt.Rule)
				}
			}
		}
	}
}

func TestTheTraceShowsTheValueThatDecided(t *testing.T) {
	byCode := counting(1, 0, 0, SoftBounce)
	byCode.Codes, byCode.Source = []string{"1405"}, "a"
	abroad := counting(1, 0, 0, SoftBounce)
	rest := counting(2, 0, OutcomesOf(Delivered), SoftBounce)
	p := NewPolicy([]Rule{
		{Name: "code", When: byCode, Then: Action{Tag: "t"}},
		{Name: "where", When: abroad, Where: AttributeTest{"country", Comparison{Op: Is, Values: []Value{{Type: Text, Text: "TR"}}}}, Then: Action{Tag: "u"}},
		{Name: "rest", When: rest, Then: Action{Suppress: &SuppressAction{Reason: "soft_bounce"}}},
		{Name: "retry", When: counting(1, 0, 0, SoftBounce), Then: Action{Retry: &RetryAction{After: []time.Duration{time.Hour}, Lapse: Day}}},
	}, "")
	c := &Contact{Attributes: Attributes{}.With("country", Value{Type: Text, Text: "DE"})}
	apply := func(seq int64, source, code string, o Outcome) []RuleTrace {
		e := Event{Seq: seq, At: start.Add(time.Duration(seq) * time.Hour), Source: source, Code: code, Outcome: o, MessageID: string(rune('a' + seq))}
		var trace Trace
		p.ApplyTraced(c, &e, &trace)
		return trace.Rules
	}
	first, delivery := apply(1, "a", "1404", SoftBounce), apply(2, "a", "", Delivered)
	if len(delivery) != 0 {
		t.Errorf("no rule names a delivery: %+v", delivery)
	}
	second, third, fourth := apply(3, "b", "", SoftBounce), apply(4, "a", "", SoftBounce), apply(5, "a", "1405", SoftBounce)
	for i, want := range []struct {
		rule  RuleTrace
		holds bool
		words string
	}{
		{first[0], false, "its code is 1404, the rule needs 1405"},
		{second[0], false, "it is of source b, not of a"},
		{third[0], false, "it has no code, the rule needs 1405"},
		{fourth[0], true, "1 counted"},
		{first[1], false, `where is not true: country is "DE"`},
		{second[2], false, "1 of 2 counted"},
		{second[2], false, "not after the delivery of 2026-01-01T02:00:00Z"},
		{third[2], true, "2 counted"},
		{second[3], true, "1 since the last delivery"},
	} {
		if want.rule.Holds != want.holds || !strings.Contains(want.rule.Why().String(), want.words) {
			t.Errorf("%d: %s does not say %q", i, want.rule.Why(), want.words)
		}
	}
	if fourth[2].NoEffect().String() != "already suppressed for soft_bounce permanently" || fourth[3].NoEffect().String() != "a suppressed contact is not retried" {
		t.Errorf("no effect: %+v", fourth)
	}
}
