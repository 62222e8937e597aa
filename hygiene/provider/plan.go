package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene/contactkey"
)

// plan is a format, made ready to read bodies with for a source whose contact is at a
// path.
type plan struct {
	format *Format
	root   member // what is looked for in a document of JSON
	shapes []shapePlan
	places []places // of the shapes
	nested bool     // there are events inside arrays
	inside []member
	forms  bool // some shape may be a form
	query  bool // what is in the URL's query counts
}

// shapePlan says where the values of a shape are, by slot.
type shapePlan struct {
	*Shape
	strict bool // ids and events are texts
	whole  bool // its event is the document itself
	form   bool // the document may be a form
	object bool // its event is an object
	ofBody slots
	places
	region   string   // of numbers; empty for that of the config
	names    []string // of a form's fields, by slot
	absolute []string // the paths, from the body on

	id, code                       []int
	only                           []int
	event, to, at, args, contactAt int // noSlot for none
	contact                        contactPath
	clock                          clock
}

const noSlot = -1

// contactPath says where the contact's key is.
type contactPath struct {
	isTo   bool
	isArgs bool   // what the sender attached, or part of it
	part   string // of it: a path; empty for all
	within []member
}

// newPlan makes a plan. Its errors are about the format, or about the contact.
func newPlan(f *Format, contact string) (*plan, error) {
	p := &plan{format: f, query: f.ReadsQuery()}
	if len(f.Shapes) == 0 {
		return nil, errors.New("it does not say where id and event are")
	}
	if f.Inside != "" {
		inside, err := parsePath(f.Inside)
		if err != nil {
			return nil, err
		}
		var root member
		root.at(inside.steps).slots = []int{0}
		p.inside = root.in
	}
	next := 0
	for i := range f.Shapes {
		s, err := p.addShape(&f.Shapes[i], contact, &next)
		if err != nil {
			return nil, err
		}
		p.forms = p.forms || s.form
		p.shapes, p.places = append(p.shapes, s), append(p.places, s.places)
	}
	p.root.join()
	return p, nil
}

// wants are the paths of a shape and where the slot of each goes, by where they begin.
type wants struct {
	each  []step
	whole bool
	paths [3][]path // by origin
	texts [3][]string
	slots [3][]*int
}

// add wants the value at a path; none when it is empty.
func (w *wants) add(text string, slot *int) error {
	*slot = noSlot
	if text == "" {
		return nil
	}
	p, err := parsePath(text)
	if err != nil {
		return err
	}
	if p.from == ofAround && w.whole {
		return fmt.Errorf("%q begins at the object around the event, but the event is the whole body", text)
	}
	if p.from == ofBody && w.whole {
		p.from, text = ofEvent, text[1:]
	}
	if p.from == ofAround && len(w.around()) == 0 {
		p.from = ofBody
	}
	w.paths[p.from] = append(w.paths[p.from], p)
	w.texts[p.from] = append(w.texts[p.from], text)
	w.slots[p.from] = append(w.slots[p.from], slot)
	return nil
}

// around are the steps to the object around the events: all but the last name and what is
// behind it.
func (w *wants) around() []step {
	for i := len(w.each) - 1; i >= 0; i-- {
		if w.each[i].name != "" {
			return w.each[:i]
		}
	}
	return nil
}

// addShape gives the values of a shape their slots, and adds them to the tree.
func (p *plan) addShape(shape *Shape, contact string, next *int) (s shapePlan, err error) {
	s = shapePlan{Shape: shape, strict: p.format.Strict, form: shape.Each == ".", region: shape.Region}
	if shape.Plus {
		s.region = contactkey.International
	}
	w := wants{}
	if w.each, err = parseEach(shape.Each); err != nil {
		return s, err
	}
	w.whole = len(w.each) == 0
	s.whole, p.nested = w.whole, p.nested || !w.whole
	if err := s.want(&w, contact); err != nil {
		return s, err
	}
	place := len(p.shapes)
	ranges := [3]*slots{&s.ofEvent, &s.ofAround, &s.ofBody}
	for from := range ranges {
		ranges[from].from = *next
		if err := s.give(p, &w, origin(from), next); err != nil {
			return s, err
		}
		ranges[from].to = *next
	}
	if !w.whole {
		event := p.root.at(w.each).inArrays()
		event.events = append(event.events, place)
		if around := w.around(); len(around) > 0 {
			m := p.root.at(around).inArrays()
			m.around = append(m.around, place)
		}
		for i := range w.each {
			if w.each[i].index == everyElement && w.each[i].name == "" {
				p.root.at(w.each[:i+1]).inArrays().kept = true
			}
		}
	}
	if err := p.markBeside(shape, &w); err != nil {
		return s, err
	}
	s.object = len(w.paths[ofEvent]) > 0 && !slices.ContainsFunc(w.paths[ofEvent], func(p path) bool { return len(p.steps) == 0 })
	return s, nil
}

