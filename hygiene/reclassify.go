package hygiene

import "slices"

// Reclassify moves an event from whichever history holds it to that of the
// outcome that it has now, and judges the contact anew. An event that no history
// keeps, or a repeat, is only taken in as what it now is.
func (p *Policy) Reclassify(c *Contact, e *Event, m Moment) []Change {
	e.Held = c.History.remove(e)
	c.History.Add(e)
	c.History.unmute(MessageHash(e.Source, e.MessageID))
	return p.anew(c, m)
}

// remove takes the event out of the trail of another outcome than its own, and
// tells which trip it waited for; 0 also when there was nothing to take out.
func (h *History) remove(e *Event) (held int64) {
	message := MessageHash(e.Source, e.MessageID)
	for o := range h.trails {
		i := slices.IndexFunc(h.trails[o].Entries, func(old Entry) bool {
			return old.Moment == e.Moment() && old.Message == message
		})
		if i >= 0 && Outcome(o) != e.Outcome {
			return h.trails[o].takeOut(i)
		}
	}
	return 0
}

// takeOut removes an entry as if it had never been there. Of a trail that
// overflowed nothing is known then before what was taken out, either.
func (t *Trail) takeOut(i int) (held int64) {
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
