// Package messages asks the send log about the messages of events: for which contact, to
// which phone number and when each was sent.
//
// It reads the tables messages, unsourced_messages and contact_conflicts and writes the
// last; package store registers messages, and says when any of this happens.
package messages

import (
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// Any reports whether the send log has any message.
func Any(c engine.Querier) (bool, error) {
	n, err := c.Number("SELECT EXISTS (SELECT 1 FROM messages) OR EXISTS (SELECT 1 FROM unsourced_messages)")
	return n != 0, err
}

// Of calls found for each of the events that is wanted and whose message the send log has,
// with the place of the event. A nil wanted wants all events. It looks up each message once,
// in the order of the keys, and does nothing where the send log is empty.
func Of(c engine.Reader, events []hygiene.Event, wanted func(*hygiene.Event) bool, found func(event int, m *engine.Message)) error {
	some, err := Any(c)
	if err != nil || !some {
		return err
	}
	l := newLookup(events, wanted)
	return l.find(c, 0, len(l.keys), found)
}

// lookup looks up the messages of events.
type lookup struct {
	list  []messageOf // by key
	keys  []engine.MessageKey
	first []int // of each key, the place of its first event in list
}

// messageOf is an event's message, with the place of the event.
type messageOf struct {
	engine.MessageKey
	event int
}

func newLookup(events []hygiene.Event, wanted func(*hygiene.Event) bool) *lookup {
	l := &lookup{}
	for i := range events {
		if e := &events[i]; wanted == nil || wanted(e) {
			l.list = append(l.list, messageOf{engine.MessageKey{Source: e.Source, ID: contactkey.MessageID(e.MessageID)}, i})
		}
	}
	slices.SortFunc(l.list, func(a, b messageOf) int { return a.Compare(b.MessageKey) })
	for n := range l.list {
		if n == 0 || l.list[n].MessageKey != l.list[n-1].MessageKey {
			l.keys, l.first = append(l.keys, l.list[n].MessageKey), append(l.first, n)
		}
	}
	return l
}

// find looks up the keys from one place to another, and calls found for each event whose
// message the send log has.
func (l *lookup) find(c engine.Reader, from, to int, found func(event int, m *engine.Message)) error {
	return c.FindMessages(l.keys[from:to], func(i int, m *engine.Message) {
		for n := l.first[from+i]; n < len(l.list) && l.list[n].MessageKey == l.keys[from+i]; n++ {
			found(l.list[n].event, m)
		}
	})
}
