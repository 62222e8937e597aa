package lint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/yamldoc"
)

// checkRules warns of rules. entries are their places.
func (l *linter) checkRules(entries []*yamldoc.Entry) {
	rules := l.config.Policy.Rules
	s := &solver{config: l.config, segments: l.segments}
	for i, e := range entries {
		r := &rules[i]
		if when := e.Get("when"); when != nil && l.checkTrigger(when, r.When) {
			l.checkCounting(when, r)
			l.checkFault(when, r)
			l.checkRetry(e, r)
			l.checkDoubt(e, r)
		}
		l.checkEvidence(e, r)
		if r.Where == nil {
			continue
		}
		if c := s.refute(given(r.When), term{is: r.Where, at: e.Get("where")}); c != nil {
			l.warn(c.at, "this rule never acts: "+c.why, c.hint)
		}
	}
	l.checkDuplicates(entries)
}

// given is what is true whenever a rule acts: the new event itself is counted, and so
// are enough others.
func given(q *hygiene.When) []term {
	if q == nil || q.Outcomes&^q.Since == 0 {
		return nil
	}
	itself, enough := q.Counting, q.Counting
	itself.Count, itself.Since, itself.Apart, itself.Within = 1, 0, 0, time.Microsecond
	enough.Apart = 0
	says := "the new event is itself " + orList(q.Outcomes.Names()) + " and counts"
	return []term{{is: hygiene.OutcomeTest{Counting: itself}, says: says}, {is: hygiene.OutcomeTest{Counting: enough}, says: says}}
}

// checkDuplicates warns of rules that differ only in their names.
func (l *linter) checkDuplicates(entries []*yamldoc.Entry) {
	firsts := map[[3]string]*yamldoc.Entry{} // the names of rules, by what they do
	for _, e := range entries {
		does := [3]string{string(e.Get("when").Canonical()), string(e.Get("where").Canonical()), string(e.Get("then").Canonical())}
		first := firsts[does]
		if first == nil {
			firsts[does] = e.Get("name")
			continue
		}
		l.warn(e.Get("name"), "this rule does the same as "+yamldoc.Quote(first.Text()), fmt.Sprintf("it is on line %d; keep one of them", first.Line()))
	}
}

// awaited are outcomes that a rule may wait for though no source reports them.
const awaited = 1<<hygiene.Resubscribed | 1<<hygiene.Blocked | 1<<hygiene.Deactivated

// checkTrigger reports whether an event can trigger a rule, and warns if none can. An
// opt-in can also come from an import or the API. Rules for blocks and given-up numbers
// are there before a provider reports any.
func (l *linter) checkTrigger(e *yamldoc.Entry, q *hygiene.When) bool {
	names := q.Outcomes.Names()
	if len(l.tables) == 0 || q.Outcomes&awaited != 0 || l.possible(q.Source, q.Codes)&q.Outcomes != 0 {
		return true
	}
	source := "no source reports "
	if q.Source != "" {
		source = fmt.Sprintf("the source %q does not report ", q.Source)
	}
	if l.possible(q.Source, nil)&q.Outcomes == 0 {
		l.warn(e.Get("outcome"), "no event triggers this rule: "+source+orList(names), mapOutcome(orList(names)))
		return false
	}
	l.warn(e.Get("codes"), "no event triggers this rule: "+source+orList(names)+" with code "+orList(q.Codes), l.meaningOf(q))
	return false
}

// meaningOf is what the codes of a rule mean.
func (l *linter) meaningOf(q *hygiene.When) string {
	var list []string
	for _, code := range q.Codes {
		var all hygiene.Outcomes
		for name, table := range l.tables {
			if q.Source == "" || q.Source == name {
				all |= table.ForCode(code)
			}
		}
		if all != 0 {
			list = append(list, code+" is "+orList(all.Names()))
		}
	}
	if list == nil {
		return "no line of its table has that code"
	}
	return strings.Join(list, ", ")
}

// checkCounting warns of counts that are never reached, and of keys without effect:
// the first event is always recent enough.
func (l *linter) checkCounting(e *yamldoc.Entry, r *hygiene.Rule) {
	q := r.When
	least := q.Apart * time.Duration(q.Count-1)
	switch {
	case q.Outcomes&^q.Since == 0:
		l.warn(e.Get("since"), fmt.Sprintf("this rule never acts: it counts only what comes after the last %s, and the new event is itself the last", orList(q.Since.Names())), "write another outcome in since")
	case q.Within > 0 && least > q.Within:
		l.warn(e.Get("apart"), fmt.Sprintf("this rule never acts: %d events %s apart take at least %s, but within is %s", q.Count, instant.FormatDuration(q.Apart), instant.FormatDuration(least), instant.FormatDuration(q.Within)), "make within longer, or apart shorter")
	case q.Count == 1:
		for _, key := range []string{"within", "since", "apart"} {
			counts := key == "apart" && r.Then.Retry != nil || key == "since" && q.Since&q.Outcomes != 0
			if e.Has(key) && !counts {
				l.warnKey(e, key, yamldoc.Quote(key)+" has no effect: without count, one event is enough", "write count: 2 or more, or remove it")
			}
		}
	}
}

