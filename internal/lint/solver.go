package lint

import (
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/yamldoc"
	"winnow/segments"
)

// solver finds conditions that are true for no contact at all. It is sound, not
// complete: it compares the terms that are joined with all, one kind of test after
// the other, and takes for possible what it cannot refute.
type solver struct {
	config       *config.Config
	segments     map[string]int         // indexes in config.Segments, by name
	except       []string               // the reasons that do not count for the segment that is looked at
	emptySegment func(name string) bool // reports whether no contact can be in it; nil if unknown
	pairs        int                    // of terms that were compared
}

// maxPairs is where the solver stops: all that it has not refuted by then is taken
// for possible, without a warning. A condition that a program wrote must not keep a
// daemon from starting. Conditions that people write take a few hundred pairs.
const maxPairs = 1_000_000

// term is a condition or its negation, and its place.
type term struct {
	is  hygiene.Condition
	not bool
	at  *yamldoc.Entry // nil for a term that is true without being written

	says, hint string // of a term that is not written: its meaning, and the hint
}

// String is the term as YAML.
func (t *term) String() string {
	if t.not {
		return yamldoc.Shorten(hygiene.Not{Of: t.is}.String(), 80)
	}
	return yamldoc.Shorten(t.is.String(), 80)
}

// conflict is why a condition is never true, and the place to show it.
type conflict struct {
	at        *yamldoc.Entry
	why, hint string
}

// conflictOf is a conflict between terms. It is shown at the last of them that is
// written.
func conflictOf(terms ...*term) *conflict {
	f := &conflict{}
	var tests, unwritten []string
	for _, t := range slices.SortedFunc(slices.Values(terms), inFile) {
		if t.at == nil {
			unwritten, f.hint = append(unwritten, t.says), t.hint
			continue
		}
		tests, f.at = append(tests, t.String()), t.at
	}
	f.why = strings.Join(tests, " and ")
	if unwritten == nil {
		f.why += " are never true together"
	} else {
		f.why += ", but " + strings.Join(unwritten, " and ")
	}
	return f
}

// inFile orders terms by their places; those that are not written come last.
func inFile(a, b *term) int {
	switch {
	case a.at == nil && b.at == nil:
		return 0
	case a.at == nil:
		return 1
	case b.at == nil:
		return -1
	}
	return a.at.Compare(b.at)
}

// neverTrue is the conflict of a term with itself.
func neverTrue(t *term, because, hint string) *conflict {
	return &conflict{at: t.at, why: t.String() + " is never true: " + because, hint: hint}
}

// refute returns why a term is never true together with the given ones; nil when it
// may be.
func (s *solver) refute(given []term, t term) *conflict {
	joined, choices := flatten(slices.Clip(given), nil, t)
	if c := s.conflictAmong(joined); c != nil {
		return c
	}
	for _, options := range choices {
		var first *conflict
		for _, option := range options {
			c := s.refute(joined, option)
			if c == nil {
				first = nil
				break
			}
			if first == nil {
				first = c
			}
		}
		if first != nil {
			return &conflict{at: first.at, why: "none of the alternatives is possible: " + first.why, hint: first.hint}
		}
	}
	return nil
}

// flatten splits a term. It adds to the terms that must all be true, and to the
// choices, of each of which at least one must be true.
func flatten(joined []term, choices [][]term, t term) ([]term, [][]term) {
	var parts []term
	isAll := false
	switch c := t.is.(type) {
	case hygiene.Not:
		return flatten(joined, choices, term{is: c.Of, not: !t.not, at: t.at.Get("not")})
	case hygiene.All:
		parts, isAll = partsOf(c, t, "all"), true
	case hygiene.Any:
		parts = partsOf(c, t, "any")
	default:
		return append(joined, t), choices
	}
	if isAll == t.not && len(parts) > 1 { // an any, or a negated all
		return joined, append(choices, parts)
	}
	for _, part := range parts {
		joined, choices = flatten(joined, choices, part)
	}
	return joined, choices
}

