package config

import (
	"winnow/hygiene"
	"winnow/internal/yamldoc"
)

var rulebook = &yamldoc.Shape{Kind: yamldoc.Object, Fields: []yamldoc.Field{
	{Key: "sweep", Omit: true, Shape: cron, Default: `"@every 30s"`, Doc: "When new events are read and the rules applied to their contacts."},
	{Key: "review", Omit: true, Shape: cron, Default: `"30 1 * * *"`, Doc: "When the rules that depend on time alone are applied to all contacts."},
	{Key: "silence", Omit: true, Shape: span, Doc: "How long after its sending a message without a terminal event, such as a delivery or a bounce, is counted as silent. Default: silent messages are not counted."},
	{Key: "regret", Shape: regretShape, Doc: "When a rule is not trusted: what it suppresses waits for a decision once too many of its suppressions proved wrong. Rules for a protected reason are never doubted."},
	{Key: "breaker", Shape: yamldoc.Several(breaker), Doc: "When a surge of one outcome is not trusted: what the rules would do about it waits for a decision."},
	{Key: "protected", Shape: unordered(listOf(0, NameShape, "a list of reasons")), Default: "[]", Doc: "Reasons that are a person's word, beside opted_out and complaint: what is suppressed for one is lifted only by what names it."},
	{Key: "unprotected", Omit: true, Shape: unordered(listOf(0, NameShape, "a list of reasons")), Default: "[]", Doc: "Reasons that were protected before and are no longer: without this, a file that protects less is not put in force."},
	{Key: "rules", Shape: listOf(0, rule, "a list of rules"), Default: "[]", Literal: true, Doc: "The rules. All are tried, in this order, and all that match act."},
}}

var rule = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, AnyOf: []string{"when", "where"}, Fields: []yamldoc.Field{
	{Key: "name", Shape: NameShape, Required: true, Doc: "Name of the rule in the ledger and in explanations."},
	{Key: "when", Shape: when, Doc: "Tried on each new event of these outcomes."},
	{Key: "where", Shape: ruleCondition, Doc: "What must be true of the contact. Without when, the review checks it."},
	{Key: "then", Shape: action, Required: true, Doc: "What the rule does."},
}}

// counting is the keys that say what is counted, in rules and in conditions.
var counting = []yamldoc.Field{
	{Key: "outcome", Shape: yamldoc.Several(OutcomeShape), Required: true, Doc: "The outcomes to count."},
	{Key: "count", Shape: &yamldoc.Shape{Kind: yamldoc.Integer, Expect: "a whole number", Min: 1, Max: hygiene.EntriesKept, Because: historyLimit}, Default: "1", Doc: "How many events there must be."},
	{Key: "within", Shape: span, Doc: "Count only events at most this long ago."},
	{Key: "since", Shape: yamldoc.Several(OutcomeShape), Doc: "Count only events after the last one of these outcomes."},
	{Key: "codes", Shape: unordered(listOf(1, CodeShape, "a list of codes")), Doc: "Count only events with one of these codes."},
	{Key: "source", Shape: NameShape, Doc: "Count only events of this source."},
}

const historyLimit = "the history keeps the last 16 events of each outcome"

var when = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: append(counting[:len(counting):len(counting)],
	yamldoc.Field{Key: "apart", Shape: span, Doc: "Do not count events closer than this to one already counted."},
)}

