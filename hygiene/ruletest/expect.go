package ruletest

import (
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
)

// check compares the expectation with the contact as it is now.
func (r *run) check(e *Expectation) {
	var expected, found []string
	for _, a := range e.aspects() {
		if is, met := a.look(r); !met {
			expected, found = append(expected, a.expected), append(found, r.withWhy(is, a.segment))
		}
	}
	if len(expected) > 0 {
		r.fail(e.Line, "at "+offset(e.At)+": "+strings.Join(expected, ", "), strings.Join(found, ", "))
		r.showReview()
	}
}

func (r *run) fail(line int, expected, found string) {
	r.Failures = append(r.Failures, Failure{line, expected, found})
}

// checkNever checks what must never be, until it was found once.
func (r *run) checkNever() {
	for i := range r.Case.Never {
		e := &r.Case.Never[i]
		if r.violated[i] || !r.meets(e) {
			continue
		}
		r.violated[i] = true
		r.fail(e.Line, "never "+e.text(), "at "+offset(r.now)+": "+r.found(e))
	}
}

// text is everything that is expected.
func (e *Expectation) text() string {
	var parts []string
	for _, a := range e.aspects() {
		parts = append(parts, a.expected)
	}
	return strings.Join(parts, ", ")
}

// found is how the contact is in everything that is expected.
func (r *run) found(e *Expectation) string {
	var parts []string
	for _, a := range e.aspects() {
		found, _ := a.look(r)
		parts = append(parts, r.withWhy(found, a.segment))
	}
	return strings.Join(parts, ", ")
}

// aspect is one thing that is expected, and a function that finds what is.
type aspect struct {
	expected string
	look     func(r *run) (found string, met bool)
	segment  string // that it is about; empty for none
}

// meets reports whether the contact meets everything that is expected.
func (r *run) meets(e *Expectation) bool {
	for _, a := range e.aspects() {
		if _, met := a.look(r); !met {
			return false
		}
	}
	return true
}

// aspects is the things that the expectation asks for.
func (e *Expectation) aspects() []aspect {
	var list []aspect
	add := func(is bool, expected string, look func(r *run) (string, bool)) {
		if is {
			list = append(list, aspect{expected: expected, look: look})
		}
	}
	add(e.Status != 0, "status "+statusText(e.Status), e.lookStatus)
	add(e.Rule != "", "rule "+e.Rule, e.lookRule)
	add(e.Reasons != nil, listed("reason", e.Reasons), e.lookReasons)
	add(e.Permanent, "suppressed permanently", e.lookUntil)
	add(e.Until != 0, "suppressed until "+offset(e.Until), e.lookUntil)
	add(e.Retry != nil, e.Retry.text(), e.lookRetry)
	add(e.Tags != nil, listed("tag", e.Tags), e.lookTags)
	for _, segment := range e.In {
		list = append(list, aspect{"in " + segment, func(r *run) (string, bool) { return r.lookSegment(segment, true) }, segment})
	}
	for _, segment := range e.NotIn {
		list = append(list, aspect{"not in " + segment, func(r *run) (string, bool) { return r.lookSegment(segment, false) }, segment})
	}
	return list
}

func statusText(s hygiene.Status) string {
	if s == 0 {
		return ""
	}
	return s.String()
}

func (e *Expectation) lookStatus(r *run) (string, bool) {
	s := r.contact.Status(r.instant())
	return "status " + s.String(), s == e.Status
}

func (e *Expectation) lookReasons(r *run) (string, bool) {
	reasons := r.contact.Reasons(r.instant())
	return listed("reason", reasons), slices.Equal(reasons, e.Reasons)
}

func (e *Expectation) lookTags(r *run) (string, bool) {
	var tags []string
	for _, t := range r.contact.Tags {
		tags = append(tags, t.Name)
	}
	slices.Sort(tags)
	return listed("tag", tags), slices.Equal(tags, e.Tags)
}

// listed is the names after their noun.
func listed(noun string, names []string) string {
	switch len(names) {
	case 0:
		return "no " + noun
	case 1:
		return noun + " " + names[0]
	default:
		return noun + "s " + strings.Join(names, ", ")
	}
}

