package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
)

// warnRules goes through the rules; entries are where they stand.
func (w *warner) warnRules(entries []*entry) {
	rules := w.config.Policy.Rules
	reasons := &reasoning{config: w.config}
	for i, e := range entries {
		r := &rules[i]
		if when := e.get("when"); when != nil && w.warnTrigger(when, r.When) {
			w.warnCounting(when, r)
			w.warnFault(when, r)
			w.warnRetry(e, r)
		}
		if r.Where == nil {
			continue
		}
		if f := reasons.never(given(r.When), part{is: r.Where, at: e.get("where")}); f != nil {
			w.doubt(f.at, "this rule never acts: "+f.why, f.hint)
		}
	}
	w.warnTwins(entries)
}

// given is what is true whenever a rule acts: the event itself is counted, and
// enough of its kind are.
func given(q *hygiene.When) []part {
	if q == nil || q.Outcomes&^q.Since == 0 {
		return nil
	}
	itself, enough := q.Counting, q.Counting
	itself.Count, itself.Since, itself.Apart, itself.Within = 1, 0, 0, time.Microsecond
	enough.Apart = 0
	says := "the event itself is " + named(q.Outcomes.Names()) + ", and counts"
	return []part{{is: hygiene.OutcomeTest{Counting: itself}, says: says}, {is: hygiene.OutcomeTest{Counting: enough}, says: says}}
}

// warnTwins tells of rules that are the same but for the name.
func (w *warner) warnTwins(entries []*entry) {
	rules := w.config.Policy.Rules
	for i, e := range entries {
		j := slices.IndexFunc(rules[:i], func(r hygiene.Rule) bool { return sameRule(&r, &rules[i]) })
		if j >= 0 {
			first := entries[j].get("name")
			w.doubt(e.get("name"), "this rule does the same as "+quote(first.text), fmt.Sprintf("that is on line %d; keep one of them", first.place.node.Line))
		}
	}
}

func sameRule(a, b *hygiene.Rule) bool {
	return reflect.DeepEqual(a.When, b.When) && reflect.DeepEqual(a.Where, b.Where) && reflect.DeepEqual(a.Then, b.Then)
}

// warnTrigger tells of a rule that no event can trigger, and whether one can. An
// opt-in comes by an import or the API too.
func (w *warner) warnTrigger(e *entry, q *hygiene.When) bool {
	names := q.Outcomes.Names()
	if len(w.tables) == 0 || q.Outcomes.Has(hygiene.Resubscribed) || w.possible(q.Source, q.Codes)&q.Outcomes != 0 {
		return true
	}
	who := "no source gives "
	if q.Source != "" {
		who = fmt.Sprintf("the source %q does not give ", q.Source)
	}
	if w.possible(q.Source, nil)&q.Outcomes == 0 {
		w.doubt(e.get("outcome"), "no event triggers this rule: "+who+named(names), sayWhich(named(names)))
		return false
	}
	w.doubt(e.get("codes"), "no event triggers this rule: "+who+named(names)+" with code "+named(q.Codes), w.meant(q))
	return false
}

// meant is what the codes of a rule do mean.
func (w *warner) meant(q *hygiene.When) string {
	var list []string
	for _, code := range q.Codes {
		var all hygiene.Outcomes
		for name, table := range w.tables {
			if q.Source == "" || q.Source == name {
				all |= table.Of(code)
			}
		}
		if all != 0 {
			list = append(list, code+" is "+named(all.Names()))
		}
	}
	if list == nil {
		return "its table has no line with that code"
	}
	return strings.Join(list, ", ")
}

// warnCounting tells of counts that are never reached, and of keys without
// effect: where one event is enough, it is always recent enough.
func (w *warner) warnCounting(e *entry, r *hygiene.Rule) {
	q := r.When
	most := q.Apart * time.Duration(q.Count-1)
	switch {
	case q.Outcomes&^q.Since == 0:
		w.doubt(e.get("since"), fmt.Sprintf("this rule never acts: only what comes after the last %s counts, and that is the event itself", named(q.Since.Names())), "count since another outcome")
	case q.Within > 0 && most > q.Within:
		w.doubt(e.get("apart"), fmt.Sprintf("this rule never acts: %d events %s apart take at least %s, and within is %s", q.Count, hygiene.FormatDuration(q.Apart), hygiene.FormatDuration(most), hygiene.FormatDuration(q.Within)), "make within longer, or apart shorter")
	case q.Count == 1:
		w.warnIdle(e, r)
	}
}

