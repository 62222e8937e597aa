package segments

import (
	"reflect"
	"slices"

	"winnow/hygiene"
)

// Redefined names the segments whose members may differ between two configs
// although no contact changed: those that are new, gone or defined differently,
// and those whose condition asks for one of these. Columns do not matter.
func Redefined(before, after []Segment) map[string]bool {
	c := comparison{byName(before), byName(after), map[string]bool{}}
	for name := range c.before {
		c.redefined(name)
	}
	for name := range c.after {
		c.redefined(name)
	}
	for name, is := range c.known {
		if !is {
			delete(c.known, name)
		}
	}
	return c.known
}

// comparison compares two sets of segments, each name once.
type comparison struct {
	before, after map[string]*Segment
	known         map[string]bool // whether a segment is redefined
}

func byName(list []Segment) map[string]*Segment {
	m := make(map[string]*Segment, len(list))
	for i := range list {
		m[list[i].Name] = &list[i]
	}
	return m
}

func (c *comparison) redefined(name string) bool {
	if is, known := c.known[name]; known {
		return is
	}
	old, new := c.before[name], c.after[name]
	c.known[name] = old == nil || new == nil || old.List != new.List || old.Suppressed != new.Suppressed || !slices.Equal(old.Except, new.Except) || !reflect.DeepEqual(old.Where, new.Where)
	if !c.known[name] {
		c.known[name] = slices.ContainsFunc(hygiene.InputsOf(new.Where).Segments, c.redefined)
	}
	return c.known[name]
}
