package store

import (
	"cmp"
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/messages"
)

// applyBatch is some contacts with the events that are new to them. Three go
// round: while the events of one are applied, the one before is written and the
// one after read.
type applyBatch struct {
	rows    []*contactRow // chunkSize of them; as many in use as there are groups
	groups  [][]int       // of each contact, its events
	changes [][]hygiene.Change
	did     Swept
	err     error
	panic   any // what applying panicked with; the goroutine that waits panics with it
}

// applyEvents applies events to their contacts, in the order of the keys:
// neighbours share pages. The view of the send log may be nil. This goroutine alone uses
// the database; what needs no database is done beside it.
func (w *txWriter) applyEvents(o *SweepOptions, events []hygiene.Event, view *messages.View, did *Swept) error {
	did.Events += int64(len(events))
	order, contacts, err := w.match(events, view, o.RequireSendLog, did)
	if err != nil {
		return err
	}
	entries, err := w.applyToNumbers(events, strikesInForce)
	if err != nil {
		return err
	}
	did.Changes += entries
	batches := [3]applyBatch{}
	var applied, read *applyBatch
	for n := 0; ; n++ {
		applying := read.apply(w.judge, events)
		err := applied.write(w, did)
		next := &batches[n%len(batches)]
		if err == nil {
			order, err = next.read(w, events, contacts, order)
		}
		<-applying // also after an error: the batch is still being applied
		if read != nil && read.panic != nil {
			panic(read.panic)
		}
		if err != nil {
			return err
		}
		if applied, read = read, next; applied == nil && len(read.groups) == 0 || applied != nil && len(applied.groups) == 0 {
			did.Changes += w.given.changes // those of numbers
			return nil
		}
	}
}

// match finds the contact of each event, stores those without one as unmatched or as
// lying on a number alone, and returns the order in which to apply the others, and the key of the contact of
// each. The event keeps the key that it came by.
func (w *txWriter) match(events []hygiene.Event, view *messages.View, requireSendLog map[string]bool, did *Swept) (order []int, contacts []string, err error) {
	late, err := w.takeLate(events, did)
	if err != nil {
		return nil, nil, err
	}
	if err := w.identify(events, view, requireSendLog); err != nil {
		return nil, nil, err
	}
	if contacts, err = w.rootsOfEvents(events); err != nil {
		return nil, nil, err
	}
	order = make([]int, 0, len(events))
	for i := range events {
		e := &events[i]
		if late != nil && late[i] {
			e.To = ""
			continue
		}
		if e.Contact != "" {
			order = append(order, i)
			continue
		}
		if e.IsErased() {
			continue
		}
		if !w.judge.HasNumbers() {
			e.To, e.SentTo = "", ""
		}
		if e.Number() == "" {
			did.Unmatched++
		}
		if err := w.Exec("INSERT INTO unmatched (message_id, seq, held_by, source, phone) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			contactkey.MessageID(e.MessageID), e.Seq, e.Held, e.Source, e.Number()); err != nil {
			return nil, nil, err
		}
	}
	sortByContact(order, contacts, events)
	return order, contacts, nil
}

// sortByContact sorts places of events by contact and seq.
func sortByContact(order []int, contacts []string, events []hygiene.Event) {
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(contacts[a], contacts[b]), cmp.Compare(events[a].Seq, events[b].Seq))
	})
}

// firstGroup is the first places of order: those of one contact.
func firstGroup(order []int, contacts []string) []int {
	n := 1
	for n < len(order) && contacts[order[n]] == contacts[order[0]] {
		n++
	}
	return order[:n]
}

// read reads the contacts of the next events in order, and returns the rest.
func (b *applyBatch) read(w *txWriter, events []hygiene.Event, contacts []string, order []int) ([]int, error) {
	if b.rows == nil {
		b.rows = newRows(chunkSize)
	}
	b.groups = b.groups[:0]
	var keys []string
	for len(order) > 0 && len(b.groups) < chunkSize {
		group := firstGroup(order, contacts)
		keys = append(keys, contacts[group[0]])
		b.groups = append(b.groups, group)
		order = order[len(group):]
	}
	if err := loadRows(w, keys, b.rows); err != nil {
		return nil, err
	}
	return order, nil
}

// apply begins to apply the events to their contacts, and closes the channel when
// that is done. A nil batch has nothing to apply.
func (b *applyBatch) apply(policy *hygiene.Policy, events []hygiene.Event) <-chan struct{} {
	done := make(chan struct{})
	if b == nil {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		defer func() { b.panic = recover() }()
		b.changes, b.did, b.err = b.changes[:0], Swept{}, nil
		for i, group := range b.groups {
			k := b.rows[i]
			if b.err = k.unpack(); b.err != nil {
				return
			}
			var changes []hygiene.Change
			k.heed(policy, events, group)
			k.keeps = k.Numbers == nil && !k.AsksSendLog // else any event may mean another number for its message
			for _, n := range group {
				k.keeps = k.keeps && !policy.GivesOutcome(events[n].Outcome)
				k.proves = k.proves || hygiene.ProofBy(events[n].Outcome) != hygiene.Unmeasured
				more, added := policy.Apply(&k.Contact, &events[n])
				changes = append(changes, more...)
				b.did.count(added)
			}
			b.did.Changes += int64(len(changes))
			b.changes = append(b.changes, changes)
			k.pack()
		}
	}()
	return done
}

// write writes a batch that was applied. A nil batch has nothing to write.
func (b *applyBatch) write(w *txWriter, did *Swept) error {
	if b == nil {
		return nil
	}
	if b.err != nil {
		return b.err
	}
	did.add(b.did)
	return w.savePacked(b.rows[:len(b.groups)], b.changes)
}

// heed says whether what the send log has of the messages of events matters to their
// contact: where it names another number than the contact's, or the contact had several.
// Otherwise it is left out, since most lines of a send log say nothing new.
func (k *contactRow) heed(policy *hygiene.Policy, events []hygiene.Event, group []int) {
	for _, n := range group {
		if e := &events[n]; policy.HasNumbers() && e.SentTo != "" && e.SentTo != k.Alone(e.Contact).Phone {
			k.Ask()
		}
	}
	if k.AsksSendLog {
		return
	}
	for _, n := range group {
		events[n].SentTo, events[n].SentAt = "", 0
	}
}
