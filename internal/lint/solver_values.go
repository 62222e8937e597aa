package lint

import (
	"slices"
	"strings"

	"winnow/hygiene"
)

// noValue finds comparisons of one attribute, or of the contact's key, that no
// value passes.
func (s *solver) noValue(terms []term) *conflict {
	groups := map[string][]comparison{}
	var order []string
	for i := range terms {
		c, ok := comparisonOf(&terms[i])
		if !ok {
			continue
		}
		if groups[c.of] == nil {
			order = append(order, c.of)
		}
		groups[c.of] = append(groups[c.of], c)
	}
	for _, of := range order {
		g := groups[of]
		for _, find := range []func([]comparison) *conflict{s.impossibleKey, absentAndPresent, noneListed, otherText, emptyRange} {
			if c := find(g); c != nil {
				return c
			}
		}
	}
	return nil
}

// comparison is a comparison or its negation.
type comparison struct {
	*term
	hygiene.Comparison
	of  string // what is compared: an attribute by name, or the key
	key bool   // it is the key, which every contact has
}

func comparisonOf(t *term) (comparison, bool) {
	switch c := t.is.(type) {
	case hygiene.AttributeTest:
		return comparison{t, c.Comparison, "attribute " + c.Name, false}, true
	case hygiene.ContactTest:
		return comparison{t, c.Comparison, "contact", true}, true
	}
	return comparison{}, false
}

// impossibleKey finds comparisons that no contact's key passes.
func (s *solver) impossibleKey(group []comparison) *conflict {
	for i := range group {
		c := &group[i]
		switch {
		case !c.key:
		case c.Op == hygiene.Exists && c.Exists == c.not:
			return neverTrue(c.term, "every contact has a key", "")
		case c.not || !s.config.Keys.Phone:
		case c.Op == hygiene.StartsWith && !strings.HasPrefix(c.Values[0].Text, "+"),
			(c.Op == hygiene.Is || c.Op == hygiene.In) && !slices.ContainsFunc(c.Values, func(v hygiene.Value) bool { return strings.HasPrefix(v.Text, "+") }):
			return neverTrue(c.term, "keys are phone numbers, which start with +", `for example "+90"`)
		}
	}
	return nil
}

// absentAndPresent finds an attribute that must be both present and absent. To pass a
// comparison it must be present.
func absentAndPresent(group []comparison) *conflict {
	var present, absent *term
	for i := range group {
		switch c := &group[i]; {
		case c.Op == hygiene.Exists && c.Exists == c.not:
			absent = c.term
		case c.Op == hygiene.Exists || !c.not:
			present = c.term
		}
		if present != nil && absent != nil {
			return conflictOf(present, absent)
		}
	}
	return nil
}

// noneListed finds a list of values that other comparisons rule out.
func noneListed(group []comparison) *conflict {
	for i := range group {
		list := &group[i]
		if list.not || list.Op != hygiene.Is && list.Op != hygiene.In {
			continue
		}
		if by, all := ruledOut(list, group); all && len(by) == 1 {
			return conflictOf(list.term, by[0])
		} else if all {
			return neverTrue(list.term, "the other tests rule out all of these values", "")
		}
	}
	return nil
}

// ruledOut reports whether every value of the list is ruled out, and by what.
func ruledOut(list *comparison, group []comparison) (by []*term, all bool) {
	for _, v := range list.Values {
		i := slices.IndexFunc(group, func(c comparison) bool { return c.rulesOut(v) })
		if i < 0 {
			return nil, false
		}
		if !slices.Contains(by, group[i].term) {
			by = append(by, group[i].term)
		}
	}
	return by, true
}

// rulesOut reports whether no value that equals v passes the comparison. Equal
// numbers and dates can be written in several ways, so little of their text is
// certain.
func (c *comparison) rulesOut(v hygiene.Value) bool {
	size := sizeOf(v)
	switch c.Op {
	case hygiene.Is, hygiene.In:
		if c.not {
			return slices.ContainsFunc(c.Values, func(w hygiene.Value) bool { return w == v || size.scale == unordered && w.Text == v.Text })
		}
		return !slices.ContainsFunc(c.Values, func(w hygiene.Value) bool { return w.Text == v.Text || size.equal(sizeOf(w)) })
	case hygiene.StartsWith:
		return size.scale == unordered && strings.HasPrefix(v.Text, c.Values[0].Text) == c.not
	case hygiene.Contains:
		return size.scale == unordered && strings.Contains(v.Text, c.Values[0].Text) == c.not
	case hygiene.Exists:
		return false
	default:
		return !c.not && !size.passes(c.Op, sizeOf(c.Values[0]))
	}
}

// otherText finds texts that can't start with, or contain, what is asked for.
func otherText(group []comparison) *conflict {
	for i := range group {
		for j := range group {
			if a, b := &group[i], &group[j]; !a.not && a.testsText() && b.testsText() && a.excludesText(b) {
				return conflictOf(a.term, b.term)
			}
		}
	}
	return nil
}

func (c *comparison) testsText() bool { return c.Op == hygiene.StartsWith || c.Op == hygiene.Contains }

// excludesText reports whether d is true of no text of which c is true.
func (c *comparison) excludesText(d *comparison) bool {
	a, b := c.Values[0].Text, d.Values[0].Text
	starts := c.Op == hygiene.StartsWith
	switch {
	case d.not && d.Op == hygiene.Contains:
		return strings.Contains(a, b)
	case d.not:
		return starts && strings.HasPrefix(a, b)
	default:
		return starts && d.Op == hygiene.StartsWith && !strings.HasPrefix(a, b) && !strings.HasPrefix(b, a)
	}
}
