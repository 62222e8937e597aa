package hygiene

import (
	"slices"
	"strings"
)

// Trace is what rules made of one event or of one review, in the order of the
// file: the rules that name the event's outcome, or the rules of the review. It is
// filled by the judgement itself, so it can't say anything else.
type Trace struct {
	Rules []RuleTrace

	at Moment // of the event or the review
}

// RuleTrace is what one rule made of it.
type RuleTrace struct {
	Rule  string
	Holds bool // its when and its where were true

	why, where Phrase
	noEffects  []Phrase
	acted      bool
}

// Why is the values that decided.
func (t *RuleTrace) Why() Phrase { return append(slices.Clip(t.why), t.where...) }

// NoEffect is why a rule that holds changed nothing; empty when it changed
// something.
func (t *RuleTrace) NoEffect() Phrase {
	if !t.Holds || t.acted {
		return nil
	}
	return joinPhrases(t.noEffects, "; ")
}

// The methods below record. On nil they do nothing, and their arguments cost nothing
// then.

// begin empties the trace for the event or review of that moment.
func (t *Trace) begin(m Moment) {
	if t != nil {
		t.Rules, t.at = t.Rules[:0], m
	}
}

// rule begins the trace of a rule; nil when it is evaluated for another moment, as in
// a replay.
func (t *Trace) rule(r *Rule, m Moment) *RuleTrace {
	if t == nil || t.at != m {
		return nil
	}
	t.Rules = append(t.Rules, RuleTrace{Rule: r.Name})
	return &t.Rules[len(t.Rules)-1]
}

// replayed compares the trace with what a replay changed in the end. Its rules act
// again, and most of that was there before.
func (t *Trace) replayed(changes []Change) {
	if t == nil {
		return
	}
	for i := range t.Rules {
		r := &t.Rules[i]
		again := r.acted
		r.acted = slices.ContainsFunc(changes, func(c Change) bool { return c.Rule == r.Rule && c.Act != RetryEnded })
		if again && !r.acted {
			r.noEffect("it had this effect before")
		}
	}
}

// because says why the rule was not evaluated any further.
func (t *RuleTrace) because(why string) {
	if t != nil {
		t.why = Phrase{why}
	}
}

// isOfOtherKind says by what the entry does not trigger the rule.
func (t *RuleTrace) isOfOtherKind(q *Counting, k Kind) {
	switch {
	case t == nil:
	case !q.matchesSource(k):
		t.why = Phrase{"it is of source ", k.Source, ", not of ", q.Source}
	case k.Code == "":
		t.why = Phrase{"it has no code, the rule needs ", strings.Join(q.Codes, " or ")}
	default:
		t.why = Phrase{"its code is ", k.Code, ", the rule needs ", strings.Join(q.Codes, " or ")}
	}
}

// foundWhere records the condition of a rule beside its when. It is not called on
// nil.
func (t *RuleTrace) foundWhere(f *Finding) {
	if f.Holds {
		t.where = Phrase{"; where is true: ", f.Why}
	} else {
		t.why = Phrase{"where is not true: ", f.Why}
	}
}

// reviewed records the condition of a rule of the review.
func (t *RuleTrace) reviewed(f *Finding) {
	if t != nil {
		t.why, t.Holds = f.Why, f.Holds
	}
}

// counted records what was counted for one thing that the rule does. A rule holds
// when there is enough for one of them: struck entries only matter for what opens. It
// is not called on nil.
func (t *RuleTrace) counted(r *countRecord, enough bool) {
	if t.why == nil || enough && !t.Holds {
		t.why, t.Holds = r.why(), enough
	}
}

// sinceDelivery records which attempt a retry would be.
func (t *RuleTrace) sinceDelivery(n int) {
	if t != nil {
		t.why = append(t.why, "; ", n, " since the last delivery")
	}
}

// acts records that the rule changed something.
func (t *RuleTrace) acts() {
	if t != nil {
		t.acted = true
	}
}

// noEffect records why one thing that the rule does changed nothing.
func (t *RuleTrace) noEffect(why ...string) {
	if t != nil {
		t.noEffects = append(t.noEffects, Phrase{strings.Join(why, "")})
	}
}

// isSuppressed records that a suppression is in force and lasts as long.
func (t *RuleTrace) isSuppressed(c *Contact, key suppressionKey) {
	if t == nil {
		return
	}
	s := &c.Suppressions[c.suppression(key)]
	why := Phrase{"already suppressed for ", s.Reason}
	if s.Until == 0 {
		why = append(why, " permanently")
	} else {
		why = append(why, " until ", s.Until)
	}
	t.noEffects = append(t.noEffects, why)
}

// nothingToRelease records that no suppression is in force that the rule lifts.
func (t *RuleTrace) nothingToRelease(r *Rule) {
	if t != nil {
		t.noEffect("no suppression for ", strings.Join(r.Then.Release, " or "), " by a rule is open")
	}
}
