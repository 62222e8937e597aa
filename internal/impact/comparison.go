package impact

import (
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/segments"
)

// comparison is what contacts are compared by.
type comparison struct {
	planner       *hygiene.Planner
	now           hygiene.Instant
	before, after []segments.Segment // of the config in force, and of the given one
	segments      []comparedSegment
}

// comparedSegment is a segment of either config.
type comparedSegment struct {
	name      string
	was, is   bool // the config in force has it, the given one does
	redefined bool // it may hold others though no contact changes
}

// compareSegmentLists are the segments of the given config in its order, then
// those that are gone.
func compareSegmentLists(before, after []segments.Segment) []comparedSegment {
	var list []comparedSegment
	redefined := segments.Redefined(before, after)
	has := func(all []segments.Segment, name string) bool {
		return slices.ContainsFunc(all, func(s segments.Segment) bool { return s.Name == name })
	}
	for _, s := range after {
		list = append(list, comparedSegment{s.Name, has(before, s.Name), true, redefined[s.Name]})
	}
	for _, s := range before {
		if !has(after, s.Name) {
			list = append(list, comparedSegment{s.Name, true, false, true})
		}
	}
	return list
}

// worker is one reader's part of a forecast.
type worker struct {
	*comparison
	tally   *tally
	members [2]*segments.Membership // before and after
	next    hygiene.Contact         // the present contact as it would stand
	found   []hygiene.Planned       // about the present contact
}

func (f *comparison) outlook(lists segments.Lists) *worker {
	return &worker{comparison: f, tally: newTally(len(f.segments)), members: [2]*segments.Membership{
		segments.NewMembership(f.before, lists, f.now), segments.NewMembership(f.after, lists, f.now)}}
}

// visit compares one contact.
func (o *worker) visit(c *hygiene.Contact) error {
	o.found = o.planner.Plan(c, &o.next, o.found[:0])
	next := c
	if len(o.found) > 0 {
		next = &o.next
		o.tally.addContact(c.Key, o.found)
	}
	o.tally.contacts++
	o.tally.transitions[c.Status(o.now)][next.Status(o.now)]++
	return o.compareSegments(c, next)
}

// compareSegments asks those segments that the contact may enter or leave.
func (o *worker) compareSegments(c, next *hygiene.Contact) error {
	turned := false
	for i := range o.segments {
		s := &o.segments[i]
		if !s.redefined && c == next {
			continue
		}
		if !turned {
			o.members[0].Turn(c)
			o.members[1].Turn(next)
			turned = true
		}
		was, err := in(o.members[0], s.name, s.was)
		if err != nil {
			return err
		}
		is, err := in(o.members[1], s.name, s.is)
		if err != nil {
			return err
		}
		o.tally.segments[i].addContact(c.Key, was, is)
	}
	return nil
}

func in(m *segments.Membership, segment string, exists bool) (bool, error) {
	if !exists {
		return false, nil
	}
	is, err := m.In(segment)
	if err != nil {
		return false, fmt.Errorf("segment %q: %w", segment, err)
	}
	return is, nil
}

// tally is what was found about contacts, by one reader or by all.
type tally struct {
	contacts    int64
	kinds       [hygiene.PlannedKinds]int64 // contacts
	otherwise   int64                       // contacts that are neither suppressed nor released nor retried, but changed
	atOnce      int64                       // contacts with something that judging again does
	atReview    int64                       // contacts with something that only the next review does
	optedOut    int64                       // contacts whose opt-out is lifted
	transitions [hygiene.IsSuppressed + 1][hygiene.IsSuppressed + 1]int64
	rules       map[string]*ruleCount // by name
	segments    []segmentCount
}

type ruleCount struct {
	edited  bool
	kinds   [hygiene.PlannedKinds]int64
	samples [hygiene.PlannedKinds]ui.Sample
}

type segmentCount struct {
	before, after             int64
	entered, left             int64
	enteredSample, leftSample ui.Sample
}

func newTally(segments int) *tally {
	return &tally{rules: map[string]*ruleCount{}, segments: make([]segmentCount, segments)}
}

// kindSet is a set of kinds.
type kindSet uint

func (s kindSet) has(k hygiene.PlannedKind) bool { return s&(1<<k) != 0 }

// mainKinds are those of the first sentence.
const mainKinds kindSet = 1<<hygiene.PlannedSuppression | 1<<hygiene.PlannedRelease | 1<<hygiene.PlannedRetry

// addContact counts what was found about one contact: once for each kind, and for
// each kind and rule.
func (n *tally) addContact(key string, found []hygiene.Planned) {
	var seen kindSet
	var atOnce, atReview, optedOut int64
	for i, f := range found {
		if !seen.has(f.Kind) {
			n.kinds[f.Kind]++
			seen |= 1 << f.Kind
		}
		switch {
		case f.AtReview:
			atReview = 1
		case f.Kind != hygiene.PlannedRestatement:
			atOnce = 1
		}
		if f.Kind == hygiene.PlannedRelease && f.Reason == hygiene.OptedOut {
			optedOut = 1
		}
		n.rule(f.Rule).addChange(key, found[:i], f)
	}
	n.atOnce, n.atReview, n.optedOut = n.atOnce+atOnce, n.atReview+atReview, n.optedOut+optedOut
	if seen&mainKinds == 0 && atOnce+atReview > 0 {
		n.otherwise++
	}
}

// addChange counts one thing found about a contact, unless one of the same kind was
// among those before.
func (r *ruleCount) addChange(key string, before []hygiene.Planned, f hygiene.Planned) {
	r.edited = r.edited || f.Edited
	if slices.ContainsFunc(before, func(g hygiene.Planned) bool { return g.Kind == f.Kind && g.Rule == f.Rule }) {
		return
	}
	r.kinds[f.Kind]++
	r.samples[f.Kind].Add(key)
}

func (n *tally) rule(name string) *ruleCount {
	r := n.rules[name]
	if r == nil {
		r = &ruleCount{}
		n.rules[name] = r
	}
	return r
}

func (s *segmentCount) addContact(key string, was, is bool) {
	if was {
		s.before++
	}
	if is {
		s.after++
	}
	switch {
	case is && !was:
		s.entered++
		s.enteredSample.Add(key)
	case was && !is:
		s.left++
		s.leftSample.Add(key)
	}
}

// add adds what another reader found.
func (n *tally) add(m *tally) {
	n.contacts += m.contacts
	n.otherwise += m.otherwise
	n.atOnce += m.atOnce
	n.atReview += m.atReview
	n.optedOut += m.optedOut
	for k := range n.kinds {
		n.kinds[k] += m.kinds[k]
	}
	for was := range n.transitions {
		for is := range n.transitions[was] {
			n.transitions[was][is] += m.transitions[was][is]
		}
	}
	for name, r := range m.rules {
		n.rule(name).add(r)
	}
	for i := range n.segments {
		n.segments[i].add(&m.segments[i])
	}
}

func (r *ruleCount) add(s *ruleCount) {
	r.edited = r.edited || s.edited
	for k := range r.kinds {
		r.kinds[k] += s.kinds[k]
		r.samples[k].AddAll(s.samples[k])
	}
}

func (s *segmentCount) add(t *segmentCount) {
	s.before, s.after = s.before+t.before, s.after+t.after
	s.entered, s.left = s.entered+t.entered, s.left+t.left
	s.enteredSample.AddAll(t.enteredSample)
	s.leftSample.AddAll(t.leftSample)
}
