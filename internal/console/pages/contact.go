package pages

import (
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
)

// contacts is what the page of contacts shows: those that were searched for.
type contacts struct {
	Sentence string // why there are none; empty when there are some
	Found    []contact
}

// contact is one contact, or a phone number that no contact has.
type contact struct {
	*view.Explanation
	Reasons []string // for which it can be suppressed

	protected []string
}

// Reasons are those of the policy in force.
type Reasons struct {
	Known     []string // that its rules give, and the protected ones
	Protected []string // that are lifted only when they are named
}

var contactPage = parsed("contact.html")

// Contacts makes the page of what was found for p.Query. The error says why nothing was.
func Contacts(p Page, found []*view.Explanation, reasons Reasons, err error) ([]byte, error) {
	data, title := contacts{}, "Find a contact"
	switch {
	case err != nil:
		data.Sentence = err.Error()
	case len(found) == 0 && p.Query != "":
		data.Sentence = fmt.Sprintf("nothing is known of %q; check how it is written", p.Query)
	}
	for _, e := range found {
		data.Found, title = append(data.Found, contact{e, reasons.Known, reasons.Protected}), nameOf(e)
		p.At = e.AsOf
	}
	return render(contactPage, p, title, data)
}

// nameOf is the contact's key, or the number.
func nameOf(e *view.Explanation) string {
	if e.Contact == "" {
		return e.Phone
	}
	return e.Contact
}

// Name is the contact's key, or the number.
func (c contact) Name() string { return nameOf(c.Explanation) }

// IsNumber reports whether it is a phone number that no contact has.
func (c contact) IsNumber() bool { return c.Contact == "" }

// Sendable reports whether it may be texted.
func (c contact) Sendable() bool { return c.Status == "active" || c.Status == "retry" }

// Open are the suppressions that have effect.
func (c contact) Open() (open []view.Suppression) {
	for _, s := range c.Suppressions {
		if s.Held == 0 && (s.Until == nil || *s.Until > c.AsOf) {
			open = append(open, s)
		}
	}
	return open
}

// Held are the suppressions that wait for the review of a surge.
func (c contact) Held() (held []view.Suppression) {
	for _, s := range c.Suppressions {
		if s.Held != 0 {
			held = append(held, s)
		}
	}
	return held
}

// OpenReasons are the reasons for which it is suppressed, each once.
func (c contact) OpenReasons() (reasons []string) {
	for _, s := range c.Open() {
		if !slices.Contains(reasons, s.Reason) {
			reasons = append(reasons, s.Reason)
		}
	}
	return reasons
}

// MustBeAsked reports whether a reason is the contact's own word, which only it can take
// back.
func (c contact) MustBeAsked(reason string) bool { return slices.Contains(c.protected, reason) }

// placed is a segment and why the contact is in it, or not.
type placed struct {
	Segment string
	In      bool
	Why     string
}

// Placed are the segments, those that it is in first.
func (c contact) Placed() (list []placed) {
	for name, in := range c.Segments {
		list = append(list, placed{name, in, c.Conditions[name].Why.String()})
	}
	slices.SortFunc(list, func(a, b placed) int {
		if a.In != b.In {
			return map[bool]int{true: -1, false: 1}[a.In]
		}
		return strings.Compare(a.Segment, b.Segment)
	})
	return list
}

// historyRow is what the history keeps of an outcome.
type historyRow struct {
	Outcome string
	Count   string // with a plus when older ones were dropped
	view.OutcomeHistory
}

// HistoryRows are the outcomes in the history, in the order of all outcomes.
func (c contact) HistoryRows() (rows []historyRow) {
	for _, name := range hygiene.OutcomeNames() {
		h, ok := c.History[name]
		if !ok {
			continue
		}
		row := historyRow{name, ui.Number(int64(h.Count)), h}
		if h.More {
			row.Count += "+"
		}
		rows = append(rows, row)
	}
	return rows
}

// Newest are the events of the timeline, the latest first.
func (c contact) Newest() []view.Event {
	list := slices.Clone(c.Timeline)
	slices.Reverse(list)
	return list
}
