package config

import (
	"slices"
	"strings"

	"winnow/hygiene"
)

// values finds comparisons of one attribute, or of the contact's key, that no
// value passes.
func (r *reasoning) values(parts []part) *finding {
	groups := map[string][]compared{}
	var order []string
	for i := range parts {
		c, ok := comparedBy(&parts[i])
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
		for _, look := range []func([]compared) *finding{r.keys, absence, wordsLeft, beginnings, ranges} {
			if f := look(g); f != nil {
				return f
			}
		}
	}
	return nil
}

// compared is one comparison, or its denial.
type compared struct {
	*part
	hygiene.Comparison
	of  string // what is compared: an attribute, by name; the key
	key bool   // it is the key, which every contact has
}

func comparedBy(p *part) (compared, bool) {
	switch t := p.is.(type) {
	case hygiene.AttributeTest:
		return compared{p, t.Comparison, "attribute " + t.Name, false}, true
	case hygiene.ContactTest:
		return compared{p, t.Comparison, "contact", true}, true
	}
	return compared{}, false
}

// keys finds what is never true of a contact's key.
func (r *reasoning) keys(group []compared) *finding {
	for i := range group {
		c := &group[i]
		switch {
		case !c.key:
		case c.Op == hygiene.Exists && c.Exists == c.not:
			return impossible(c.part, "every contact has a key", "")
		case c.not || !r.config.Keys.Phone:
		case c.Op == hygiene.StartsWith && !strings.HasPrefix(c.Values[0].Text, "+"),
			(c.Op == hygiene.Is || c.Op == hygiene.In) && !slices.ContainsFunc(c.Values, func(v hygiene.Value) bool { return strings.HasPrefix(v.Text, "+") }):
			return impossible(c.part, "keys are phone numbers, which begin with +", `write for example "+90"`)
		}
	}
	return nil
}

// absence finds an attribute that must be there and must not. Whatever is
// compared is there.
func absence(group []compared) *finding {
	var present, absent *part
	for i := range group {
		switch c := &group[i]; {
		case c.Op == hygiene.Exists && c.Exists == c.not:
			absent = c.part
		case c.Op == hygiene.Exists || !c.not:
			present = c.part
		}
		if present != nil && absent != nil {
			return apart(present, absent)
		}
	}
	return nil
}

// wordsLeft finds a list of values of which the others rule out each.
func wordsLeft(group []compared) *finding {
	for i := range group {
		list := &group[i]
		if list.not || list.Op != hygiene.Is && list.Op != hygiene.In {
			continue
		}
		if by, all := ruledOut(list, group); all && len(by) == 1 {
			return apart(list.part, by[0])
		} else if all {
			return impossible(list.part, "the other tests leave none of these values", "")
		}
	}
	return nil
}

// ruledOut tells whether each value of the list is ruled out, and by what.
func ruledOut(list *compared, group []compared) (by []*part, all bool) {
	for _, v := range list.Values {
		i := slices.IndexFunc(group, func(c compared) bool { return c.rulesOut(v) })
		if i < 0 {
			return nil, false
		}
		if !slices.Contains(by, group[i].part) {
			by = append(by, group[i].part)
		}
	}
	return by, true
}

// rulesOut tells whether no value that equals v passes the comparison. A number
// or a date may be written otherwise and be equal, so little of its text is
// certain.
func (c *compared) rulesOut(v hygiene.Value) bool {
	size := measure(v)
	switch c.Op {
	case hygiene.Is, hygiene.In:
		if c.not {
			return slices.ContainsFunc(c.Values, func(w hygiene.Value) bool { return w == v || size.scale == noOrder && w.Text == v.Text })
		}
		return !slices.ContainsFunc(c.Values, func(w hygiene.Value) bool { return w.Text == v.Text || size.equal(measure(w)) })
	case hygiene.StartsWith:
		return size.scale == noOrder && strings.HasPrefix(v.Text, c.Values[0].Text) == c.not
	case hygiene.Contains:
		return size.scale == noOrder && strings.Contains(v.Text, c.Values[0].Text) == c.not
	case hygiene.Exists:
		return false
	default:
		return !c.not && !size.passes(c.Op, measure(c.Values[0]))
	}
}

// beginnings finds texts that can't begin, or be contained, as is demanded.
func beginnings(group []compared) *finding {
	for i := range group {
		for j := range group {
			if a, b := &group[i], &group[j]; !a.not && a.hasPart() && b.hasPart() && a.deniesPart(b) {
				return apart(a.part, b.part)
			}
		}
	}
	return nil
}

func (c *compared) hasPart() bool { return c.Op == hygiene.StartsWith || c.Op == hygiene.Contains }

// deniesPart tells whether a text of which c is true is never one of which d is.
func (c *compared) deniesPart(d *compared) bool {
	a, b := c.Values[0].Text, d.Values[0].Text
	begins := c.Op == hygiene.StartsWith
	switch {
	case d.not && d.Op == hygiene.Contains:
		return strings.Contains(a, b)
	case d.not:
		return begins && strings.HasPrefix(a, b)
	default:
		return begins && d.Op == hygiene.StartsWith && !strings.HasPrefix(a, b) && !strings.HasPrefix(b, a)
	}
}

// ranges finds limits that leave nothing between them. A denied limit is one
// only of values that have the order: others pass it.
func ranges(group []compared) *finding {
	var low, high *limit
	var scaled *compared
	for _, denied := range []bool{false, true} {
		for i := range group {
			c := &group[i]
			if c.not != denied || !c.orders() {
				continue
			}
			l := limitOf(c)
			if scaled == nil && denied || scaled != nil && measure(scaled.Values[0]).scale != l.at.scale {
				if denied {
					continue
				}
				return apart(scaled.part, c.part) // a number is no date
			}
			if scaled == nil {
				scaled = c
			}
			if l.lower && (low == nil || l.tighter(low)) {
				low = l
			} else if !l.lower && (high == nil || l.tighter(high)) {
				high = l
			}
			if low != nil && high != nil && low.excludes(high) {
				return apart(low.by, high.by)
			}
		}
	}
	return nil
}

func (c *compared) orders() bool {
	return slices.Contains([]hygiene.Operator{hygiene.AtLeast, hygiene.AtMost, hygiene.Before, hygiene.After}, c.Op)
}
