package lint

import (
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/presets"
	"winnow/internal/yamldoc"
)

// checkOptOuts warns of what lets contacts that opted out be texted again, or for the
// first time: no rule for unsubscribed, one that ends by itself, one whose reason other
// rules and people lift without naming it, and a release that nobody asked for.
func (l *linter) checkOptOuts(root *yamldoc.Entry) {
	rules := l.config.Policy.Rules
	entries := root.Get("hygiene").Get("rules").Items()
	for i, e := range entries {
		r := &rules[i]
		if r.Then.Suppress != nil {
			l.checkOptOut(e, r)
		}
		l.checkOptOutReleased(e, r)
	}
	for _, e := range root.Get("sources").Items() {
		l.checkOptOutEvents(e)
	}
	for _, s := range l.config.Sources {
		if l.tables[s.Name].Possible().Has(hygiene.Unsubscribed) && !anyRule(rules, func(r *hygiene.Rule) bool { return keepsOptOuts(r, s.Name) }) {
			l.warnNoOptOut(root, s.Name)
			return
		}
	}
}

// optOutWords are how providers name an opt-out, without case and what separates words.
var optOutWords = []string{"unsubscribed", "unsubscribe", "unsub", "optout", "optedout", "stop", "stopped"}

// checkOptOutEvents warns of an event that is named like an opt-out and has another
// outcome.
func (l *linter) checkOptOutEvents(source *yamldoc.Entry) {
	for _, e := range slices.Concat(source.Get("outcomes").Items(), source.Get("read").Get("outcomes").Items()) {
		outcome := e.Get("outcome").Text()
		i := slices.IndexFunc(presets.EventsOf(e), func(event string) bool {
			return slices.Contains(optOutWords, strings.NewReplacer("-", "", "_", "", " ", "").Replace(event))
		})
		if i >= 0 && outcome != "" && outcome != hygiene.Unsubscribed.String() {
			event := e.Get("event").Items()[i].Text()
			l.warn(e.Get("outcome"), fmt.Sprintf("the event %s is named like an opt-out and counts as %s: the contact would still be texted", yamldoc.Quote(event), outcome), "write unsubscribed")
		}
	}
}

// warnNoOptOut warns of a source whose opt-outs no rule suppresses. A file without
// rules and exports is not in use yet.
func (l *linter) warnNoOptOut(root *yamldoc.Entry, source string) {
	text := fmt.Sprintf("no rule suppresses every contact that unsubscribes: the source %q reports unsubscribed, and the contact would still be texted", source)
	const hint = "add a rule: {name: opt-out, when: {outcome: unsubscribed}, then: {suppress: {reason: opted_out}}}"
	switch book := root.Get("hygiene"); {
	case len(l.config.Policy.Rules) > 0:
		l.warnKey(book, "rules", text, hint)
	case len(l.config.Exports) > 0:
		l.warnKey(root, "exports", text, hint)
	}
}

// keepsOptOuts reports whether a rule suppresses on every unsubscribed event of a
// source.
func keepsOptOuts(r *hygiene.Rule, source string) bool {
	q := r.When
	return q != nil && r.Where == nil && r.Then.Suppress != nil && q.Outcomes.Has(hygiene.Unsubscribed) && !q.Since.Has(hygiene.Unsubscribed) &&
		q.Count == 1 && q.Codes == nil && (q.Source == "" || q.Source == source)
}

// checkOptOut warns of an opt-out, or what else is protected, that ends, that is kept under
// a reason that is not protected, or that depends on more than the contact's word.
func (l *linter) checkOptOut(e *yamldoc.Entry, r *hygiene.Rule) {
	suppress := e.Get("then").Get("suppress")
	reason := r.Then.Suppress.Reason
	optedOut := l.config.Policy.Protects(reason)
	onWord := r.When != nil && r.When.Outcomes.Has(hygiene.Unsubscribed)
	lasting := func(o *hygiene.Rule) bool {
		return keepsOptOuts(o, "") && l.config.Policy.Protects(o.Then.Suppress.Reason) && o.Then.Suppress.For == 0
	}
	if !optedOut && (!onWord || anyRule(l.config.Policy.Rules, lasting)) {
		return
	}
	switch {
	case r.Then.Suppress.For > 0 && optedOut && reason != hygiene.OptedOut:
		l.warnKey(suppress, "for", fmt.Sprintf("this suppression for %s, which is protected, ends after %s: the contact would be texted again without having asked for it", reason, instant.FormatDuration(r.Then.Suppress.For)), "remove it; a rule for resubscribed can release "+reason)
	case r.Then.Suppress.For > 0:
		l.warnKey(suppress, "for", "this opt-out ends after "+instant.FormatDuration(r.Then.Suppress.For)+": the contact would be texted again without having asked for it", "remove it; a rule for resubscribed can release opted_out")
	case !optedOut:
		l.warn(suppress.Get("reason"), fmt.Sprintf("this opt-out has the reason %q: unlike opted_out, it is lifted by commands that do not name it", reason), "write opted_out, or add it to hygiene.protected")
	}
	if optedOut && r.When != nil {
		l.checkOrder(e, r)
	}
}

// checkOrder warns of an opt-out that depends on more than one event: there alone it
// matters in which order events arrive, since nothing lifts an opt-out again.
func (l *linter) checkOrder(e *yamldoc.Entry, r *hygiene.Rule) {
	const because = ": whether it is opted out may depend on the order in which events arrive"
	when := e.Get("when")
	for _, key := range []string{"count", "since", "apart"} {
		if when.Has(key) && r.When.Count > 1 {
			l.warnKey(when, key, fmt.Sprintf("%q makes the opt-out of a contact depend on more than one event", key)+because, "let one event be enough, or use another reason")
			return
		}
	}
	if e.Has("where") {
		l.warnKey(e, "where", `"where" makes the opt-out of a contact depend on more than its event`+because, "remove it, or use another reason")
	}
}

// checkOptOutReleased warns of a rule that lifts opt-outs, or what else is protected, for
// anything but the contact's word. An attribute may be its word: the CRM writes it.
func (l *linter) checkOptOutReleased(e *yamldoc.Entry, r *hygiene.Rule) {
	reasons := e.Get("then").Get("release").Get("reasons")
	for i, reason := range r.Then.Release {
		if !l.config.Policy.Protects(reason) {
			continue
		}
		where := hygiene.InputsOf(r.Where)
		others := where.Outcomes
		if r.When != nil {
			others = r.When.Outcomes
		}
		if len(where.Attributes) > 0 {
			continue
		}
		if others &^= hygiene.OutcomesOf(hygiene.Resubscribed); others != 0 {
			what := reason
			if reason == hygiene.OptedOut {
				what = "opt-outs"
			}
			l.warn(reasons.Items()[i], fmt.Sprintf("this rule lifts %s on %s, which is not a contact's wish to be texted again", what, orList(others.Names())), "lift "+reason+" on resubscribed alone")
		}
	}
}

func anyRule(rules []hygiene.Rule, is func(*hygiene.Rule) bool) bool {
	for i := range rules {
		if is(&rules[i]) {
			return true
		}
	}
	return false
}
