package store

import (
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// messageLookup looks up the messages of events: each once, in the order of the keys.
type messageLookup struct {
	list  []messageOf // by key
	keys  []engine.MessageKey
	first []int // of each key, the place of its first event in list
}

// messageOf is an event's message, with the place of the event.
type messageOf struct {
	engine.MessageKey
	event int
}

// lookupOf is the lookup of the messages of the events that are wanted; nil wants all.
func lookupOf(events []hygiene.Event, wanted func(*hygiene.Event) bool) *messageLookup {
	l := &messageLookup{}
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
// message the send log has, with the place of the event.
func (l *messageLookup) find(c engine.Reader, from, to int, found func(event int, m *engine.Message)) error {
	return c.FindMessages(l.keys[from:to], func(i int, m *engine.Message) {
		for n := l.first[from+i]; n < len(l.list) && l.list[n].MessageKey == l.keys[from+i]; n++ {
			found(l.list[n].event, m)
		}
	})
}

// hasSendLog reports whether any message is registered.
func hasSendLog(c engine.Querier) (bool, error) {
	n, err := c.Number("SELECT EXISTS (SELECT 1 FROM messages) OR EXISTS (SELECT 1 FROM unsourced_messages)")
	return n != 0, err
}

// sendLogOf calls found for each of the events that is wanted and whose message the send
// log has, with the place of the event. A nil wanted wants all events. Where the send log
// is empty it does nothing.
func sendLogOf(c engine.Reader, events []hygiene.Event, wanted func(*hygiene.Event) bool, found func(event int, m *engine.Message)) error {
	some, err := hasSendLog(c)
	if err != nil || !some {
		return err
	}
	l := lookupOf(events, wanted)
	return l.find(c, 0, len(l.keys), found)
}

// findContactsOf sets the contact of each event that names none and whose message
// the send log has.
func findContactsOf(c engine.Reader, events []hygiene.Event) error {
	nameless := func(e *hygiene.Event) bool { return e.Contact == "" }
	return sendLogOf(c, events, nameless, func(i int, m *engine.Message) { events[i].Contact = m.Contact })
}

// sendLogView is what the send log has of the messages of some events.
type sendLogView struct {
	version int64 // of the send log; see sendLogVersion
	found   []foundMessage
}

// foundMessage is the message of the event at that place.
type foundMessage struct {
	event int
	engine.Message
}

// viewKeys is how many messages are looked up as of one moment: a page waits as long.
const viewKeys = 4096

// viewSendLog looks up the messages of events. It is as of several moments: it holds if
// the send log has the same version when it is used.
func (s *Store) viewSendLog(events []hygiene.Event) (*sendLogView, error) {
	var view sendLogView
	var some bool
	err := s.read(func(c engine.Reader) (err error) {
		if view.version, err = counter(c, sendLogVersion); err == nil {
			some, err = hasSendLog(c)
		}
		return err
	})
	if err != nil || !some {
		return &view, err
	}
	l := lookupOf(events, nil)
	for from := 0; err == nil && from < len(l.keys); from += viewKeys {
		err = s.read(func(c engine.Reader) error { return l.find(c, from, min(from+viewKeys, len(l.keys)), view.add) })
	}
	return &view, err
}

func (v *sendLogView) add(event int, m *engine.Message) {
	v.found = append(v.found, foundMessage{event, *m})
}

// renewed is the view, or, if it no longer holds, another one. It may be nil.
func (v *sendLogView) renewed(c engine.Reader, events []hygiene.Event) (*sendLogView, error) {
	version, err := counter(c, sendLogVersion)
	if err != nil || v != nil && v.version == version {
		return v, err
	}
	v = &sendLogView{version: version}
	return v, sendLogOf(c, events, nil, v.add)
}

// identify finds the contacts of events: that of the body, or else that of the send log.
// The contact of an event of a source in requireSendLog is left out unless the send log has
// the message for it; until then the event waits. Where body and send log name different
// contacts, that is a conflict.
func (v *sendLogView) identify(c engine.Reader, events []hygiene.Event, requireSendLog map[string]bool) (conflicts []ContactConflict, err error) {
	confirmed := map[int]bool{} // of sources in requireSendLog, whether the send log has the message for the contact
	var differ []*foundMessage
	for i := range v.found {
		m := &v.found[i]
		switch e := &events[m.event]; {
		case e.Contact != "" && e.Contact != m.Contact:
			differ = append(differ, m)
			continue
		case requireSendLog[e.Source]:
			confirmed[m.event] = true
			fallthrough
		default:
			e.Contact = m.Contact
		}
	}
	same, err := sameContacts(c, events, differ)
	if err != nil {
		return nil, err
	}
	for i, m := range differ {
		if e := &events[m.event]; same[i] {
			confirmed[m.event] = requireSendLog[e.Source]
		} else {
			conflicts = addConflict(conflicts, e, &m.Message)
		}
	}
	for i := range events {
		if e := &events[i]; len(requireSendLog) > 0 && requireSendLog[e.Source] && !confirmed[i] {
			e.Contact = ""
		}
	}
	return conflicts, nil
}

// sameContacts reports of each of the messages whether the send log and the event name one
// contact, by keys that were merged.
func sameContacts(c engine.Reader, events []hygiene.Event, messages []*foundMessage) ([]bool, error) {
	keys := make([]string, 0, 2*len(messages))
	for _, m := range messages {
		keys = append(keys, events[m.event].Contact, m.Contact)
	}
	roots, err := rootsOf(c, keys)
	same := make([]bool, len(messages))
	for i := range same {
		same[i] = err == nil && roots[2*i] == roots[2*i+1]
	}
	return same, err
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
	err := sendLogOf(w, asked, nil, func(i int, m *engine.Message) {
		e := &asked[i]
		if m.Contact == e.Contact || m.Contact == "" || e.Contact == "" {
			e.To, e.SentAt = m.Phone, m.SentAt
		}
	})
	for i, e := range events {
		e.To, e.SentAt = asked[i].To, asked[i].SentAt
	}
	return err
}
