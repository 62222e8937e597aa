package hygiene

import (
	"slices"
)

// Reclassify moves an event to the outcome that it has now, from whichever it had,
// and judges the contact again. An event that the history does not keep, and a
// repeat, are only added as what they now are. What the event opened for a protected
// reason stays open, unless an operator named that reason.
func (p *Policy) Reclassify(c *Contact, e *Event, m Moment, named string) []Change {
	c.eachPart(e.Contact, func(part *Contact) { p.Reclassify(part, e, m, named) })
	r := remake{cause: m, named: named, unsaid: []int64{e.Seq}}
	if named != "" {
		c.unsaid, c.named = append(c.unsaid, e.Seq), named
	}
	e.Held, e.To = c.History.remove(e)
	c.History.Add(e)
	c.noteTo(e)
	c.History.relabelBounces(MessageHash(e.Source, e.MessageID))
	return p.rejudge(c, r)
}

// remove removes the event from the trail of another outcome than its own. It returns the
// breaker trip that held it, and the number that it is about; 0 for none, and when there
// was nothing to remove.
func (h *History) remove(e *Event) (held int64, to string) {
	message := MessageHash(e.Source, e.MessageID)
	for o := range h.outcomes {
		i := slices.IndexFunc(h.outcomes[o].Entries, func(old Entry) bool {
			return old.Moment == e.Moment() && old.Message == message
		})
		if i >= 0 && Outcome(o) != e.Outcome {
			to = h.phoneOf(&h.outcomes[o].Entries[i])
			return h.outcomes[o].remove(i), to
		}
	}
	return 0, e.To
}

// remove removes an entry as if it had never been there. Of a trail that
// overflowed, nothing is known then before the removed entry either.
func (t *OutcomeHistory) remove(i int) (held int64) {
	held = t.Entries[i].held
	if t.Dropped && i == 0 {
		t.repeatedUntil = max(t.repeatedUntil, t.Entries[0].At)
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

// relabelBounces marks again which soft bounces of a message came after its delivery.
func (h *History) relabelBounces(message uint64) {
	for i := range h.outcomes[SoftBounce].Entries {
		if e := &h.outcomes[SoftBounce].Entries[i]; e.Message == message {
			e.afterDelivery = false
		}
	}
	h.markBounces(Delivered, message)
}
