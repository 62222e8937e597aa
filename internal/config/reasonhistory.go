package config

import (
	"slices"
	"time"

	"winnow/hygiene"
)

// counts finds tests of the history that are never true: one that counts since
// the very outcome it counts, and one whose opposite, or more than that, is
// demanded too.
func counts(parts []part) *finding {
	for i := range parts {
		p := &parts[i]
		asked, ok := p.is.(hygiene.OutcomeTest)
		if !ok || p.not {
			continue
		}
		if asked.Outcomes&^asked.Since == 0 {
			return impossible(p, "nothing comes after the last of these but other outcomes", "count since another outcome")
		}
		for j := range parts {
			if !parts[j].not {
				continue
			}
			if denied, ok := parts[j].is.(hygiene.OutcomeTest); ok && implies(&asked.Counting, &denied.Counting) {
				return apart(p, &parts[j])
			}
		}
	}
	return nil
}

// implies tells whether so many entries of a are always as many as b asks for:
// whatever a counts b counts too.
func implies(a, b *hygiene.Counting) bool {
	sinceAlike := b.Since == 0 || b.Since == a.Since && b.Outcomes == a.Outcomes
	longer := b.Within == 0 || a.Within > 0 && a.Within <= b.Within
	return a.Count >= b.Count && a.Outcomes&^b.Outcomes == 0 && sinceAlike && longer &&
		narrower(a.Codes, b.Codes) && (b.Source == "" || b.Source == a.Source)
}

// age is how long ago something was: more than over, and not more than most.
type age struct {
	over, most         time.Duration // most is only a limit when atMost is there
	longerThan, atMost *part         // what says so; nil for nothing
}

// ages finds tests of first_seen and last_seen that leave no time: a contact's
// last event is never longer ago than its first.
func ages(parts []part) *finding {
	known := slices.ContainsFunc(parts, func(p part) bool {
		switch p.is.(type) {
		case hygiene.SeenTest, hygiene.OutcomeTest:
			return !p.not
		}
		return false
	})
	if !known { // who has no events is neither within nor longer ago, and passes what is denied
		return nil
	}
	var first, last age
	for i := range parts {
		p := &parts[i]
		switch c := p.is.(type) {
		case hygiene.SeenTest:
			if c.First {
				first.learn(c, p)
			} else {
				last.learn(c, p)
			}
		case hygiene.OutcomeTest:
			if !p.not && c.Within > 0 { // so the last event is as recent
				last.limit(c.Within, p)
			}
		}
	}
	switch {
	case last.over >= last.most && last.bounded():
		return apart(last.longerThan, last.atMost)
	case first.over >= first.most && first.bounded():
		return apart(first.longerThan, first.atMost)
	case last.longerThan != nil && first.atMost != nil && last.over >= first.most:
		return apart(last.longerThan, first.atMost)
	}
	return nil
}

// learn takes in what a test, or its denial, says of somebody with events.
func (a *age) learn(c hygiene.SeenTest, p *part) {
	switch {
	case c.Within > 0 && !p.not:
		a.limit(c.Within, p)
	case c.Within > 0:
		a.exceed(c.Within, p)
	case !p.not:
		a.exceed(c.OlderThan, p)
	default:
		a.limit(c.OlderThan, p)
	}
}

func (a *age) limit(most time.Duration, p *part) {
	if a.atMost == nil || most < a.most {
		a.most, a.atMost = most, p
	}
}

func (a *age) exceed(over time.Duration, p *part) {
	if a.longerThan == nil || over > a.over {
		a.over, a.longerThan = over, p
	}
}

func (a *age) bounded() bool { return a.longerThan != nil && a.atMost != nil }
