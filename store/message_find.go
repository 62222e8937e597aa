package store

import (
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/messages"
)

// findContactsOf sets the contact, or else the number, of each event that names none and
// whose message the send log has.
func findContactsOf(c engine.Reader, events []hygiene.Event) error {
	nameless := func(e *hygiene.Event) bool { return e.Contact == "" }
	return messages.Of(c, events, nameless, func(i int, m *engine.Message) {
		if events[i].Contact = m.Contact; m.Contact == "" {
			events[i].SentTo = m.Phone
		}
	})
}

// versionOfSendLog is raised with each change of the send log.
func versionOfSendLog(c engine.Querier) (int64, error) {
	return counters.Get(c, counters.SendLogVersion)
}

// identify finds the contacts of events, and stores the conflicts of their bodies with the
// send log. The view of the send log is renewed if it no longer holds; it may be nil.
func (w *txWriter) identify(events []hygiene.Event, view *messages.View, requireSendLog map[string]bool) error {
	version, err := versionOfSendLog(w)
	if err != nil {
		return err
	}
	if view == nil || view.Version != version {
		view = &messages.View{Version: version}
		if err := messages.Of(w, events, nil, view.Add); err != nil {
			return err
		}
	}
	if err := w.noteUnregistered(view.Missing(events)); err != nil {
		return err
	}
	conflicts, err := view.Identify(events, requireSendLog, func(keys []string) ([]string, error) { return rootsOf(w, keys) })
	if err != nil {
		return err
	}
	return w.saveConflicts(conflicts)
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
		unmatched, err = c.Number("SELECT count(*) FROM unmatched WHERE message_id = ? AND phone = ''", id)
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
	err := messages.Of(w, asked, nil, func(i int, m *engine.Message) {
		e := &asked[i]
		if m.Contact == e.Contact || m.Contact == "" || e.Contact == "" {
			e.SentTo, e.SentAt = m.Phone, m.SentAt
		}
	})
	for i, e := range events {
		e.SentTo, e.SentAt = asked[i].SentTo, asked[i].SentAt
	}
	return err
}
