package provider

import (
	"slices"
	"strings"
)

// maxSlots is the most paths that a scanner looks for.
const maxSlots = 24

// member is a value that a scanner looks for, or in which it looks for others: together
// they are a tree, of which each path is a branch.
type member struct {
	name    string
	slots   []int // where the value goes; none when only something inside is wanted
	in      []member
	*nested // nil for most, which keeps members near each other
}

// nested is what there is to a member when something is wanted inside an array.
type nested struct {
	items []item // of the array that it is
	marks
}

// inArrays is what there is to the member when something is wanted inside an array.
func (m *member) inArrays() *nested {
	if m.nested == nil {
		m.nested = &nested{}
	}
	return m.nested
}

// item is an element of an array.
type item struct {
	index int // everyElement for all that are not looked for by their place
	member
}

// marks say what a member is to the shapes of a format, by their places.
type marks struct {
	events []int // it is one of their events
	around []int // it is the object around their events
	kept   bool  // it is an element that others are beside: what is inside is kept without those
	beside bool  // it is in an array beside that of the events, of which it belongs to one
}

// pathTree makes a tree of dotted paths. The slot of each path is its place in the
// arguments. An empty path is never found.
func pathTree(paths ...string) []member {
	var root member
	for slot, path := range paths {
		if path == "" {
			continue
		}
		var steps []step
		for name := range strings.SplitSeq(path, ".") {
			steps = append(steps, step{name: name})
		}
		m := root.at(steps)
		m.slots = append(m.slots, slot)
	}
	return root.in
}

// at is the member at the end of these steps. It is added if it is not in the tree; then
// pointers to other members are no longer good.
func (m *member) at(steps []step) *member {
	for _, s := range steps {
		if s.name != "" {
			if find(m.in, s.name) == nil {
				m.in = append(m.in, member{name: s.name})
			}
			m = find(m.in, s.name)
			continue
		}
		m.inArrays()
		at := slices.IndexFunc(m.items, func(i item) bool { return i.index == s.index })
		if at < 0 {
			at = len(m.items)
			m.items = append(m.items, item{index: s.index})
		}
		m = &m.items[at].member
	}
	return m
}

// join adds to elements that are looked for by their place what is looked for in every
// element, so that one of the two is enough to know.
func (m *member) join() {
	for i := range m.in {
		m.in[i].join()
	}
	if m.nested == nil {
		return
	}
	every := m.element(everyElement)
	for i := range m.items {
		if one := &m.items[i]; every != nil && one.index != everyElement {
			one.add(every)
		}
		m.items[i].join()
	}
}

// add adds what is looked for in another member.
func (m *member) add(other *member) {
	m.slots = append(m.slots, other.slots...)
	for i := range other.in {
		m.at([]step{{name: other.in[i].name}}).add(&other.in[i])
	}
	if other.nested == nil {
		return
	}
	m.inArrays()
	m.events, m.around = append(m.events, other.events...), append(m.around, other.around...)
	m.kept, m.beside = m.kept || other.kept, m.beside || other.beside
	for i := range other.items {
		m.at([]step{{index: other.items[i].index}}).add(&other.items[i].member)
	}
}

// element is what is looked for in the element at that place; nil for nothing.
func (m *member) element(index int) *member {
	var every *member
	for i := range m.items {
		switch m.items[i].index {
		case index:
			return &m.items[i].member
		case everyElement:
			every = &m.items[i].member
		}
	}
	return every
}

// find finds the member of that name; nil for none.
func find(members []member, name string) *member {
	for i := range members {
		if members[i].name == name {
			return &members[i]
		}
	}
	return nil
}