func partsOf(list []hygiene.Condition, t term, key string) []term {
	parts := make([]term, len(list))
	for i, item := range t.at.Get(key).Items() {
		parts[i] = term{is: list[i], not: t.not, at: item}
	}
	return parts
}

// conflictAmong returns why no contact matches all these terms; nil when one may.
func (s *solver) conflictAmong(terms []term) *conflict {
	if s.pairs += len(terms) * len(terms); s.pairs > maxPairs {
		return nil
	}
	for _, find := range []func([]term) *conflict{denied, s.inEmptySegment, s.noStatus, neverCounted, noTime, s.noValue} {
		if c := find(terms); c != nil {
			return c
		}
	}
	return nil
}

// denied finds a test and its negation.
func denied(terms []term) *conflict {
	seen := map[string]*term{}
	for i := range terms {
		t := &terms[i]
		key := fmt.Sprintf("%#v", t.is) // unlike String, with the types of values
		if other := seen[key]; other != nil && other.not != t.not {
			return conflictOf(other, t)
		}
		if seen[key] == nil {
			seen[key] = t
		}
	}
	return nil
}

// inEmptySegment finds a segment that no contact can be in.
func (s *solver) inEmptySegment(terms []term) *conflict {
	for i := range terms {
		t := &terms[i]
		if segment, ok := t.is.(hygiene.SegmentTest); ok && !t.not && s.emptySegment != nil && s.emptySegment(string(segment)) {
			return neverTrue(t, "no contact matches that segment", "")
		}
	}
	return nil
}

// noStatus finds terms that leave no status: every contact has exactly one.
func (s *solver) noStatus(terms []term) *conflict {
	var limits []*term
	left := allStatuses
	for i := range terms {
		if allowed := s.statusesOf(&terms[i]); allowed != allStatuses {
			left &= allowed
			limits = append(limits, &terms[i])
		}
		if left == 0 {
			return conflictOf(s.needed(limits)...)
		}
	}
	return nil
}

// needed leaves out the terms that the conflict does not need.
func (s *solver) needed(limits []*term) []*term {
	for i := 0; i < len(limits); {
		left := allStatuses
		for j, t := range limits {
			if j != i {
				left &= s.statusesOf(t)
			}
		}
		if left == 0 {
			limits = slices.Delete(limits, i, i+1)
		} else {
			i++
		}
	}
	return limits
}

// statusSet is a set of statuses, a bit each.
type statusSet uint8

const allStatuses = statusSet(1<<hygiene.Active | 1<<hygiene.Cooling | 1<<hygiene.RetryDue | 1<<hygiene.IsSuppressed)

// statusesOf is the statuses of the contacts for which the term is true.
func (s *solver) statusesOf(t *term) statusSet {
	set := allStatuses
	switch c := t.is.(type) {
	case hygiene.StatusTest:
		set = 0
		for _, status := range c {
			set |= 1 << status
		}
		if t.not {
			set = allStatuses &^ set
		}
	case hygiene.ReasonTest:
		if !t.not && !slices.ContainsFunc(c, s.excepts) {
			set = 1 << hygiene.IsSuppressed
		}
	case hygiene.SegmentTest:
		if i, known := s.segments[string(c)]; known && !t.not {
			set = s.statusesIn(&s.config.Segments[i])
		}
	}
	return set
}

// excepts reports whether a suppression for the reason does not count for the segment that
// is looked at.
func (s *solver) excepts(reason string) bool { return slices.Contains(s.except, reason) }

// statusesIn is the statuses of the members of another segment, as the segment that is
// looked at has them: suppressions for other reasons may count for it.
func (s *solver) statusesIn(other *segments.Segment) statusSet {
	uncounted := func(reason string) bool { return !s.excepts(reason) }
	switch {
	case other.Suppressed == segments.Only && s.except == nil:
		return 1 << hygiene.IsSuppressed
	case other.Suppressed == segments.Exclude && !slices.ContainsFunc(other.Except, uncounted):
		return allStatuses &^ (1 << hygiene.IsSuppressed)
	default:
		return allStatuses
	}
}
