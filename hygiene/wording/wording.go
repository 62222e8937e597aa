// Package wording writes rules and conditions as sentences, for people who do not read
// YAML.
//
// A sentence says what the engine does, not how the rule is written: "After 3 soft bounces
// within 14 days: suppress for 90 days as soft_bounce". Names that people chose, such as
// reasons, tags and attributes, stand in it as they are.
//
// Where to change what: a new type of condition is a case of [Condition]; what is counted
// is in events.go; a new action is a few lines of actions. The nouns are those of outcomes.
package wording

import (
	"fmt"
	"strings"
	"time"

	"winnow/hygiene"
)

// Rule is what the rule does, as one sentence without a period.
func Rule(r *hygiene.Rule) string {
	text := "At each review, of a contact that " + conditionOrAll(r.Where)
	if r.When != nil {
		text = "After " + events(&r.When.Counting, "")
		if r.Where != nil {
			text += ", of a contact that " + Condition(r.Where)
		}
	}
	return text + ": " + strings.Join(actions(&r.Then), "; ")
}

func conditionOrAll(c hygiene.Condition) string {
	if c == nil {
		return "is known"
	}
	return Condition(c)
}

func actions(a *hygiene.Action) (list []string) {
	if s := a.Suppress; s != nil {
		list = append(list, "suppress "+length(s.For)+" as "+s.Reason)
	}
	if a.Release != nil {
		list = append(list, "lift "+joined(a.Release, "and"))
	}
	if r := a.Retry; r != nil {
		var after []string
		for _, d := range r.After {
			after = append(after, Span(d))
		}
		list = append(list, "retry after "+joined(after, "and then"))
	}
	if a.Tag != "" {
		list = append(list, "tag as "+a.Tag)
	}
	if a.Untag != "" {
		list = append(list, "remove the tag "+a.Untag)
	}
	return list
}

func length(d time.Duration) string {
	if d == 0 {
		return "permanently"
	}
	return "for " + Span(d)
}

// Condition is what is true of a contact for which it holds, beginning with a verb: "had a
// delivery within 90 days and is active".
func Condition(c hygiene.Condition) string {
	switch c := c.(type) {
	case hygiene.All:
		return several(c, "and")
	case hygiene.Any:
		return several(c, "or")
	case hygiene.Not:
		return negated(c.Of)
	case hygiene.OutcomeTest:
		return "had " + events(&c.Counting, "at least ")
	case hygiene.StatusTest:
		return "is " + statuses(c)
	case hygiene.ReasonTest:
		return "is suppressed for " + joined(c, "or")
	case hygiene.TagTest:
		return "has the tag " + string(c)
	case hygiene.ListTest:
		return "is on the list " + string(c)
	case hygiene.SegmentTest:
		return "is in the segment " + string(c)
	case hygiene.AttributeTest:
		if c.Op == hygiene.Exists {
			return "has " + map[bool]string{true: "the attribute ", false: "not the attribute "}[c.Exists] + c.Name
		}
		return "has " + c.Name + " " + comparison(&c.Comparison)
	case hygiene.ContactTest:
		return "has a key " + comparison(&c.Comparison)
	case hygiene.SeenTest:
		return seen(c)
	}
	return "meets " + c.String()
}

// negated is the condition under a not.
func negated(c hygiene.Condition) string {
	if test, ok := c.(hygiene.OutcomeTest); ok {
		if test.Count <= 1 {
			q := test.Counting
			return "had no " + plainEvents(&q, 1) + limits(&q)
		}
		return "had fewer than " + events(&test.Counting, "")
	}
	text := Condition(c)
	for _, verb := range []string{"is ", "was "} {
		if rest, ok := strings.CutPrefix(text, verb); ok && !isJoined(c) {
			return verb + "not " + rest
		}
	}
	if rest, ok := strings.CutPrefix(text, "has the "); ok && !isJoined(c) {
		return "has not the " + rest
	}
	if isJoined(c) {
		text = "(" + text + ")"
	}
	return "is not one that " + text
}

// isJoined reports whether the condition is made of several.
func isJoined(c hygiene.Condition) bool {
	switch c := c.(type) {
	case hygiene.All:
		return len(c) > 1
	case hygiene.Any:
		return len(c) > 1
	}
	return false
}

func several[T ~[]hygiene.Condition](list T, word string) string {
	var parts []string
	for _, c := range list {
		text := Condition(c)
		if isJoined(c) {
			text = "(" + text + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " "+word+" ")
}

func statuses(list hygiene.StatusTest) string {
	var names []string
	for _, s := range list {
		name := s.String()
		if s == hygiene.RetryDue {
			name = "due for a retry"
		}
		names = append(names, name)
	}
	return joined(names, "or")
}

// operators are the words for comparing with a value.
var operators = map[hygiene.Operator]string{
	hygiene.Is: "", hygiene.In: "", hygiene.Contains: "that contains ", hygiene.StartsWith: "that starts with ",
	hygiene.AtLeast: "of at least ", hygiene.AtMost: "of at most ", hygiene.Before: "before ", hygiene.After: "after ",
}

func comparison(c *hygiene.Comparison) string {
	var values []string
	for _, v := range c.Values {
		values = append(values, v.Quoted())
	}
	return operators[c.Op] + joined(values, "or")
}

func seen(c hygiene.SeenTest) string {
	which := "last"
	if c.First {
		which = "first"
	}
	if c.Within > 0 {
		return "was " + which + " seen within " + Span(c.Within)
	}
	return "was " + which + " seen over " + Span(c.OlderThan) + " ago"
}

// Span is a duration in words: 1 day 12 hours.
func Span(d time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{hygiene.Day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := d / unit.length; n > 0 {
			parts, d = append(parts, counted(int(n), unit.name, unit.name+"s")), d%unit.length
		}
	}
	if d > 0 || parts == nil {
		parts = append(parts, d.String())
	}
	return strings.Join(parts, " ")
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

// joined joins words with commas and a last word between them.
func joined(words []string, last string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " " + last + " " + words[n-1]
	}
	return strings.Join(words, "")
}
