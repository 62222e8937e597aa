package lint

import (
	"slices"
	"time"

	"winnow/hygiene"
)

// neverCounted finds tests of the history that are never true: one that counts since
// the outcome that it counts, and one that contradicts a negated test.
func neverCounted(terms []term) *conflict {
	for i := range terms {
		t := &terms[i]
		asked, ok := t.is.(hygiene.OutcomeTest)
		if !ok || t.not {
			continue
		}
		if asked.Outcomes&^asked.Since == 0 {
			return neverTrue(t, "only other outcomes come after the last of these", "write another outcome in since")
		}
		for j := range terms {
			if !terms[j].not {
				continue
			}
			if denied, ok := terms[j].is.(hygiene.OutcomeTest); ok && implies(&asked.Counting, &denied.Counting) {
				return conflictOf(t, &terms[j])
			}
		}
	}
	return nil
}

// implies reports whether b is true whenever a is: b counts all that a counts, and
// needs no more of it.
func implies(a, b *hygiene.Counting) bool {
	sameSince := b.Since == 0 || b.Since == a.Since && b.Outcomes == a.Outcomes
	longEnough := b.Within == 0 || a.Within > 0 && a.Within <= b.Within
	silentToo := b.Silent == 0 || a.Silent >= b.Silent
	return silentToo && a.Count >= b.Count && a.Outcomes&^b.Outcomes == 0 && sameSince && longEnough &&
		narrower(a.Codes, b.Codes) && (b.Source == "" || b.Source == a.Source)
}

// ageRange is how long ago an event was: longer than min, and at most max.
type ageRange struct {
	min, max     time.Duration
	minBy, maxBy *term // the terms that say so; nil for no limit
}

// noTime finds tests of first_seen and last_seen that no time passes: a contact's last
// event is never older than its first.
func noTime(terms []term) *conflict {
	known := slices.ContainsFunc(terms, func(t term) bool {
		switch t.is.(type) {
		case hygiene.SeenTest, hygiene.OutcomeTest:
			return !t.not
		}
		return false
	})
	if !known { // a contact without events passes no test of its age, and so every denial
		return nil
	}
	var first, last ageRange
	for i := range terms {
		t := &terms[i]
		switch c := t.is.(type) {
		case hygiene.SeenTest:
			if c.First {
				first.apply(c, t)
			} else {
				last.apply(c, t)
			}
		case hygiene.OutcomeTest:
			if !t.not && c.Within > 0 { // so the last event is as recent
				last.atMost(c.Within, t)
			}
		}
	}
	switch {
	case last.min >= last.max && last.bounded():
		return conflictOf(last.minBy, last.maxBy)
	case first.min >= first.max && first.bounded():
		return conflictOf(first.minBy, first.maxBy)
	case last.minBy != nil && first.maxBy != nil && last.min >= first.max:
		return conflictOf(last.minBy, first.maxBy)
	}
	return nil
}

// apply narrows the range by a test, or its denial, of a contact with events.
func (a *ageRange) apply(c hygiene.SeenTest, t *term) {
	switch {
	case c.Within > 0 && !t.not:
		a.atMost(c.Within, t)
	case c.Within > 0:
		a.longerThan(c.Within, t)
	case !t.not:
		a.longerThan(c.OlderThan, t)
	default:
		a.atMost(c.OlderThan, t)
	}
}

func (a *ageRange) atMost(max time.Duration, by *term) {
	if a.maxBy == nil || max < a.max {
		a.max, a.maxBy = max, by
	}
}

func (a *ageRange) longerThan(min time.Duration, by *term) {
	if a.minBy == nil || min > a.min {
		a.min, a.minBy = min, by
	}
}

func (a *ageRange) bounded() bool { return a.minBy != nil && a.maxBy != nil }
