package impact

import (
	"context"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/forecast"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
)

// comparison is what contacts are compared by.
type comparison struct {
	planner       *forecast.Planner
	protects      func(reason string) bool // the given policy or the one in force
	now           hygiene.Instant
	before, after []segments.Segment // of the config in force, and of the given one
	segments      []comparedSegment
}

// comparedSegment is a segment of either config.
type comparedSegment struct {
	name          string
	before, after bool // the config in force has it, the given one has it
	redefined     bool // its members may change even if no contact does
}

// compareContacts compares every contact under the baseline with what the config
// would make of it. named is the protected reason for which it is judged like for any
// other; empty for none.
func compareContacts(ctx context.Context, out *ui.Printer, a *app.App, base *baseline, named string, at hygiene.Instant) (*Plan, error) {
	totals, err := a.Store.Totals()
	if err != nil {
		return nil, err
	}
	policy, err := a.Store.Judging(a.Config.Policy)
	if err != nil {
		return nil, err
	}
	now := hygiene.Moment{At: at, Seq: totals.LastSeq}
	c := &comparison{
		planner: forecast.NewPlanner(policy, base.policy(), base.judged, now, named),
		protects: func(reason string) bool {
			return a.Config.Policy.Protects(reason) || base.policy() != nil && base.policy().Protects(reason)
		},
		now:      now.At,
		segments: compareSegmentLists(base.segments(), a.Config.Segments),
		before:   base.segments(),
		after:    a.Config.Segments,
	}
	var workers []*worker
	began := time.Now()
	show, done := out.Progress("of " + ui.Number(totals.Contacts) + " contact")
	contacts, err := a.Store.ScanContacts(ctx, func(lists segments.Lists) store.Visitor {
		w := c.newWorker(lists)
		workers = append(workers, w)
		return w.visit
	}, show)
	done()
	if err != nil {
		return nil, err
	}
	if ui.IsTerminal(out.Stderr) {
		fmt.Fprintf(out.Stderr, "compared %s in %s\n", ui.Count(contacts, "contact"), time.Since(began).Round(10*time.Millisecond))
	}
	all := newTally(c.protects, len(c.segments))
	for _, w := range workers {
		all.add(w.tally)
	}
	p := newPlan(a.Config, base, c, all, totals.Lag)
	if countsMoreOnNumbers(a.Config.Policy, base.judged) {
		p.Sharing, err = a.Store.SharingNumbers()
	}
	return p, err
}

// countsMoreOnNumbers reports whether the policy counts an outcome against numbers that
// not all that ever judged did, so that contacts have not given it to their numbers.
func countsMoreOnNumbers(p *hygiene.Policy, judged []*hygiene.Policy) bool {
	for o := range hygiene.AllOutcomes().All() {
		notYet := func(old *hygiene.Policy) bool { return !old.GivesOutcome(o) }
		if p.GivesOutcome(o) && (judged == nil || slices.ContainsFunc(judged, notYet)) {
			return true
		}
	}
	return false
}

// compareSegmentLists lists the segments of the given config in its order, then
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

// worker compares the contacts that one reader of the store visits.
type worker struct {
	*comparison
	tally         *tally
	before, after *segments.Membership
	next          hygiene.Contact    // the present contact as it would become
	changes       []forecast.Planned // of the present contact
}

func (c *comparison) newWorker(lists segments.Lists) *worker {
	return &worker{comparison: c, tally: newTally(c.protects, len(c.segments)),
		before: segments.NewMembership(c.before, lists, c.now), after: segments.NewMembership(c.after, lists, c.now)}
}

// visit compares one contact, with what lies on its number.
func (w *worker) visit(c *hygiene.Contact) error {
	w.changes = w.planner.Plan(c, &w.next, w.changes[:0])
	next := c
	if len(w.changes) > 0 {
		next = &w.next
		w.tally.addContact(c.Key, w.changes)
		w.tally.cover(c, w.changes)
	}
	w.tally.contacts++
	w.tally.transitions[c.Status(w.now)][next.Status(w.now)]++
	return w.compareSegments(c, next)
}

// compareSegments asks the segments that the contact may enter or leave.
func (w *worker) compareSegments(c, next *hygiene.Contact) error {
	ready := false
	for i := range w.segments {
		s := &w.segments[i]
		if !s.redefined && c == next {
			continue
		}
		if !ready {
			w.before.Reset(c)
			w.after.Reset(next)
			ready = true
		}
		before, err := isMember(w.before, s.name, s.before)
		if err != nil {
			return err
		}
		after, err := isMember(w.after, s.name, s.after)
		if err != nil {
			return err
		}
		w.tally.segments[i].addContact(c.Key, before, after)
		if after && (s.redefined || !before) {
			w.tally.segments[i].coverage.add(c)
		}
	}
	return nil
}

// isMember reports whether the contact is in the segment, which may not exist.
func isMember(m *segments.Membership, segment string, exists bool) (bool, error) {
	if !exists {
		return false, nil
	}
	is, err := m.In(segment)
	if err != nil {
		return false, fmt.Errorf("segment %q: %w", segment, err)
	}
	return is, nil
}
