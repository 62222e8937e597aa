package store

import (
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// messageOf is an event's message, with the place of the event.
type messageOf struct {
	engine.MessageKey
	event int
}

// sendLogOf calls found for each of the events that is wanted and whose message the send
// log has. It looks up each message once, in the order of the keys, and nothing where the
// send log is empty. A nil wanted wants all events.
func sendLogOf(c engine.Reader, events []hygiene.Event, wanted func(*hygiene.Event) bool, found func(e *hygiene.Event, m *engine.Message)) error {
	var list []messageOf
	for i := range events {
		if e := &events[i]; wanted == nil || wanted(e) {
			list = append(list, messageOf{engine.MessageKey{Source: e.Source, ID: contactkey.MessageID(e.MessageID)}, i})
		}
	}
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b messageOf) int { return a.Compare(b.MessageKey) })
	var keys []engine.MessageKey
	var first []int // of each key, the place of its first event in list
	for n := range list {
		if n == 0 || list[n].MessageKey != list[n-1].MessageKey {
			keys, first = append(keys, list[n].MessageKey), append(first, n)
		}
	}
	return c.FindMessages(keys, func(i int, m *engine.Message) {
		for n := first[i]; n < len(list) && list[n].MessageKey == keys[i]; n++ {
			found(&events[list[n].event], m)
		}
	})
}

// findContactsOf sets the contact of each event that names none and whose message
// the send log has.
func findContactsOf(c engine.Reader, events []hygiene.Event) error {
	nameless := func(e *hygiene.Event) bool { return e.Contact == "" }
	return sendLogOf(c, events, nameless, func(e *hygiene.Event, m *engine.Message) { e.Contact = m.Contact })
}

// confirm finds the contacts of events as a sweep does: that of the body, or else that of
// the send log. The contact of an event of a source in requireSendLog is left out unless
// the send log has the message for it; until then the event waits.
func confirm(c engine.Reader, events []hygiene.Event, requireSendLog map[string]bool) error {
	if err := findContactsOf(c, events); err != nil || len(requireSendLog) == 0 {
		return err
	}
	var unconfirmed map[*hygiene.Event]bool
	for i := range events {
		if e := &events[i]; requireSendLog[e.Source] && e.Contact != "" {
			if unconfirmed == nil {
				unconfirmed = map[*hygiene.Event]bool{}
			}
			unconfirmed[e] = true
		}
	}
	required := func(e *hygiene.Event) bool { return unconfirmed[e] }
	var others []*hygiene.Event // of which the send log says another key, which may name the same contact
	var named, registered []string
	err := sendLogOf(c, events, required, func(e *hygiene.Event, m *engine.Message) {
		if e.Contact == m.Contact {
			delete(unconfirmed, e)
			return
		}
		others, named, registered = append(others, e), append(named, e.Contact), append(registered, m.Contact)
	})
	if err != nil {
		return err
	}
	if named, err = rootsOf(c, named); err != nil {
		return err
	}
	registered, err = rootsOf(c, registered)
	for i, e := range others {
		if named[i] == registered[i] {
			delete(unconfirmed, e)
		}
	}
	for e := range unconfirmed {
		e.Contact = ""
	}
	return err
}

// Message returns what is known of a message of one of the sources by its id: the contact
// that it was registered for, empty for none, and how many of its events are unmatched.
func (s *Store) Message(sources []string, id string) (contact string, unmatched int64, err error) {
	id = contactkey.MessageID(id)
	err = s.read(func(c engine.Reader) error {
		var keys []engine.MessageKey
		for _, source := range slices.Sorted(slices.Values(sources)) {
			keys = append(keys, engine.MessageKey{Source: source, ID: id})
		}
		err := c.FindMessages(keys, func(_ int, m *engine.Message) {
			if contact == "" {
				contact = m.Contact
			}
		})
		if err != nil {
			return err
		}
		unmatched, err = c.Number("SELECT count(*) FROM unmatched WHERE message_id = ?", id)
		return err
	})
	return contact, unmatched, err
}

// askOf sets of events of a contact to which number their messages were sent, and when,
// as far as the send log says so of the contact that they name, or of none.
func (w *txWriter) askOf(events []*hygiene.Event) error {
	asked := make([]hygiene.Event, len(events))
	for i, e := range events {
		asked[i] = hygiene.Event{Source: e.Source, MessageID: e.MessageID, Contact: e.Contact}
	}
	err := sendLogOf(w, asked, nil, func(e *hygiene.Event, m *engine.Message) {
		if m.Contact == e.Contact || m.Contact == "" || e.Contact == "" {
			e.To, e.SentAt = m.Phone, m.SentAt
		}
	})
	for i, e := range events {
		e.To, e.SentAt = asked[i].To, asked[i].SentAt
	}
	return err
}
