package store

import (
	"context"
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
)

// EachEventOf visits the events of one contact, without their bodies, in the order of the
// log: those whose bodies name it, and those of messages that the send log has for it. waits
// says that the event waits for its message to be registered, and so does not act. It
// is a pass over the log. progress may be nil; it gets the number of events read.
func (s *Store) EachEventOf(ctx context.Context, key string, progress func(events int64), visit func(e *hygiene.Event, waits bool)) error {
	keys, err := s.Names(key)
	if err != nil {
		return err
	}
	for seq, n := int64(0), int64(0); ; {
		var events []hygiene.Event
		err := s.readLog(func(l engine.LogReader) (err error) {
			events, err = l.EventsAfter(seq, lotEvents, lotBytes)
			return err
		})
		if err == nil {
			err = s.read(func(c engine.Reader) error { return findContactsOf(c, events) })
		}
		if err != nil || ctx.Err() != nil || len(events) == 0 {
			if err == nil {
				err = ctx.Err()
			}
			return err
		}
		for i := range events {
			if !slices.Contains(keys, events[i].Contact) {
				continue
			}
			waiting := false
			if err := s.read(func(c engine.Reader) (err error) { waiting, err = waits(c, &events[i]); return err }); err != nil {
				return err
			}
			visit(&events[i], waiting)
		}
		seq, n = events[len(events)-1].Seq, n+int64(len(events))
		if progress != nil {
			progress(n)
		}
	}
}
