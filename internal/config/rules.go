package config

import (
	"time"

	"winnow/hygiene"
)

// readRules reads the rules in the order of the file.
func (r *reader) readRules(e *entry) []hygiene.Rule {
	var rules []hygiene.Rule
	for _, item := range e.each() {
		rules = append(rules, r.readRule(item))
	}
	return rules
}

func (r *reader) readRule(e *entry) hygiene.Rule {
	rule := hygiene.Rule{Name: e.get("name").words(), Then: r.readAction(e.get("then"))}
	if when := e.get("when"); when != nil {
		rule.When = &hygiene.When{Counting: r.readCounting(when)}
	}
	if where := e.get("where"); where != nil {
		rule.Where = r.readCondition(where)
	}
	switch {
	case !e.has("when") && !e.has("where") && !e.flawed:
		r.at(e.place.at, e.place, `a rule needs "when" or "where"`, "write for example when: {outcome: hard_bounce}")
	case !e.has("when") && !e.flawed && rule.Then.Retry != nil:
		r.tellKey(e.get("then"), "retry", `a retry needs "when"`, "it is the retry of a message that bounced, so an event must trigger it")
	}
	return rule
}

func (r *reader) readAction(e *entry) hygiene.Action {
	a := hygiene.Action{Tag: e.get("tag").words(), Untag: r.nearly(e.get("untag"), "tag", &r.tags)}
	if s := e.get("suppress"); s != nil {
		a.Suppress = &hygiene.SuppressAction{Reason: r.ownReason(s.get("reason")), For: s.get("for").duration()}
	}
	for _, reason := range e.get("release").get("reasons").each() {
		a.Release = append(a.Release, r.reason(reason))
	}
	if s := e.get("retry"); s != nil {
		a.Retry = &hygiene.RetryAction{Lapse: s.get("lapse").duration()}
		for _, after := range s.get("after").each() {
			a.Retry.After = append(a.Retry.After, after.span)
		}
	}
	return a
}

// ownReason is a reason that a rule gives. Any will do but one that looks like
// the opt-out: people would take it for that, and it could be lifted unnamed.
func (r *reader) ownReason(e *entry) string {
	if e != nil && e.text != hygiene.OptedOut && typingErrors(e.text, hygiene.OptedOut) <= 2 {
		r.tellAt(e, "the reason "+quote(e.text)+" would be taken for "+hygiene.OptedOut, `did you mean "opted_out"?`)
	}
	return e.words()
}

// readCounting reads what is counted, in rules and in conditions.
func (r *reader) readCounting(e *entry) hygiene.Counting {
	q := hygiene.Counting{
		Outcomes: outcomes(e.get("outcome")),
		Since:    outcomes(e.get("since")),
		Within:   e.get("within").duration(),
		Apart:    e.get("apart").duration(),
		Source:   r.refer(e.get("source"), "source", &r.sources),
		Count:    1,
	}
	if count := e.get("count"); count != nil {
		q.Count = int(count.number)
	}
	for _, code := range e.get("codes").each() {
		q.Codes = append(q.Codes, code.text)
	}
	return q
}

func outcomes(e *entry) hygiene.Outcomes {
	var set hygiene.Outcomes
	for _, item := range e.each() {
		if o, err := hygiene.ParseOutcome(item.text); err == nil {
			set |= hygiene.OutcomesOf(o)
		}
	}
	return set
}

// duration is the length of time; 0 for what is not there.
func (e *entry) duration() time.Duration {
	if e == nil {
		return 0
	}
	return e.span
}
