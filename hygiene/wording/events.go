package wording

import (
	"cmp"
	"strings"

	"winnow/hygiene"
)

// messages are the outcomes that a person has as messages.
var messages = map[hygiene.Outcome]string{hygiene.Scheduled: "scheduled message", hygiene.Sent: "sent message", hygiene.Opened: "opened message"}

// noun is what people call n events of the outcome.
func noun(o hygiene.Outcome, n int) string {
	word := cmp.Or(messages[o], o.Noun())
	if n == 1 {
		return word
	}
	if stem, ok := strings.CutSuffix(word, "y"); ok {
		return stem + "ies"
	}
	return word + "s"
}

// events are what is counted, and how many of them, with the word before the number.
func events(q *hygiene.Counting, atLeast string) string {
	n := max(q.Count, 1)
	if n == 1 {
		var list []string
		for o := range q.Outcomes.All() {
			list = append(list, withArticle(noun(o, 1)))
		}
		return joined(list, "or") + limits(q)
	}
	return atLeast + counted(n, plainEvents(q, 1), plainEvents(q, n)) + limits(q)
}

// plainEvents are what is counted, n of them, without the number.
func plainEvents(q *hygiene.Counting, n int) string {
	var list []string
	for o := range q.Outcomes.All() {
		list = append(list, noun(o, n))
	}
	return joined(list, "or")
}

// limits are what narrows the counting.
func limits(q *hygiene.Counting) (text string) {
	if q.Codes != nil {
		text += " with the code " + joined(q.Codes, "or")
	}
	if q.Source != "" {
		text += " from " + q.Source
	}
	if q.Within > 0 {
		text += " within " + Span(q.Within)
	}
	if q.Since != 0 {
		var list []string
		for o := range q.Since.All() {
			list = append(list, noun(o, 1))
		}
		text += " since the last " + joined(list, "or")
	}
	if q.Apart > 0 {
		text += ", at least " + Span(q.Apart) + " apart"
	}
	if q.Silent > 0 {
		text += ", unanswered for " + Span(q.Silent)
	}
	return text
}

func withArticle(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
