package hygiene

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Finding is what a condition found of a contact: its verdict, and the values
// that decided. What is below all, any and not is there in full, also behind the
// part that decided.
type Finding struct {
	Test  string    `json:"test"` // the condition as it is written
	Holds bool      `json:"holds"`
	Why   string    `json:"why,omitempty"` // the shortest facts that suffice for the verdict
	Parts []Finding `json:"parts,omitempty"`
}

// Explain asks the condition and tells what it saw. Every verdict in the finding
// is the condition's own: nothing is evaluated in a second way.
func Explain(c Condition, s *Subject) Finding {
	f := Finding{Test: c.String(), Holds: c.Holds(s)}
	switch c := c.(type) {
	case All:
		f.Parts = explainEach(c, s)
		f.Why = sufficient(f.Parts, f.Holds, !f.Holds)
	case Any:
		f.Parts = explainEach(c, s)
		f.Why = sufficient(f.Parts, f.Holds, f.Holds)
	case Not:
		f.Parts = explainEach([]Condition{c.Of}, s)
		f.Why = f.Parts[0].Why
	case OutcomeTest:
		f.Why = c.why(s)
	case StatusTest:
		f.Why = "is " + s.Status(s.At.At).String()
	case ReasonTest:
		f.Why = whyReasons(s)
	case TagTest:
		f.Why = c.why(s)
	case ListTest:
		f.Why = isOrNot(f.Holds) + "on list " + string(c)
	case SegmentTest:
		f.Why = isOrNot(f.Holds) + "in " + string(c)
	case AttributeTest:
		f.Why = c.why(s)
	case ContactTest:
		f.Why = c.Comparison.why("the key", ParseValue(s.Key))
	case SeenTest:
		f.Why = c.why(s)
	}
	return f
}

func explainEach(list []Condition, s *Subject) []Finding {
	parts := make([]Finding, len(list))
	for i, c := range list {
		parts[i] = Explain(c, s)
	}
	return parts
}

// sufficient is why parts together give a verdict: one of them with that verdict
// is enough, and the shortest is told, or all of them are needed.
func sufficient(parts []Finding, verdict, oneIsEnough bool) string {
	var whys []string
	for i := range parts {
		if parts[i].Holds == verdict {
			whys = append(whys, parts[i].Why)
		}
	}
	if oneIsEnough && len(whys) > 0 {
		return slices.MinFunc(whys, func(a, b string) int { return utf8.RuneCountInString(a) - utf8.RuneCountInString(b) })
	}
	return strings.Join(whys, "; ")
}

func isOrNot(holds bool) string {
	if holds {
		return "is "
	}
	return "is not "
}

func whyReasons(s *Subject) string {
	if open := s.Reasons(s.At.At); open != nil {
		return "suppressed for " + strings.Join(open, ", ")
	}
	return "no suppression is open"
}

func (c TagTest) why(s *Subject) string {
	i := s.tag(string(c))
	if i < 0 {
		return "not tagged " + string(c)
	}
	return fmt.Sprintf("tagged %s since %s", string(c), s.Tags[i].Since.At)
}

func (c AttributeTest) why(s *Subject) string {
	v, ok := s.Attributes.Get(c.Name)
	if !ok {
		return c.Name + " is not set"
	}
	return c.Comparison.why(c.Name, v)
}

// why is the value of what has that name. Two values that have no order are the
// one case where the value alone does not show why the answer is no.
func (c *Comparison) why(name string, v Value) string {
	text := name + " is " + v.shown()
	if !slices.Contains([]Operator{AtLeast, AtMost, Before, After}, c.Op) {
		return text
	}
	if _, ordered := v.compare(c.Values[0]); !ordered {
		text += ", which can't be compared with " + c.Values[0].Text
	}
	return text
}

// shown is the value for people: text in quotes, numbers and truth values bare.
func (v Value) shown() string {
	if v.Type == Text {
		return fmt.Sprintf("%q", v.Text)
	}
	return v.Text
}

func (c SeenTest) why(s *Subject) string {
	which, seen := "last", s.History.Latest().At
	if c.First {
		which, seen = "first", s.History.FirstSeen()
	}
	switch {
	case seen == 0:
		return "never seen"
	case seen > s.At.At:
		return fmt.Sprintf("%s seen only at %s", which, seen)
	}
	return fmt.Sprintf("%s seen %s ago, at %s", which, roughly(s.At.At.Sub(seen)), seen)
}

// roughly is a duration in its two largest units.
func roughly(d time.Duration) string {
	unit := time.Second
	switch {
	case d >= Day:
		unit = time.Hour
	case d >= time.Hour:
		unit = time.Minute
	}
	return FormatDuration(d.Truncate(unit))
}

