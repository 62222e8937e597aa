package store

import (
	"context"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/forgotten"
)

// A callback may come late, about a message to a person who was forgotten. The sweep
// counts it, and erases it from the log. If it is a person's word, what is remembered of
// them is renewed before: by their keys and their numbers, and on those of these that are
// known again.

// takeLate reports which of the events are about messages to forgotten persons; nil for
// none. They are to be left out.
func (w *txWriter) takeLate(events []hygiene.Event, did *Swept) (late []bool, err error) {
	h, err := w.hasher()
	if err != nil || h == nil {
		return nil, err
	}
	some, err := forgotten.AnyMessage(w)
	if err != nil || !some {
		return nil, err
	}
	messages := make([]engine.MessageKey, len(events))
	for i := range events {
		messages[i] = engine.MessageKey{Source: events[i].Source, ID: events[i].MessageID}
	}
	err = h.FindMessages(w, messages, func(i int, persons []int64) error {
		e := &events[i]
		if e.IsErased() {
			return nil
		}
		if late == nil {
			late = make([]bool, len(events))
		}
		late[i] = true
		e.Contact, e.To = "", ""
		did.Late++
		if err := w.insertLate(e.Seq); err != nil {
			return err
		}
		for _, person := range persons {
			if err := w.renew(h, person, e); err != nil {
				return err
			}
		}
		return nil
	})
	return late, err
}

// insertLate notes that an event is to be erased from the log.
func (w *txWriter) insertLate(seq int64) error {
	return w.Exec("INSERT INTO late_events (seq) VALUES (?) ON CONFLICT (seq) DO NOTHING", seq)
}

// renew takes a word of a forgotten person.
func (w *txWriter) renew(h *forgotten.Hasher, person int64, e *hygiene.Event) error {
	opens, lifts := w.judge.WordsOf(e)
	for _, reason := range lifts {
		if err := forgotten.Lift(w, person, reason, e.At); err != nil {
			return err
		}
	}
	if len(opens) == 0 {
		return nil
	}
	names, err := forgotten.NamesOf(w, person)
	if err != nil {
		return err
	}
	for _, n := range names {
		for _, m := range opens {
			if err := n.Renew(w, person, m); err != nil {
				return err
			}
		}
		if err := w.renewSubject(n.Subject, opens, e.Moment()); err != nil {
			return err
		}
	}
	return nil
}

// renewSubject is renew for a contact or a number that is known again.
func (w *txWriter) renewSubject(subject int64, opens []hygiene.Memory, cause hygiene.Moment) error {
	key, name, err := w.subjectOf(subject)
	if err != nil || key == "" {
		return err
	}
	k := &contactRow{}
	if err := k.load(w, key); err != nil || k.stored.ID == 0 {
		return err
	}
	k.Alias = ""
	changes := w.judge.Recall(&k.Contact, name, opens, cause)
	if len(changes) == 0 && !k.factsChanged() {
		return nil
	}
	return w.save(k, changes)
}

// subjectOf is the key of the contact, or the number, that has the id, and the name by
// which it had it; empty for none.
func (w *txWriter) subjectOf(id int64) (key, name string, err error) {
	switch {
	case id == 0:
		return "", "", nil
	case id < 0:
		phone, err := w.Text("SELECT phone FROM numbers WHERE id = ?", -id)
		if err != nil || phone == "" {
			return "", "", err
		}
		return hygiene.NumberKey(phone), "", nil
	}
	if key, err = w.Text("SELECT key FROM contacts WHERE id = ?", id); err != nil || key != "" {
		return key, key, err
	}
	if key, err = w.Text("SELECT contact FROM names WHERE id = ?", id); err != nil || key == "" {
		return "", "", err
	}
	name, err = w.Text("SELECT key FROM names WHERE id = ?", id)
	return key, name, err
}

// lateAtOnce is how many late events are erased in one step.
const lateAtOnce = 500

// eraseLate erases from the log the events that were taken as late. It can be repeated: the
// notes of them stay until nothing of them is left, which a reader may delay.
func (s *Store) eraseLate(ctx context.Context) error {
	last, err := s.eraseLateAfter(ctx, 0)
	if err != nil || last == 0 {
		return err
	}
	clean, err := s.engine.PurgeLog(func(engine.LogReader, engine.LogWriter) error { return nil })
	if err != nil || !clean {
		return err
	}
	return s.write(func(w engine.Writer) error { return deleteLate(w, last) })
}

// eraseLateAfter erases those after that seq, and returns the last one; 0 for none.
func (s *Store) eraseLateAfter(ctx context.Context, last int64) (int64, error) {
	for ctx.Err() == nil {
		var list []engine.Erasure
		err := s.read(func(c engine.Reader) error {
			r := c.Query("SELECT seq FROM late_events WHERE seq > ? ORDER BY seq LIMIT ?", last, lateAtOnce)
			for r.Next() {
				list = append(list, engine.Erasure{Seq: r.Int(0), Whole: true})
			}
			return r.Close()
		})
		if err != nil || len(list) == 0 {
			return last, err
		}
		if err := s.sizeOf(list); err != nil {
			return last, err
		}
		if err := s.engine.WriteLog(func(l engine.LogWriter) error { return l.EraseEvents(list) }); err != nil {
			return last, err
		}
		last = list[len(list)-1].Seq
	}
	return last, ctx.Err()
}

// sizeOf reads how many bytes the bodies of the events have.
func (s *Store) sizeOf(list []engine.Erasure) error {
	seqs := make([]int64, len(list))
	for i := range list {
		seqs[i] = list[i].Seq
	}
	return s.readLog(func(l engine.LogReader) error {
		return l.Events(seqs, true, func(i int, e *hygiene.Event) error {
			list[i].Bytes = len(e.Body)
			return nil
		})
	})
}

// deleteLate deletes the notes of events that were erased.
func deleteLate(w engine.Writer, last int64) error {
	return w.Exec("DELETE FROM late_events WHERE seq <= ?", last)
}
