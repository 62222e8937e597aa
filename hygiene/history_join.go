package hygiene

import (
	"encoding/binary"
	"slices"
)

// clone is a copy that shares no entries.
func (h *History) clone() History {
	d := *h
	d.kinds, d.phones = slices.Clone(h.kinds), slices.Clone(h.phones)
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
			e.kind, e.to = h.kindIndex(other.kinds[e.kind]), h.phoneIndex(other.phoneOf(&e))
			t.join(&e)
			if i := t.find(&e); i >= 0 && e.to != 0 {
				h.setTo(&t.Entries[i], h.phones[e.to-1])
			}
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

// A body may name the number that its message went to. It is kept with the entry, for it
// is said of that event alone. Of repeats that name several, which no message has, the
// least stands, in whichever order they arrive.

// noteTo keeps the number that the body of the event names, which was added, and reports
// whether that changed an entry.
func (c *Contact) noteTo(e *Event) bool {
	if e.To == "" || c.IsNumber() {
		return false
	}
	h := &c.History
	t := &h.outcomes[e.Outcome]
	i := t.find(&Entry{Message: MessageHash(e.Source, e.MessageID), kind: h.kindIndex(Kind{e.Source, e.Code})})
	return i >= 0 && h.setTo(&t.Entries[i], e.To)
}

// setTo sets the number of an entry, and reports whether it was another.
func (h *History) setTo(e *Entry, phone string) bool {
	if was := h.phoneOf(e); phone == "" || was != "" && was <= phone {
		return false
	}
	e.to = h.phoneIndex(phone)
	return true
}

// phoneOf is the number that the body of the entry named; empty for none.
func (h *History) phoneOf(e *Entry) string {
	if e.to == 0 {
		return ""
	}
	return h.phones[e.to-1]
}

// phoneIndex is the place of the number among those that bodies name, counted from 1.
func (h *History) phoneIndex(phone string) int32 {
	if phone == "" {
		return 0
	}
	i := slices.Index(h.phones, phone)
	if i < 0 {
		i = len(h.phones)
		h.phones = append(slices.Clip(h.phones), phone)
	}
	return int32(i + 1)
}

// namedPhones are the numbers that bodies name of entries that are kept, sorted.
func (h *History) namedPhones() []string {
	if len(h.phones) == 0 {
		return nil
	}
	var list []string
	for o := range h.outcomes {
		for i := range h.outcomes[o].Entries {
			if phone := h.phoneOf(&h.outcomes[o].Entries[i]); phone != "" && !slices.Contains(list, phone) {
				list = append(list, phone)
			}
		}
	}
	slices.Sort(list)
	return list
}

// packPhones writes the numbers, and which entry has which.
func (h *History) packPhones(b []byte, phones []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(phones)))
	for _, phone := range phones {
		b = packText(b, phone)
	}
	for o := range h.outcomes {
		for i := range h.outcomes[o].Entries {
			place := 0
			if phone := h.phoneOf(&h.outcomes[o].Entries[i]); phone != "" {
				place = slices.Index(phones, phone) + 1
			}
			b = binary.AppendUvarint(b, uint64(place))
		}
	}
	return b
}

func (h *History) unpackPhones(r *packReader) {
	h.phones = make([]string, r.count())
	for i := range h.phones {
		h.phones[i] = r.text()
	}
	for o := range h.outcomes {
		for i := range h.outcomes[o].Entries {
			place := r.uvarint()
			if place > uint64(len(h.phones)) {
				r.bad = true
				return
			}
			h.outcomes[o].Entries[i].to = int32(place)
		}
	}
}