// markBeside marks the codes that stand in an array of the body, of which each element
// belongs to one event of the array beside it.
func (p *plan) markBeside(shape *Shape, w *wants) error {
	for _, text := range shape.Code {
		path, err := parsePath(text)
		if err != nil {
			return err
		}
		ofBody := path.from == ofBody || path.from == ofAround && len(w.around()) == 0
		if !w.whole && ofBody && slices.ContainsFunc(path.steps, func(s step) bool { return s.name == "" }) {
			p.root.at(path.steps).inArrays().beside = true
		}
	}
	return nil
}

// give gives the paths that begin at one place their slots; the same path has one.
func (s *shapePlan) give(p *plan, w *wants, from origin, next *int) error {
	base := [3][]step{ofEvent: w.each, ofAround: w.around()}[from]
	for i, path := range w.paths[from] {
		if known := slices.Index(w.texts[from][:i], w.texts[from][i]); known >= 0 {
			*w.slots[from][i] = *w.slots[from][known]
			continue
		}
		if *next == maxSlots {
			return fmt.Errorf("it has more than %d paths", maxSlots)
		}
		*w.slots[from][i] = *next
		steps := slices.Concat(base, path.steps)
		m := p.root.at(steps)
		m.slots = append(m.slots, *next)
		s.absolute = append(s.absolute, writtenPath(steps))
		for len(s.names) < *next {
			s.names = append(s.names, "")
		}
		s.names = append(s.names, w.texts[from][i])
		*next++
	}
	return nil
}

// want wants all the values of the shape.
func (s *shapePlan) want(w *wants, contact string) error {
	s.id, s.code, s.only = make([]int, len(s.ID)), make([]int, len(s.Code)), make([]int, len(s.Only))
	if len(s.ID) == 0 || s.Event == "" {
		return errors.New("it needs both id and event")
	}
	for i := range s.ID {
		if err := w.add(s.ID[i], &s.id[i]); err != nil {
			return err
		}
	}
	for i := range s.Code {
		if err := w.add(s.Code[i], &s.code[i]); err != nil {
			return err
		}
	}
	for i := range s.Only {
		if err := w.add(s.Only[i].Path, &s.only[i]); err != nil {
			return err
		}
	}
	args := s.Args
	if args == Query {
		args = ""
	}
	if err := s.wantContact(w, contact); err != nil {
		return err
	}
	for _, one := range []struct {
		path string
		slot *int
	}{{s.Event, &s.event}, {s.To, &s.to}, {s.At.Path, &s.at}, {args, &s.args}} {
		if err := w.add(one.path, one.slot); err != nil {
			return err
		}
	}
	var err error
	s.clock, err = newClock(&s.At)
	return err
}

// wantContact wants the contact's key.
func (s *shapePlan) wantContact(w *wants, contact string) error {
	s.contactAt = noSlot
	rest, isArgs := strings.CutPrefix(contact, "args")
	switch {
	case contact == "to" && s.To != "":
		s.contact.isTo = true
		return nil
	case !isArgs || s.Args == "" || rest != "" && rest[0] != '.' && rest[0] != '[':
		if contact == "" {
			return nil
		}
		return w.add(contact, &s.contactAt)
	}
	s.contact.isArgs, s.contact.part = true, strings.TrimPrefix(rest, ".")
	if s.contact.part != "" && rest[0] == '.' {
		steps, err := parseSteps(s.contact.part)
		if err != nil {
			return fmt.Errorf("%q is not a path: %w", contact, err)
		}
		var root member
		root.at(steps).slots = []int{0}
		s.contact.within = root.in
	}
	if s.Args == Query {
		return nil
	}
	return w.add(s.Args+rest, &s.contactAt)
}
