package hygiene

import (
	"fmt"
	"slices"
	"strings"
)

// Thought is what one rule made of one event, or of one review.
type Thought struct {
	Rule  string
	Holds bool   // its when and its where were true
	Why   string // the values that decided, in words
	Idle  string // of a rule that holds: why it changed nothing, if it changed nothing
}

// Thoughts tells what the rules that name the event's outcome made of it, in
// the order of the file. c is the contact as it stands after the event. Of an
// event that the history does not hold, such as a repeat, no rule is asked, and
// there is nothing to tell.
func (p *Policy) Thoughts(c *Contact, e *Event) []Thought {
	entries := c.History.Trail(e.Outcome).Entries
	i := slices.IndexFunc(entries, func(kept Entry) bool { return kept.Moment == e.Moment() })
	if i < 0 {
		return nil
	}
	t := thinker{judge{p: p, c: c}, e.Outcome, &entries[i]}
	var thoughts []Thought
	for _, rule := range p.triggers[e.Outcome] {
		thoughts = append(thoughts, t.about(&p.Rules[rule]))
	}
	return thoughts
}

// ReviewThoughts tells what the rules of the review make of the contact at the
// moment now, in the order of the file.
func (p *Policy) ReviewThoughts(c *Contact, now Moment) []Thought {
	t := thinker{judge: judge{p: p, c: c}}
	var thoughts []Thought
	for i := range p.Rules {
		if r := &p.Rules[i]; r.When == nil {
			f := Explain(r.Where, p.reviewSubject(c, r, now))
			thoughts = append(thoughts, Thought{Rule: r.Name, Holds: f.Holds, Why: f.Why, Idle: t.idle(r, now.At)})
		}
	}
	return thoughts
}

// thinker looks at an entry as a judge does that acts.
type thinker struct {
	judge
	outcome Outcome
	e       *Entry
}

// about tells what the rule made of the entry, asking in the order in which the
// judge asks.
func (t *thinker) about(r *Rule) Thought {
	if t.outcome == SoftBounce && t.e.mute {
		return Thought{Rule: r.Name, Why: "the message had been delivered: a bounce after that triggers nothing"}
	}
	if !r.When.narrows(t.c.History.Kind(t.e)) {
		return Thought{Rule: r.Name, Why: t.otherKind(&r.When.Counting)}
	}
	why := ""
	if r.Where != nil {
		where := Explain(r.Where, t.subject(r, t.e.Moment))
		if !where.Holds {
			return Thought{Rule: r.Name, Why: "where is not true: " + where.Why}
		}
		why = "; where is true: " + where.Why
	}
	thought := t.counting(r)
	thought.Why += why
	return thought
}

// otherKind tells by what the rule passes over the entry.
func (t *thinker) otherKind(q *Counting) string {
	kind := t.c.History.Kind(t.e)
	switch {
	case q.Source != "" && q.Source != kind.Source:
		return fmt.Sprintf("it is of source %s, not of %s", kind.Source, q.Source)
	case kind.Code == "":
		return "it has no code, the rule asks for " + strings.Join(q.Codes, " or ")
	default:
		return fmt.Sprintf("its code is %s, the rule asks for %s", kind.Code, strings.Join(q.Codes, " or "))
	}
}

// counting tells what the rule counted. What was struck by hand does not count
// for what a rule opens and still counts for the rest, so of a rule that does
// several things the first that it does decides.
func (t *thinker) counting(r *Rule) Thought {
	var f Finding
	for i, struck := range t.struckFor(r) {
		if asked := t.counted(r, struck); i == 0 || asked.Holds && !f.Holds {
			f = asked
		}
	}
	if f.Holds && r.Then.Retry != nil {
		f.Why += fmt.Sprintf("; %d since the last delivery", t.sinceDelivery(r))
	}
	return Thought{Rule: r.Name, Holds: f.Holds, Why: f.Why, Idle: t.idle(r, t.e.At)}
}

func (t *thinker) counted(r *Rule, struck func(*Entry) bool) Finding {
	f := Explain(OutcomeTest{r.When.Counting}, &Subject{Contact: t.c, At: t.e.Moment, struck: struck})
	// An event that does not count itself triggers nothing, however many do.
	f.Holds = f.Holds && (struck == nil || !struck(t.e))
	return f
}

// sinceDelivery is the how-manieth attempt a retry would be, or one more than
// its list has.
func (t *thinker) sinceDelivery(r *Rule) int {
	q := r.When.Counting
	q.Since, q.Within = OutcomesOf(Delivered), 0
	return q.count(&t.c.History, t.e.Moment, len(r.Then.Retry.After)+1, t.struck("", r.Name)).n
}

// struckFor is the tests for what no longer counts, for each thing that is done.
func (t *thinker) struckFor(r *Rule) (tests []func(*Entry) bool) {
	a := &r.Then
	if a.Suppress != nil {
		tests = append(tests, t.struck(a.Suppress.Reason, r.Name))
	}
	if a.Retry != nil {
		tests = append(tests, t.struck("", r.Name))
	}
	if a.Release != nil || a.Tag != "" || a.Untag != "" {
		tests = append(tests, nil)
	}
	return tests
}

// idle tells what of the rule's doing was done before, or is not possible.
func (t *thinker) idle(r *Rule, at Instant) string {
	var why []string
	if s := r.Then.Suppress; s != nil {
		why = append(why, t.idleSuppress(s.Reason, r.Name))
	}
	if r.Then.Release != nil {
		why = append(why, "no rule's suppression for "+strings.Join(r.Then.Release, " or ")+" is open")
	}
	switch {
	case r.Then.Retry == nil:
	case t.c.suppressedAt(at):
		why = append(why, "no retry while suppressed")
	default:
		why = append(why, "no bounce since the last delivery counts")
	}
	if r.Then.Tag != "" {
		why = append(why, "tagged "+r.Then.Tag+" already")
	}
	if r.Then.Untag != "" {
		why = append(why, "not tagged "+r.Then.Untag)
	}
	return strings.Join(why, "; ")
}

// idleSuppress tells why a rule that holds does not suppress for the reason.
func (t *thinker) idleSuppress(reason, rule string) string {
	i := t.c.suppression(suppressionKey{reason: reason})
	switch {
	case i < 0 && t.struck(reason, rule) != nil:
		return "what counts for " + reason + " was struck by hand"
	case i < 0:
		return "another rule lifted " + reason
	case t.c.Suppressions[i].Until == 0:
		return "suppressed for " + reason + " already, for good"
	default:
		return "suppressed for " + reason + " already, until " + t.c.Suppressions[i].Until.String()
	}
}
