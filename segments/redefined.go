package segments

import (
	"reflect"
	"slices"

	"winnow/hygiene"
)

// Redefined names the segments that may hold others after than before though no
// contact changed: those that are new, gone or defined otherwise, and those that
// ask for one of these. Columns do not matter.
func Redefined(before, after []Segment) map[string]bool {
	c := comparison{byName(before), byName(after), map[string]bool{}}
	for name := range c.before {
		c.redefined(name)
	}
	for name := range c.after {
		c.redefined(name)
	}
	for name, is := range c.verdicts {
		if !is {
			delete(c.verdicts, name)
		}
	}
	return c.verdicts
}

// comparison compares two sets of segments, each name once.
type comparison struct {
	before, after map[string]*Segment
	verdicts      map[string]bool
}

func byName(list []Segment) map[string]*Segment {
	m := make(map[string]*Segment, len(list))
	for i := range list {
		m[list[i].Name] = &list[i]
	}
	return m
}

func (c *comparison) redefined(name string) bool {
	if is, known := c.verdicts[name]; known {
		return is
	}
	old, new := c.before[name], c.after[name]
	c.verdicts[name] = old == nil || new == nil || old.List != new.List || old.Suppressed != new.Suppressed || !reflect.DeepEqual(old.Where, new.Where)
	if !c.verdicts[name] {
		c.verdicts[name] = slices.ContainsFunc(hygiene.InputsOf(new.Where).Segments, c.redefined)
	}
	return c.verdicts[name]
}
