package lint

import (
	"slices"

	"winnow/hygiene"
	"winnow/internal/yamldoc"
	"winnow/segments"
)

// checkSegments warns of segments that no contact can match.
func (l *linter) checkSegments(entries []*yamldoc.Entry) {
	found := map[string]*conflict{}
	checked := map[string]bool{}
	s := &solver{config: l.config, segments: l.segments}
	check := func(i int) *conflict {
		segment := &l.config.Segments[i]
		if !checked[segment.Name] {
			checked[segment.Name] = true // segments never refer to each other in a cycle
			if segment.Where != nil {
				defer func(outer []string) { s.except = outer }(s.except)
				s.except = segment.Except
				found[segment.Name] = s.refute(l.givenIn(segment), term{is: segment.Where, at: entries[i].Get("where")})
			}
		}
		return found[segment.Name]
	}
	s.emptySegment = func(name string) bool {
		i, known := l.segments[name]
		return known && check(i) != nil
	}
	for i := range entries {
		if c := check(i); c != nil {
			l.warn(c.at, "no contact matches this segment: "+c.why, c.hint)
		}
	}
}

// givenIn is what is true of every member of a segment besides its condition.
func (l *linter) givenIn(s *segments.Segment) []term {
	var given []term
	switch s.Suppressed {
	case segments.Exclude:
		given = append(given, term{is: hygiene.StatusTest{hygiene.IsSuppressed}, not: true,
			says: "this segment excludes suppressed contacts", hint: "write suppressed: only or include"})
	case segments.Only:
		given = append(given, term{is: hygiene.StatusTest{hygiene.IsSuppressed},
			says: "this segment has only suppressed contacts", hint: "remove suppressed: only"})
	}
	if !slices.ContainsFunc(l.config.Policy.Rules, func(r hygiene.Rule) bool { return r.Then.Retry != nil }) {
		given = append(given, term{is: hygiene.StatusTest{hygiene.Cooling, hygiene.RetryDue}, not: true,
			says: "no rule sets a retry", hint: "add a rule that does"})
	}
	return given
}
