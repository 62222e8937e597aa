package hygiene

import "slices"

// clone is a copy that shares no entries.
func (h *History) clone() History {
	d := *h
	d.kinds = slices.Clone(h.kinds)
	for o := range d.outcomes {
		d.outcomes[o].Entries = slices.Clone(h.outcomes[o].Entries)
	}
	return d
}

// join adds the entries of the other history: of each outcome the latest of both are
// kept. Nothing is known of an outcome before the time from which both know it.
func (h *History) join(other *History) {
	for o := range h.outcomes {
		t, u := &h.outcomes[o], &other.outcomes[o]
		since := max(t.Oldest(), u.Oldest())
		t.First = earliest(t.First, u.First)
		t.Dropped, t.repeatedUntil = t.Dropped || u.Dropped, max(t.repeatedUntil, u.repeatedUntil)
		for _, e := range u.Entries {
			e.kind = h.kindIndex(other.kinds[e.kind])
			t.join(&e)
		}
		for len(t.Entries) > EntriesKept || len(t.Entries) > 0 && t.Entries[0].At < since {
			t.drop(0)
		}
	}
	for _, o := range []Outcome{SoftBounce, Delivered} {
		for i := range other.outcomes[o].Entries {
			h.markBounces(o, other.outcomes[o].Entries[i].Message)
		}
	}
}

// join adds an entry of another history, which may be a repeat.
func (t *OutcomeHistory) join(e *Entry) {
	i := t.find(e)
	if i < 0 {
		t.insert(*e)
		return
	}
	t.repeat(i, e, false)
	if e.lastRepeat == 0 {
		return
	}
	said := *e
	said.Moment, said.received = Moment{e.lastRepeat, e.lastSeq}, e.lastReceived
	if same := &t.Entries[t.find(e)]; said.At > same.lastRepeat {
		same.saidAt(&said)
	}
}
