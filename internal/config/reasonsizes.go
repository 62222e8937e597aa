package config

import (
	"cmp"
	"strconv"

	"winnow/hygiene"
)

// scale is what values are measured on.
type scale uint8

const (
	noOrder scale = iota // no order
	bySize               // by size
	byTime               // by time
)

// size is a value on its scale.
type size struct {
	scale  scale
	number float64
	date   hygiene.Instant
}

// measure finds out what a value is by its text: a text of digits may equal a
// number that is written alike.
func measure(v hygiene.Value) size {
	if hygiene.ParseValue(v.Text).Type == hygiene.Number {
		if n, err := strconv.ParseFloat(v.Text, 64); err == nil {
			return size{scale: bySize, number: n}
		}
	}
	if at, err := hygiene.ParseDate(v.Text); err == nil {
		return size{scale: byTime, date: at}
	}
	return size{}
}

// compare orders two sizes of one scale.
func (s size) compare(t size) int {
	if s.scale == bySize {
		return cmp.Compare(s.number, t.number)
	}
	return cmp.Compare(s.date, t.date)
}

func (s size) equal(t size) bool {
	return s.scale != noOrder && s.scale == t.scale && s.compare(t) == 0
}

// passes tells whether the size is on the right side of the limit t.
func (s size) passes(op hygiene.Operator, t size) bool {
	if s.scale == noOrder || s.scale != t.scale {
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
	itself bool // what is exactly at the limit passes
	by     *part
}

// limitOf is the limit that a comparison is; denied, it is the other side's.
func limitOf(c *compared) *limit {
	return &limit{
		at:     measure(c.Values[0]),
		lower:  (c.Op == hygiene.AtLeast || c.Op == hygiene.After) != c.not,
		itself: (c.Op == hygiene.AtLeast || c.Op == hygiene.AtMost) != c.not,
		by:     c.part,
	}
}

// tighter tells whether the limit lets less through than another of its side.
func (l *limit) tighter(o *limit) bool {
	order := l.at.compare(o.at)
	if !l.lower {
		order = -order
	}
	return order > 0 || order == 0 && o.itself && !l.itself
}

// excludes tells whether nothing is at least the lower limit l and at most the
// upper limit h.
func (l *limit) excludes(h *limit) bool {
	order := l.at.compare(h.at)
	return order > 0 || order == 0 && !(l.itself && h.itself)
}
