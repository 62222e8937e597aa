package hygiene

import "time"

// Rule is one entry of the policy. A rule with When is tried on each new event that
// triggers it. A rule with Where alone is one of the review's, which looks at all
// contacts and at the time.
type Rule struct {
	Name  string
	When  *When     // nil for a rule of the review
	Where Condition // nil for none; beside When it must hold too
	Then  Action

	digest  uint64   // of the content without the name
	index   int      // in the policy
	whereOf Outcomes // the outcomes that Where looks at
	against Outcomes // those of them that it counts against the contact
	// onNumbers says that it opens or lifts what lies on numbers.
	onNumbers bool
	// asksContact says that Where asks more than the history, so that a number can't answer.
	asksContact bool
}

// When is what triggers a rule and what it counts. It holds for an event when at
// least Count entries, the event included, lie within Within before it and after
// the last entry of Since.
type When struct{ Counting }

// Action is what a rule does. At least one of its fields is set.
type Action struct {
	Suppress *SuppressAction
	Release  []string // reasons; lifts their open suppressions that rules opened
	Retry    *RetryAction
	Tag      string // a name as the config allows it
	Untag    string
}

// SuppressAction opens a suppression or renews the open one.
type SuppressAction struct {
	Reason string
	For    time.Duration // 0: permanently
}

// RetryAction sets the retry.
type RetryAction struct {
	After []time.Duration // after the 1st, 2nd … bounce since the last delivery; past the end the rule gives up
	Lapse time.Duration   // a due retry is over after this; [DefaultLapse] when the config does not say
}

// Digest is of what the rule says, without its name: two rules of the same name and
// digest are the same rule.
func (r *Rule) Digest() uint64 { return r.digest }

// DefaultLapse is how long a due retry waits before it lapses.
const DefaultLapse = 7 * Day

// opens reports whether the rule adds something: a suppression, retry or tag.
func (r *Rule) opens() bool {
	return r.Then.Suppress != nil || r.Then.Retry != nil || r.Then.Tag != ""
}

func (r *Rule) lifts() bool { return r.Then.Release != nil || r.Then.Untag != "" }

// AlwaysTriggers reports whether every event of the rule's outcomes makes it act.
func (r *Rule) AlwaysTriggers() bool { return r.When.everyEventCounts() && r.Where == nil }

// AsksContact reports whether the rule's where asks for something that a phone number does
// not have: anything but outcome, first_seen and last_seen.
func (r *Rule) AsksContact() bool {
	asks := false
	Walk(r.Where, func(c Condition) bool {
		switch c.(type) {
		case OutcomeTest, SeenTest, All, Any, Not:
		default:
			asks = true
		}
		return true
	})
	return asks
}

// outcomes are the outcomes that the rule looks at.
func (r *Rule) outcomes() Outcomes {
	if r.When == nil {
		return r.whereOf
	}
	return r.When.Outcomes | r.When.Since | r.whereOf
}

// mayCount reports whether the rule may count an entry of that outcome and kind
// against the contact.
func (r *Rule) mayCount(o Outcome, k Kind) bool {
	return r.against.Has(o) || r.When != nil && r.When.triggeredBy(o, k)
}

// Undoes reports whether the rule lifts what the rule other opens.
func (r *Rule) Undoes(other *Rule) bool {
	if s := other.Then.Suppress; s != nil {
		for _, reason := range r.Then.Release {
			if reason == s.Reason {
				return true
			}
		}
	}
	return other.Then.Tag != "" && r.Then.Untag == other.Then.Tag
}
