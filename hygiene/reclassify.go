package hygiene

import "slices"

// Reclassify moves an event from the history of the outcome that it had to that
// of the one it has now, and judges the contact anew. An event that the history
// no longer keeps, or a repeat, is only taken in as what it now is.
func (p *Policy) Reclassify(c *Contact, e *Event, was Outcome, m Moment) []Change {
	e.Held = c.History.remove(e, was)
	c.History.Add(e)
	c.History.unmute(MessageHash(e.Source, e.MessageID))
	return p.anew(c, m)
}

// remove takes the event out of the trail of an outcome, and tells which trip it
// waited for. Of a trail that overflowed nothing is known then before what was
// taken out, either.
func (h *History) remove(e *Event, was Outcome) (held int64) {
	t := &h.trails[was]
	i := slices.IndexFunc(t.Entries, func(old Entry) bool {
		return old.Moment == e.Moment() && old.Message == MessageHash(e.Source, e.MessageID)
	})
	if i < 0 {
		return 0
	}
	held = t.Entries[i].held
	if t.Dropped && i == 0 {
		t.floor = max(t.floor, t.Entries[0].At)
	}
	t.Entries = slices.Delete(t.Entries, i, i+1)
	if t.Dropped {
		return held
	}
	t.First = 0
	if len(t.Entries) > 0 {
		t.First = t.Entries[0].At
	}
	return held
}

// unmute settles anew which soft bounces of a message come after its delivery.
func (h *History) unmute(message uint64) {
	for i := range h.trails[SoftBounce].Entries {
		if e := &h.trails[SoftBounce].Entries[i]; e.Message == message {
			e.mute = false
		}
	}
	h.mute(Delivered, message)
}