func (w *warner) warnIdle(e *entry, r *hygiene.Rule) {
	for _, key := range []string{"within", "since", "apart"} {
		idle := e.has(key) && !(key == "apart" && r.Then.Retry != nil) && !(key == "since" && r.When.Since&r.When.Outcomes != 0)
		if idle {
			w.doubtKey(e, key, quote(key)+" does nothing here: without a count one event is enough", "write count: 2 or more, or take it out")
		}
	}
}

// warnFault tells of a rule that suppresses contacts for what others did.
func (w *warner) warnFault(e *entry, r *hygiene.Rule) {
	if r.Then.Suppress == nil {
		return
	}
	for _, item := range e.get("outcome").each() {
		if o, err := hygiene.ParseOutcome(item.text); err == nil && o.Blameless() != "" {
			w.doubt(item, "this rule suppresses for "+item.text+", which "+o.Blameless(), "use a tag for it, or take it out")
		}
	}
}

// warnRetry tells of a retry that never happens, and of one that never ends.
func (w *warner) warnRetry(e *entry, r *hygiene.Rule) {
	if r.Then.Retry == nil {
		return
	}
	then := e.get("then")
	if r.Then.Suppress != nil {
		w.doubtKey(then, "retry", "this retry never happens: the rule suppresses too, and who is suppressed is not tried again", "keep one of them")
		return
	}
	if by := w.suppressors(r.When); by != nil {
		w.doubtKey(then, "retry", fmt.Sprintf("this retry never happens: the same event suppresses the contact by %s, and who is suppressed is not tried again", named(by)), "keep one of the rules")
		return
	}
	if n := len(r.Then.Retry.After); n >= hygiene.Kept && len(r.When.Outcomes.Names()) == 1 {
		w.doubtKey(then.get("retry"), "after", fmt.Sprintf("this retry never gives up: a history keeps the last %d of each outcome, so there is no bounce after the last of these", hygiene.Kept), fmt.Sprintf("write %d or fewer", hygiene.Kept-1))
	}
}

// suppressors are the rules by which every event that triggers q suppresses, at
// once and without anyone releasing for it; nil when one may pass.
func (w *warner) suppressors(q *hygiene.When) []string {
	var by []string
	for o := range q.Outcomes.All() {
		i := slices.IndexFunc(w.config.Policy.Rules, func(s hygiene.Rule) bool { return w.suppressesAt(o, q, &s) })
		if i < 0 {
			return nil
		}
		if name := quote(w.config.Policy.Rules[i].Name); !slices.Contains(by, name) {
			by = append(by, name)
		}
	}
	return by
}

// suppressesAt tells whether every event of the outcome that triggers q makes
// the rule s suppress.
func (w *warner) suppressesAt(o hygiene.Outcome, q *hygiene.When, s *hygiene.Rule) bool {
	if s.When == nil || s.Where != nil || s.Then.Suppress == nil {
		return false
	}
	at := s.When
	sure := at.Outcomes.Has(o) && !at.Since.Has(o) && at.Count == 1 && (at.Source == "" || at.Source == q.Source) && narrower(q.Codes, at.Codes)
	return sure && !slices.ContainsFunc(w.config.Policy.Rules, func(r hygiene.Rule) bool {
		return r.When != nil && r.When.Outcomes.Has(o) && slices.Contains(r.Then.Release, s.Then.Suppress.Reason)
	})
}

// narrower tells whether codes a let nothing through that b does not.
func narrower(a, b []string) bool {
	if b == nil {
		return true
	}
	return a != nil && !slices.ContainsFunc(a, func(code string) bool { return !slices.Contains(b, code) })
}
