package config

import (
	"slices"

	"winnow/hygiene"
	"winnow/segments"
)

// warnSegments tells of segments that no contact can match.
func (w *warner) warnSegments(entries []*entry) {
	found := map[string]*finding{}
	asked := map[string]bool{}
	r := &reasoning{config: w.config}
	ask := func(i int) *finding {
		s := &w.config.Segments[i]
		if !asked[s.Name] {
			asked[s.Name] = true // segments never ask for each other in a circle
			if s.Where != nil {
				found[s.Name] = r.never(w.beside(s), part{is: s.Where, at: entries[i].get("where")})
			}
		}
		return found[s.Name]
	}
	r.empty = func(name string) bool {
		i := slices.IndexFunc(w.config.Segments, func(s segments.Segment) bool { return s.Name == name })
		return i >= 0 && ask(i) != nil
	}
	for i := range entries {
		if f := ask(i); f != nil {
			w.doubt(f.at, "no contact matches this segment: "+f.why, f.hint)
		}
	}
}

// beside is what is true of every member of a segment beside its condition.
func (w *warner) beside(s *segments.Segment) []part {
	var given []part
	switch s.Suppressed {
	case segments.Exclude:
		given = append(given, part{is: hygiene.StatusTest{hygiene.IsSuppressed}, not: true,
			says: "this segment leaves suppressed contacts out", hint: "write suppressed: only, or include"})
	case segments.Only:
		given = append(given, part{is: hygiene.StatusTest{hygiene.IsSuppressed},
			says: "this segment has suppressed contacts only", hint: "take suppressed: only out"})
	}
	if !slices.ContainsFunc(w.config.Policy.Rules, func(r hygiene.Rule) bool { return r.Then.Retry != nil }) {
		given = append(given, part{is: hygiene.StatusTest{hygiene.Cooling, hygiene.RetryDue}, not: true,
			says: "no rule sets a retry", hint: "write a rule that does"})
	}
	return given
}