// lookUntil finds when the last of the suppressions is over.
func (e *Expectation) lookUntil(r *run) (string, bool) {
	var until hygiene.Instant
	open := r.contact.OpenSuppressions(r.instant())
	if len(open) == 0 {
		return "not suppressed", false
	}
	for _, s := range open {
		if s.Until == 0 {
			return "suppressed permanently", e.Permanent
		}
		until = max(until, s.Until)
	}
	return "suppressed until " + offsetOf(until), !e.Permanent && until == Start.Add(e.Until)
}

// text is what is expected of the retry.
func (t *Retry) text() string {
	switch {
	case t == nil:
		return ""
	case t.None:
		return "no retry"
	}
	text := "a retry"
	if t.Attempt > 0 {
		text = fmt.Sprint("retry ", t.Attempt)
	}
	if t.Due != nil {
		text += " due at " + offset(*t.Due)
	}
	return text
}

// lookRetry finds the retry that is open. A suppressed contact is not retried.
func (e *Expectation) lookRetry(r *run) (string, bool) {
	now := r.instant()
	retry := r.contact.Retry
	if !retry.OpenAt(now) || r.contact.Status(now) == hygiene.IsSuppressed {
		return "no retry", e.Retry.None
	}
	met := !e.Retry.None && (e.Retry.Attempt == 0 || e.Retry.Attempt == retry.Attempt) &&
		(e.Retry.Due == nil || Start.Add(*e.Retry.Due) == retry.DueAt)
	return fmt.Sprintf("retry %d due at %s", retry.Attempt, offsetOf(retry.DueAt)), met
}

// lookRule finds the rules behind what is open.
func (e *Expectation) lookRule(r *run) (string, bool) {
	rules, open := r.rulesBehind()
	switch {
	case len(rules) > 0:
		return listed("rule", rules), slices.Contains(rules, e.Rule)
	case open:
		return "no rule: an operator did it", false
	case len(r.ledger) > 0:
		return "no rule: an operator made the latest change", false
	default:
		return "no rule: nothing has changed", false
	}
}

// rulesBehind is the rules behind the open suppressions, the retry and the tags; if
// nothing is open, those of the latest changes.
func (r *run) rulesBehind() (rules []string, open bool) {
	now := r.instant()
	suppressions := r.contact.OpenSuppressions(now)
	for _, s := range suppressions {
		rules = append(rules, s.Rule, s.Renewal.Rule)
	}
	if r.contact.Retry.OpenAt(now) {
		rules = append(rules, r.contact.Retry.Rule)
	}
	for _, t := range r.contact.Tags {
		rules = append(rules, t.Rule)
	}
	open = len(suppressions) > 0 || len(rules) > 0
	if !open {
		rules = r.latestRules()
	}
	slices.Sort(rules)
	rules = slices.DeleteFunc(rules, func(rule string) bool { return rule == "" })
	return slices.Compact(rules), open
}

// latestRules is the rules of the latest changes: one event may change several
// things.
func (r *run) latestRules() (rules []string) {
	for i := len(r.ledger) - 1; i >= 0; i-- {
		if last := &r.ledger[len(r.ledger)-1]; r.ledger[i].At != last.At || r.ledger[i].Seq != last.Seq {
			break
		}
		rules = append(rules, r.ledger[i].Rule)
	}
	return rules
}

// lookSegment finds whether the contact is in the segment.
func (r *run) lookSegment(segment string, want bool) (string, bool) {
	in, err := r.bench.Membership(&r.contact, r.Case.Lists, segment, r.instant())
	if err != nil {
		return fmt.Sprintf("segment %s can't be evaluated: %v", segment, err), false
	}
	found := "not in " + segment
	if in {
		found = "in " + segment
	}
	return found, in == want
}

// withWhy adds why the contact is in a segment or is not.
func (r *run) withWhy(found, segment string) string {
	if segment == "" || r.bench.ExplainMembership == nil {
		return found
	}
	return found + " (" + r.bench.ExplainMembership(&r.contact, r.Case.Lists, segment, r.instant()).Format(offsetOf) + ")"
}
