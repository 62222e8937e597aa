package lint

import (
	"cmp"
	"slices"
	"strconv"

	"winnow/hygiene"
	"winnow/hygiene/instant"
)

// scale is what values are ordered by.
type scale uint8

const (
	unordered scale = iota
	byNumber
	byTime
)

// size is a value on its scale.
type size struct {
	scale  scale
	number float64
	date   hygiene.Instant
}

// sizeOf is the size of a value by its text: a text of digits may equal a number
// that is written alike.
func sizeOf(v hygiene.Value) size {
	if hygiene.ParseValue(v.Text).Type == hygiene.Number {
		if n, err := strconv.ParseFloat(v.Text, 64); err == nil {
			return size{scale: byNumber, number: n}
		}
	}
	if at, err := instant.ParseDate(v.Text); err == nil {
		return size{scale: byTime, date: at}
	}
	return size{}
}

// compare orders two sizes of one scale.
func (s size) compare(t size) int {
	if s.scale == byNumber {
		return cmp.Compare(s.number, t.number)
	}
	return cmp.Compare(s.date, t.date)
}

func (s size) equal(t size) bool {
	return s.scale != unordered && s.scale == t.scale && s.compare(t) == 0
}

// passes reports whether the size is on the right side of the limit t.
func (s size) passes(op hygiene.Operator, t size) bool {
	if s.scale == unordered || s.scale != t.scale {
		return false
	}
	order := s.compare(t)
	switch op {
	case hygiene.AtLeast:
		return order >= 0
	case hygiene.AtMost:
		return order <= 0
	case hygiene.Before:
		return order < 0
	default:
		return order > 0
	}
}

// limit is one end of a range.
type limit struct {
	at     size
	lower  bool
	closed bool // what is exactly at the limit passes
	by     *term
}

// limitOf is the limit that a comparison sets. Negated, it limits the other side.
func limitOf(c *comparison) *limit {
	return &limit{
		at:     sizeOf(c.Values[0]),
		lower:  (c.Op == hygiene.AtLeast || c.Op == hygiene.After) != c.not,
		closed: (c.Op == hygiene.AtLeast || c.Op == hygiene.AtMost) != c.not,
		by:     c.term,
	}
}

// tighter reports whether the limit lets less through than another of its side.
func (l *limit) tighter(o *limit) bool {
	order := l.at.compare(o.at)
	if !l.lower {
		order = -order
	}
	return order > 0 || order == 0 && o.closed && !l.closed
}

// excludes reports whether nothing is between the lower limit l and the upper
// limit h.
func (l *limit) excludes(h *limit) bool {
	order := l.at.compare(h.at)
	return order > 0 || order == 0 && !(l.closed && h.closed)
}

// emptyRange finds limits with nothing between them. A negated limit holds only for
// values on its scale: all others pass it.
func emptyRange(group []comparison) *conflict {
	var low, high *limit
	var scaled *comparison
	for _, denied := range []bool{false, true} {
		for i := range group {
			c := &group[i]
			if c.not != denied || !c.isOrdering() {
				continue
			}
			l := limitOf(c)
			if scaled == nil && denied || scaled != nil && sizeOf(scaled.Values[0]).scale != l.at.scale {
				if denied {
					continue
				}
				return conflictOf(scaled.term, c.term) // a number is not a date
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
				return conflictOf(low.by, high.by)
			}
		}
	}
	return nil
}

func (c *comparison) isOrdering() bool {
	return slices.Contains([]hygiene.Operator{hygiene.AtLeast, hygiene.AtMost, hygiene.Before, hygiene.After}, c.Op)
}
