package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/segments"
)

// reasoning finds conditions that are true of no contact whatever. It is sound,
// not complete: it looks at what is joined with all, one kind of test after the
// other, and what it can't prove it takes for possible.
type reasoning struct {
	config *Config
	empty  func(segment string) bool // whether nobody can be in the segment; nil for no
	pairs  int                       // of parts that were held against each other
}

// mostPairs is when it stops, and takes the rest for possible: a condition that a
// machine wrote must not keep a daemon from starting. People's take a few hundred.
const mostPairs = 100_000_000

// part is a condition, or its opposite, and where it stands.
type part struct {
	is  hygiene.Condition
	not bool
	at  *entry // nil for what is true beside the condition

	says, hint string // of such a part: what it says, and what to do about it
}

// String is a part of the file as it is written.
func (p *part) String() string {
	if p.not {
		return shorten(hygiene.Not{Of: p.is}.String(), 80)
	}
	return shorten(p.is.String(), 80)
}

// finding is why a condition is never true, and where that shows.
type finding struct {
	at        *entry
	why, hint string
}

// apart is the finding that parts are never true together. It stands at the last
// of them that is in the file; what is true beside the condition comes last.
func apart(parts ...*part) *finding {
	f := &finding{}
	var tests, beside []string
	for _, p := range slices.SortedFunc(slices.Values(parts), inFile) {
		if p.at == nil {
			beside, f.hint = append(beside, p.says), p.hint
			continue
		}
		tests, f.at = append(tests, p.String()), p.at
	}
	f.why = strings.Join(tests, " and ")
	if beside == nil {
		f.why += " are never true together"
	} else {
		f.why += ", but " + strings.Join(beside, " and ")
	}
	return f
}

// inFile orders parts as they stand in the file; the others come last.
func inFile(a, b *part) int {
	switch {
	case a.at == nil && b.at == nil:
		return 0
	case a.at == nil:
		return 1
	case b.at == nil:
		return -1
	}
	m, n := a.at.place.node, b.at.place.node
	return cmp.Or(cmp.Compare(m.Line, n.Line), cmp.Compare(m.Column, n.Column))
}

// impossible is the finding that one part alone is never true.
func impossible(p *part, because, hint string) *finding {
	return &finding{at: p.at, why: p.String() + " is never true: " + because, hint: hint}
}

// never tells why a part can't be true where the given ones are; nil when it may.
func (r *reasoning) never(given []part, p part) *finding {
	joined, choices := flatten(slices.Clip(given), nil, p)
	if f := r.contradiction(joined); f != nil {
		return f
	}
	for _, options := range choices {
		var first *finding
		for _, option := range options {
			f := r.never(joined, option)
			if f == nil {
				first = nil
				break
			}
			if first == nil {
				first = f
			}
		}
		if first != nil {
			return &finding{at: first.at, why: "none of the alternatives is possible: " + first.why, hint: first.hint}
		}
	}
	return nil
}

// flatten adds to the parts that must all be true, and to the choices, of each
// of which one must be.
func flatten(joined []part, choices [][]part, p part) ([]part, [][]part) {
	var parts []part
	isAll := false
	switch c := p.is.(type) {
	case hygiene.Not:
		return flatten(joined, choices, part{is: c.Of, not: !p.not, at: p.at.get("not")})
	case hygiene.All:
		parts, isAll = partsOf(c, p, "all"), true
	case hygiene.Any:
		parts = partsOf(c, p, "any")
	default:
		return append(joined, p), choices
	}
	if isAll == p.not && len(parts) > 1 { // not all of them are true: one is not
		return joined, append(choices, parts)
	}
	for _, q := range parts {
		joined, choices = flatten(joined, choices, q)
	}
	return joined, choices
}

func partsOf(list []hygiene.Condition, p part, key string) []part {
	parts := make([]part, len(list))
	for i, item := range p.at.get(key).each() {
		parts[i] = part{is: list[i], not: p.not, at: item}
	}
	return parts
}

// contradiction tells why these parts are not all true of one contact.
func (r *reasoning) contradiction(parts []part) *finding {
	if r.pairs += len(parts) * len(parts); r.pairs > mostPairs {
		return nil
	}
	for _, look := range []func([]part) *finding{opposites, r.membership, r.statuses, counts, ages, r.values} {
		if f := look(parts); f != nil {
			return f
		}
	}
	return nil
}

// opposites finds a test and the same test denied.
func opposites(parts []part) *finding {
	seen := map[string]*part{}
	for i := range parts {
		p := &parts[i]
		key := fmt.Sprintf("%#v", p.is) // unlike String, with the types of values
		if other := seen[key]; other != nil && other.not != p.not {
			return apart(other, p)
		}
		if seen[key] == nil {
			seen[key] = p
		}
	}
	return nil
}

// membership finds a segment that nobody can be in.
func (r *reasoning) membership(parts []part) *finding {
	for i := range parts {
		p := &parts[i]
		if s, ok := p.is.(hygiene.SegmentTest); ok && !p.not && r.empty != nil && r.empty(string(s)) {
			return impossible(p, "no contact matches that segment", "")
		}
	}
	return nil
}

// statuses finds parts that leave no status: every contact has exactly one.
func (r *reasoning) statuses(parts []part) *finding {
	var limits []*part
	left := allStatuses
	for i := range parts {
		if mask := r.allowed(&parts[i]); mask != allStatuses {
			left &= mask
			limits = append(limits, &parts[i])
		}
		if left == 0 {
			return apart(r.needed(limits)...)
		}
	}
	return nil
}

// needed leaves out the parts without which no status is left either.
func (r *reasoning) needed(limits []*part) []*part {
	for i := 0; i < len(limits); {
		left := allStatuses
		for j, p := range limits {
			if j != i {
				left &= r.allowed(p)
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

// allowed is the statuses of contacts of which the part is true.
func (r *reasoning) allowed(p *part) statusSet {
	set := allStatuses
	switch c := p.is.(type) {
	case hygiene.StatusTest:
		set = 0
		for _, s := range c {
			set |= 1 << s
		}
		if p.not {
			set = allStatuses &^ set
		}
	case hygiene.ReasonTest:
		if !p.not {
			set = 1 << hygiene.IsSuppressed
		}
	case hygiene.SegmentTest:
		if i := slices.IndexFunc(r.config.Segments, func(s segments.Segment) bool { return s.Name == string(c) }); i >= 0 && !p.not {
			set = suppressedSet(r.config.Segments[i].Suppressed)
		}
	}
	return set
}

func suppressedSet(s segments.Suppressed) statusSet {
	switch s {
	case segments.Only:
		return 1 << hygiene.IsSuppressed
	case segments.Exclude:
		return allStatuses &^ (1 << hygiene.IsSuppressed)
	default:
		return allStatuses
	}
}
