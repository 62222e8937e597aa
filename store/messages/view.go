package messages

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// View is what the send log has of the messages of some events.
type View struct {
	Version int64 // of the send log; the store raises it with each change
	found   []foundMessage
}

// foundMessage is the message of the event at that place.
type foundMessage struct {
	event int
	engine.Message
}

// Add adds what the send log has of the message of the event at that place.
func (v *View) Add(event int, m *engine.Message) {
	v.found = append(v.found, foundMessage{event, *m})
}

// stepKeys is how many messages are looked up as of one moment: a page waits as long.
const stepKeys = 4096

// Look looks up the messages of events, a few thousand in each call of read. So the view is
// as of several moments: it holds if the send log has the same version when it is used.
// version reads that.
func Look(read func(do func(engine.Reader) error) error, version func(engine.Querier) (int64, error), events []hygiene.Event) (*View, error) {
	view := &View{}
	var some bool
	err := read(func(c engine.Reader) (err error) {
		if view.Version, err = version(c); err == nil {
			some, err = Any(c)
		}
		return err
	})
	if err != nil || !some {
		return view, err
	}
	l := newLookup(events, nil)
	for from := 0; err == nil && from < len(l.keys); from += stepKeys {
		err = read(func(c engine.Reader) error { return l.find(c, from, min(from+stepKeys, len(l.keys)), view.Add) })
	}
	return view, err
}

// Identify finds the contacts of events: that of the body, or else that of the send log.
// It sets the number and the time that the send log has of a message that it has for the
// contact of the event, or for none.
// The contact of an event of a source in require is left out unless the send log has the
// message for it; until then the event waits. Where body and send log name different
// contacts, that is a conflict. roots returns the keys of the contacts that keys name, which
// may be merged ones.
func (v *View) Identify(events []hygiene.Event, require map[string]bool, roots func(keys []string) ([]string, error)) (conflicts []Conflict, err error) {
	confirmed := map[int]bool{} // of sources in require, whether the send log has the message for the contact
	var differ []*foundMessage
	for i := range v.found {
		m := &v.found[i]
		e := &events[m.event]
		if e.Contact == "" || m.Contact == "" || e.Contact == m.Contact {
			e.SentTo, e.SentAt = m.Phone, m.SentAt
		}
		switch {
		case e.Contact != "" && e.Contact != m.Contact:
			differ = append(differ, m)
			continue
		case require[e.Source]:
			confirmed[m.event] = true
			fallthrough
		default:
			e.Contact = m.Contact
		}
	}
	same, err := sameContacts(events, differ, roots)
	if err != nil {
		return nil, err
	}
	for i, m := range differ {
		e := &events[m.event]
		switch {
		case same[i]:
			confirmed[m.event] = require[e.Source]
		case m.Contact != "" && !m.Unsourced: // else it may be about another source's message
			conflicts = append(conflicts, newConflict(e, &m.Message))
		}
	}
	for i := range events {
		e := &events[i]
		if len(require) == 0 || !require[e.Source] {
			continue
		}
		if e.To != e.SentTo {
			e.To = "" // who learns where to post callbacks could name any number
		}
		if !confirmed[i] {
			e.Contact, e.To, e.SentTo, e.SentAt = "", "", "", 0
		}
	}
	return conflicts, nil
}

// sameContacts reports of each of the messages whether the send log and the event name one
// contact, by keys that were merged.
func sameContacts(events []hygiene.Event, messages []*foundMessage, roots func([]string) ([]string, error)) ([]bool, error) {
	keys := make([]string, 0, 2*len(messages))
	for _, m := range messages {
		keys = append(keys, events[m.event].Contact, m.Contact)
	}
	keys, err := roots(keys)
	same := make([]bool, len(messages))
	for i := range same {
		same[i] = err == nil && keys[2*i] == keys[2*i+1]
	}
	return same, err
}