var action = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: []yamldoc.Field{
	{Key: "suppress", Shape: &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: []yamldoc.Field{
		{Key: "reason", Shape: NameShape, Required: true, Doc: "Why the contact must not be texted."},
		{Key: "for", Shape: span, Doc: "For how long. Default: permanently."},
	}}, Doc: "Opens a suppression, or renews it."},
	{Key: "release", Shape: &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: []yamldoc.Field{
		{Key: "reasons", Shape: unordered(listOf(1, NameShape, "a list of reasons")), Required: true, Doc: "The reasons to lift; nothing else lifts protected ones like opted_out."},
	}}, Doc: "Lifts suppressions that rules opened for these reasons."},
	{Key: "retry", Shape: &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: []yamldoc.Field{
		{Key: "after", Shape: &yamldoc.Shape{Kind: yamldoc.List, Item: DelayShape, Min: 1, Max: hygiene.EntriesKept, Because: historyLimit, Expect: "a list like [4h, 24h, 72h]"}, Required: true,
			Doc: "How long to wait after the 1st, 2nd, … bounce since the last delivery; after the last of these there is no retry."},
		{Key: "lapse", Shape: span, Default: "7d", Doc: "How long a retry stays due before it lapses."},
	}}, Doc: "Sets the date after which the contact may be texted again."},
	{Key: "tag", Shape: NameShape, Doc: "Adds this tag to the contact."},
	{Key: "untag", Shape: NameShape, Doc: "Removes this tag from the contact."},
}}

// readRules reads the rules in the order of the file.
func (r *reader) readRules(e *yamldoc.Entry) []hygiene.Rule {
	var rules []hygiene.Rule
	for _, item := range e.Items() {
		rules = append(rules, r.readRule(item))
	}
	return rules
}

func (r *reader) readRule(e *yamldoc.Entry) hygiene.Rule {
	rule := hygiene.Rule{Name: e.Get("name").Text(), Then: r.readAction(e.Get("then"))}
	if when := e.Get("when"); when != nil {
		rule.When = &hygiene.When{Counting: r.readCounting(when)}
		rule.When.Apart = when.Get("apart").Duration()
	}
	if where := e.Get("where"); where != nil {
		before := len(r.silent)
		rule.Where = r.readCondition(where)
		for _, test := range r.silent[before:] {
			if rule.When != nil {
				test.ReportKey("silent", `a rule with "when" cannot test "silent": at an event nobody knows yet what follows`, "write a rule of the review, without when, or a segment")
			}
		}
	}
	switch {
	case !e.Has("when") && !e.Has("where") && e.Valid():
		e.ReportWhole(`a rule needs "when" or "where"`, "for example when: {outcome: hard_bounce}")
	case !e.Has("when") && e.Valid() && rule.Then.Retry != nil:
		e.Get("then").ReportKey("retry", `a retry needs "when"`, "only an event can trigger a retry")
	}
	return rule
}

func (r *reader) readAction(e *yamldoc.Entry) hygiene.Action {
	a := hygiene.Action{Tag: e.Get("tag").Text(), Untag: r.tags.Mention(e.Get("untag"), "tag")}
	if s := e.Get("suppress"); s != nil {
		a.Suppress = &hygiene.SuppressAction{Reason: r.readOwnReason(s.Get("reason")), For: s.Get("for").Duration()}
	}
	for _, reason := range e.Get("release").Get("reasons").Items() {
		a.Release = append(a.Release, r.mentionReason(reason))
	}
	if s := e.Get("retry"); s != nil {
		a.Retry = &hygiene.RetryAction{Lapse: s.Get("lapse").Duration()}
		for _, after := range s.Get("after").Items() {
			a.Retry.After = append(a.Retry.After, after.Duration())
		}
	}
	return a
}

// readCounting reads what is counted, in rules and in conditions.
func (r *reader) readCounting(e *yamldoc.Entry) hygiene.Counting {
	q := hygiene.Counting{
		Outcomes: readOutcomes(e.Get("outcome")),
		Since:    readOutcomes(e.Get("since")),
		Within:   e.Get("within").Duration(),
		Source:   r.sources.Refer(e.Get("source"), "source"),
		Count:    max(1, e.Get("count").Int()),
	}
	for _, code := range e.Get("codes").Items() {
		q.Codes = append(q.Codes, code.Text())
	}
	return q
}

func readOutcomes(e *yamldoc.Entry) hygiene.Outcomes {
	var set hygiene.Outcomes
	for _, item := range e.Items() {
		if o, err := hygiene.ParseOutcome(item.Text()); err == nil {
			set |= hygiene.OutcomesOf(o)
		}
	}
	return set
}
