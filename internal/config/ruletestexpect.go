package config

import (
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/ruletest"
	"winnow/segments"
)

// readExpectation reads what is expected, at a time or never.
func (t *testReader) readExpectation(e *entry) ruletest.Expectation {
	x := ruletest.Expectation{Line: e.place.node.Line, At: e.get("at").duration()}
	x.Status, _ = hygiene.ParseStatus(e.get("status").words())
	x.Rule = t.refer(e.get("rule"), "rule", &t.rules)
	x.Reasons = t.readNames(e.get("reasons"), "reason", &t.reasons)
	x.Tags = t.readNames(e.get("tags"), "tag", &t.tags)
	t.readUntil(e.get("until"), e.has("at"), &x)
	x.Retry = t.readRetry(e.get("retry"))
	for _, item := range e.get("in").each() {
		x.In = append(x.In, t.refer(item, "segment", &t.segments))
	}
	for _, item := range e.get("not_in").each() {
		x.NotIn = append(x.NotIn, t.refer(item, "segment", &t.segments))
	}
	t.readMembership(e.get("segments"), &x)
	if len(e.keys) == 1 && e.has("at") && !e.flawed {
		t.tellAt(e, "nothing is expected here", "write one of "+strings.Join(ruleTestNever.names(), ", "))
	}
	return x
}

// readNames is a set of names, sorted; of an empty list not nil.
func (t *testReader) readNames(e *entry, noun string, known *names) []string {
	if e == nil {
		return nil
	}
	set := []string{}
	for _, item := range e.each() {
		set = append(set, t.refer(item, noun, known))
	}
	slices.Sort(set)
	return slices.Compact(set)
}

func (t *testReader) readUntil(e *entry, atATime bool, x *ruletest.Expectation) {
	if e == nil {
		return
	}
	if x.ForGood = e.text == "for good"; x.ForGood {
		return
	}
	until, err := hygiene.ParseDuration(e.text)
	switch {
	case err != nil:
		t.tellAt(e, quote(e.text)+" is no end", "write a time counted from the start, like 44h, or: for good")
	case until == 0 || atATime && until <= x.At:
		t.tellAt(e, "a suppression until then is over already", "until is counted from the start of the test, like at")
	}
	x.Until = until
}

func (t *testReader) readRetry(e *entry) *ruletest.Retry {
	if e == nil {
		return nil
	}
	var retry ruletest.Retry
	if attempt := e.get("attempt"); attempt != nil {
		retry.Attempt = int(attempt.number)
		retry.None = attempt.number == 0
	}
	if due := e.get("due"); due != nil {
		retry.Due = &due.span
		if retry.None {
			t.tellAt(due, "no retry is never due", "the first attempt is 1")
		}
	}
	return &retry
}

func (t *testReader) readMembership(e *entry, x *ruletest.Expectation) {
	for _, item := range e.each() {
		segment := item.place.word
		if !t.segments.has(segment) {
			text, hint := unknown("segment", segment, t.segments.list)
			t.at(item.place.at, item.place.parent, text, hint)
		}
		if item.truth {
			x.In = append(x.In, segment)
		} else {
			x.NotIn = append(x.NotIn, segment)
		}
	}
}

// learnFrom collects the names that tests may use: those of the config.
func (t *testReader) learnFrom(c *Config) {
	for _, s := range t.accounts {
		t.sources.add(s.Name)
	}
	for _, reason := range []string{"hard_bounce", "soft_bounce", hygiene.OptedOut, "dormant"} {
		t.reasons.add(reason)
	}
	for i := range c.Policy.Rules {
		t.learnRule(&c.Policy.Rules[i])
	}
	for _, s := range c.Segments {
		t.segments.add(s.Name)
		t.learnSegment(s)
	}
}

// learnByHand adds the reasons that operators give in the tests. Any will do but
// one that looks like one of the config's.
func (t *testReader) learnByHand(tests *entry) {
	var reasons []string
	for _, test := range tests.each() {
		for _, event := range test.get("events").each() {
			if reason := event.get("suppress").get("reason"); reason != nil {
				reasons = append(reasons, t.reason(reason))
			}
		}
	}
	for _, reason := range reasons {
		t.reasons.add(reason)
	}
}

func (t *testReader) learnRule(r *hygiene.Rule) {
	t.rules.add(r.Name)
	if r.Then.Suppress != nil {
		t.reasons.add(r.Then.Suppress.Reason)
	}
	for _, reason := range r.Then.Release {
		t.reasons.add(reason)
	}
	if r.Then.Tag != "" {
		t.tags.add(r.Then.Tag)
	}
	if r.When != nil {
		t.learnCodes(r.When.Codes)
	}
	t.learnCondition(r.Where)
}

func (t *testReader) learnSegment(s segments.Segment) {
	if s.List != "" {
		t.lists.add(s.List)
	}
	for _, column := range s.Columns {
		if attribute, ok := strings.CutPrefix(column.String(), "attributes."); ok {
			t.attributes.add(attribute)
		}
	}
	t.learnCondition(s.Where)
}

func (t *testReader) learnCodes(codes []string) {
	for _, code := range codes {
		t.codes.add(code)
	}
}

// learnCondition collects the lists, attributes, reasons and codes that a
// condition asks for.
func (t *testReader) learnCondition(c hygiene.Condition) {
	in := hygiene.InputsOf(c)
	for _, list := range in.Lists {
		t.lists.add(list)
	}
	for _, attribute := range in.Attributes {
		t.attributes.add(attribute)
	}
	for _, reason := range in.Reasons {
		t.reasons.add(reason)
	}
	t.learnCodes(in.Codes)
}

// codesOf is the codes that a source may send with an event, or, for no event,
// all of them and those that rules ask for; none when its table is not known.
func (t *testReader) codesOf(s ruletest.Source, event string) (list []string) {
	for _, l := range s.Table {
		if l.Code != "" && (event == "" || eventWord(l.Event) == event) {
			list = append(list, l.Code)
		}
	}
	if event == "" && len(list) > 0 {
		list = append(list, t.codes.list...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// inTable tells whether the source's table has a line for it.
func inTable(s ruletest.Source, event, code string) bool {
	for _, l := range s.Table {
		if eventWord(l.Event) == event && (l.Code == code || l.Code == "") {
			return true
		}
	}
	return false
}

// wordsOf is the events that a source's table knows.
func wordsOf(s ruletest.Source) []string {
	var list []string
	for _, l := range s.Table {
		if !slices.Contains(list, eventWord(l.Event)) {
			list = append(list, eventWord(l.Event))
		}
	}
	return list
}