// checkFault warns of a rule that suppresses contacts for a fault of others.
func (l *linter) checkFault(e *yamldoc.Entry, r *hygiene.Rule) {
	if r.Then.Suppress == nil {
		return
	}
	for _, item := range e.Get("outcome").Items() {
		if o, err := hygiene.ParseOutcome(item.Text()); err == nil && o.Blameless() != "" {
			l.warn(item, "this rule suppresses for "+item.Text()+", which "+o.Blameless(), "use a tag instead, or remove it")
		}
	}
}

// checkRetry warns of a retry that never happens, and of one that never ends.
func (l *linter) checkRetry(e *yamldoc.Entry, r *hygiene.Rule) {
	if r.Then.Retry == nil {
		return
	}
	then := e.Get("then")
	if r.When.Outcomes.Has(hygiene.Delivered) {
		l.warnOutcome(e, hygiene.Delivered, "this rule never retries after delivered: a delivery ends all retries", "retry after a failure, like soft_bounce")
	}
	if r.Then.Suppress != nil {
		l.warnKey(then, "retry", "this retry never happens: the rule also suppresses, and a suppressed contact is not retried", "keep one of them")
		return
	}
	if by := l.suppressors(r.When); by != nil {
		l.warnKey(then, "retry", fmt.Sprintf("this retry never happens: on the same event, rule %s suppresses the contact, and a suppressed contact is not retried", orList(by)), "keep one of the rules")
		return
	}
	if r.When.Outcomes.Has(hygiene.Unsubscribed) {
		l.warnOutcome(e, hygiene.Unsubscribed, "this rule retries contacts that unsubscribed", "suppress them with the reason opted_out")
	}
	if n := len(r.Then.Retry.After); n >= hygiene.EntriesKept && len(r.When.Outcomes.Names()) == 1 {
		l.warnKey(then.Get("retry"), "after", fmt.Sprintf("this retry never ends: the history keeps the last %d events of each outcome, so the last wait repeats forever", hygiene.EntriesKept), fmt.Sprintf("write %d or fewer", hygiene.EntriesKept-1))
	}
}

// warnOutcome adds a warning at one of the outcomes of a rule.
func (l *linter) warnOutcome(rule *yamldoc.Entry, o hygiene.Outcome, text, hint string) {
	for _, item := range rule.Get("when").Get("outcome").Items() {
		if item.Text() == o.String() {
			l.warn(item, text, hint)
		}
	}
}

// suppressors are the rules that suppress immediately on every event that triggers q,
// where no rule releases on the same event; nil when some event does not suppress.
func (l *linter) suppressors(q *hygiene.When) []string {
	var by []string
	for o := range q.Outcomes.All() {
		rules := l.suppressing(o)
		i := slices.IndexFunc(rules, func(s *hygiene.Rule) bool { return covers(s.When, q) })
		if i < 0 {
			return nil
		}
		if name := yamldoc.Quote(rules[i].Name); !slices.Contains(by, name) {
			by = append(by, name)
		}
	}
	return by
}

// suppressing are the rules that suppress on every event of the outcome with their codes
// and source, and that no rule takes back on the same event. Of those with the same codes
// and source one is enough.
func (l *linter) suppressing(o hygiene.Outcome) []*hygiene.Rule {
	if list, known := l.suppressingBy[o]; known {
		return list
	}
	released := map[string]bool{}
	for i := range l.config.Policy.Rules {
		if r := &l.config.Policy.Rules[i]; r.When != nil && r.When.Outcomes.Has(o) {
			for _, reason := range r.Then.Release {
				released[reason] = true
			}
		}
	}
	var list []*hygiene.Rule
	seen := map[string]bool{}
	for i := range l.config.Policy.Rules {
		r := &l.config.Policy.Rules[i]
		if r.When == nil || r.Where != nil || r.Then.Suppress == nil || released[r.Then.Suppress.Reason] {
			continue
		}
		at := r.When
		on := fmt.Sprintf("%q %q", at.Source, at.Codes)
		if at.Outcomes.Has(o) && !at.Since.Has(o) && at.Count == 1 && !seen[on] {
			list, seen[on] = append(list, r), true
		}
	}
	l.suppressingBy[o] = list
	return list
}

// covers reports whether every event that triggers q has the source and the codes of at.
func covers(at, q *hygiene.When) bool {
	return (at.Source == "" || at.Source == q.Source) && narrower(q.Codes, at.Codes)
}

// narrower reports whether codes b include all of codes a; nil is all codes.
func narrower(a, b []string) bool {
	if b == nil {
		return true
	}
	return a != nil && !slices.ContainsFunc(a, func(code string) bool { return !slices.Contains(b, code) })
}
