package store

import (
	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/messages"
)

// A line of the send log may come after the events of its message were swept. Those that
// named no contact wait in the table unmatched. Of those that did, the latest are in the
// table unregistered, by the hash of their message: what the line says is then compared
// and heeded as it is registered. Older ones are found by [Store.CompareLate].

// keptUnregistered is within how many of the latest events that is. It bounds the table,
// whose rows lie at random.
const keptUnregistered = 250_000

// noteUnregistered remembers events, which name their contact, whose message the send log
// does not have. Where it is empty nothing is expected of it.
func (w *txWriter) noteUnregistered(events []*hygiene.Event) error {
	if len(events) == 0 {
		return nil
	}
	some, err := messages.Any(w)
	if err != nil || !some {
		return err
	}
	return messages.InsertUnregistered(w, events)
}

// trimUnregistered forgets what is older, now and then. The log was swept up to that place.
func (w *txWriter) trimUnregistered(upTo int64) error {
	from, err := counters.Get(w, counters.UnregisteredFrom)
	if err != nil || upTo-from < 2*keptUnregistered {
		return err
	}
	if err := messages.TrimUnregistered(w, upTo-keptUnregistered); err != nil {
		return err
	}
	return counters.Set(w, counters.UnregisteredFrom, upTo-keptUnregistered)
}

// hearLate compares the events of messages that were just registered, as far as they are
// remembered, with what the send log says of them now.
func (w *txWriter) hearLate(keys []engine.MessageKey) error {
	seqs, err := messages.Unregistered(w, keys)
	if err != nil || len(seqs) == 0 {
		return err
	}
	var events []hygiene.Event
	err = w.log(func(l engine.LogReader) error {
		return l.Events(seqs, false, func(_ int, e *hygiene.Event) error {
			events = append(events, *e)
			return nil
		})
	})
	if err != nil {
		return err
	}
	return w.compareWithSendLog(events)
}

// compareWithSendLog stores the conflicts of the events with the send log, and lets
// contacts wait of which it names another number for a message.
func (w *txWriter) compareWithSendLog(events []hygiene.Event) error {
	var view messages.View
	named := func(e *hygiene.Event) bool { return e.Contact != "" }
	if err := messages.Of(w, events, named, view.Add); err != nil {
		return err
	}
	conflicts, err := view.Identify(events, nil, func(keys []string) ([]string, error) { return rootsOf(w, keys) })
	if err != nil {
		return err
	}
	for i := range events {
		if err := w.waitIfElsewhere(&events[i]); err != nil {
			return err
		}
	}
	return w.saveConflicts(conflicts)
}

// waitIfElsewhere makes the contact of an event wait to be placed if the send log names
// another number for its message.
func (w *txWriter) waitIfElsewhere(e *hygiene.Event) error {
	if e.Contact == "" || e.SentTo == "" {
		return nil
	}
	format, err := counters.Get(w, counters.KeyFormat)
	if err != nil || format == phoneKeys {
		return err
	}
	root, _, err := w.rootOf(e.Contact)
	if err != nil {
		return err
	}
	id, elsewhere := int64(0), false
	r := w.Query("SELECT id, phone, facts FROM contacts WHERE key = ?", root)
	for r.Next() {
		id, elsewhere = r.Int(0), r.Text(1) != e.SentTo || hygiene.AsksSendLog(r.Blob(2))
	}
	if err := r.Close(); err != nil || !elsewhere {
		return err
	}
	return w.wait(id, true)
}