// why tells what was counted, and, where that is too little, what was not:
// "soft_bounce: 2 of 4 counted (T, T); not counted: 1 outside 14d (T)".
func (c OutcomeTest) why(s *Subject) string {
	counted, rest := c.sort(s)
	if counted == nil && rest == nil {
		return "no " + c.Outcomes.nouns() + " is known"
	}
	text := strings.Join(c.Outcomes.Names(), " or ") + ": " + c.tell(counted)
	if len(counted) >= max(c.Count, 1) {
		return text
	}
	if rest != nil {
		text += "; not counted: " + joinedUncounted(rest)
	}
	if kept := s.History.oldest(c.Outcomes); kept != 0 && (c.Within == 0 || kept >= s.At.At.Add(-c.Within)) {
		text += fmt.Sprintf("; what was before %s is no longer kept", kept)
	}
	return text
}

// tell is how many entries were counted, and when the latest of them were: as
// many as one may want to look up.
func (q *Counting) tell(counted []*Entry) string {
	n, text := len(counted), fmt.Sprintf("%d counted", len(counted))
	shown := 1
	switch {
	case n < q.Count:
		shown, text = 4, fmt.Sprintf("%d of %d counted", n, q.Count)
	case q.Count > 1:
		shown, text = 4, fmt.Sprintf("%d counted, %d needed", n, q.Count)
	}
	if n == 0 {
		return text
	}
	var at []string
	for _, e := range counted[max(0, n-shown):] {
		at = append(at, e.At.String())
	}
	which := ""
	if n > shown {
		which = "the latest "
	}
	return text + " (" + which + strings.Join(at, ", ") + ")"
}

// uncounted is entries of the outcomes that did not count for the same cause.
type uncounted struct {
	cause  string
	n      int
	latest Instant
}

func (u uncounted) String() string {
	if u.n == 1 {
		return fmt.Sprintf("1 %s (%s)", u.cause, u.latest)
	}
	return fmt.Sprintf("%d %s (the latest %s)", u.n, u.cause, u.latest)
}

func joinedUncounted(list []uncounted) string {
	var texts []string
	for _, u := range list {
		texts = append(texts, u.String())
	}
	return strings.Join(texts, ", ")
}

// sort parts the kept entries of the outcomes into those that the engine counts,
// the oldest first, and the others by cause.
func (q *Counting) sort(s *Subject) (counted []*Entry, rest []uncounted) {
	is := map[*Entry]bool{}
	for e := range q.counted(&s.History, s.At, s.struck) {
		counted, is[e] = append(counted, e), true
	}
	slices.Reverse(counted)
	for e := range s.History.newestFirst(q.Outcomes, EndOf(1<<63-1)) {
		if is[e] {
			continue
		}
		cause := q.cause(e, s)
		i := slices.IndexFunc(rest, func(u uncounted) bool { return u.cause == cause })
		if i < 0 {
			i, rest = len(rest), append(rest, uncounted{cause: cause, latest: e.At})
		}
		rest[i].n++
	}
	return counted, rest
}

// cause is why an entry did not count, asked in the order in which the engine
// asks.
func (q *Counting) cause(e *Entry, s *Subject) string {
	after, _ := q.bounds(&s.History, s.At)
	kind := s.History.Kind(e)
	switch {
	case e.After(s.At):
		return "later than " + s.At.At.String()
	case q.Within > 0 && e.At < s.At.At.Add(-q.Within):
		return "outside " + FormatDuration(q.Within)
	case !e.After(after):
		return fmt.Sprintf("not after the %s of %s", s.History.at(after).Noun(), after.At)
	case q.Since != 0 && e.At < s.History.oldest(q.Outcomes|q.Since):
		return "older than what is kept of each outcome asked for"
	case q.Source != "" && q.Source != kind.Source:
		return "of another source"
	case !q.narrows(kind):
		return "of another code"
	case s.struck != nil && s.struck(e):
		return "struck by hand"
	}
	return "less than " + FormatDuration(q.Apart) + " from a counted one"
}

// at is the outcome of the entry of that moment.
func (h *History) at(m Moment) Outcome {
	for o := range h.trails {
		if slices.ContainsFunc(h.trails[o].Entries, func(e Entry) bool { return e.Moment == m }) {
			return Outcome(o)
		}
	}
	return Unrecognized
}

// Noun is what people call one event of the outcome: a delivery, a hard bounce.
func (o Outcome) Noun() string {
	switch o {
	case Scheduled, Opened:
		return strings.TrimSuffix(o.String(), "ed") + "ing"
	case Sent:
		return "sending"
	case Delivered:
		return "delivery"
	case Clicked:
		return "click"
	case Dropped:
		return "drop"
	case Unsubscribed:
		return "opt-out"
	case Resubscribed:
		return "opt-in"
	case Unrecognized:
		return "unrecognized event"
	}
	return strings.ReplaceAll(o.String(), "_", " ")
}

func (s Outcomes) nouns() string {
	var nouns []string
	for o := range s.All() {
		nouns = append(nouns, o.Noun())
	}
	return strings.Join(nouns, " or ")
}

// RuleOf is the rule that the grounds name, if it still reads as it did when it
// acted; nil if it was edited or taken out since, or no rule acted.
func (p *Policy) RuleOf(g *Grounds) *Rule { return p.rule(g.Rule, g.Digest) }
