package store

import (
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/engine"
	"winnow/store/messages"
	"winnow/store/packed"
)

// applyBatch is some contacts with the events that are new to them. Three go
// round: while the events of one are applied, the one before is written and the
// one after read.
type applyBatch struct {
	rows    []*contactRow   // chunkSize of them; as many in use as there are groups
	events  []hygiene.Event // of all contacts
	places  []int           // of the events, which groups share
	groups  [][]int         // of each contact, its events
	changes [][]hygiene.Change
	others  []int // events that are handed over, see the end of this file
	end     bool  // there were no events any more
	did     Swept
	err     error
	panic   any // what applying panicked with; the goroutine that waits panics with it
}

// applyEvents applies events to their contacts. The view of the send log may be nil.
func (w *txWriter) applyEvents(o *SweepOptions, events []hygiene.Event, view *messages.View, did *Swept) error {
	var found packed.Events
	if err := w.find(o, events, view, &found, did); err != nil {
		return err
	}
	return w.applyFound(&found, did)
}

// find finds the contacts of events and adds them to those found. Those without one are
// applied to their numbers, or are unmatched.
func (w *txWriter) find(o *SweepOptions, events []hygiene.Event, view *messages.View, found *packed.Events, did *Swept) error {
	did.Events += int64(len(events))
	if err := w.match(events, view, o.RequireSendLog, found, did); err != nil {
		return err
	}
	return w.applyToNumbers(events, strikesInForce)
}

// applyFound applies events to their contacts, in the order of the keys: neighbours share
// pages. This goroutine alone uses the database; what needs no database is done beside it.
func (w *txWriter) applyFound(found *packed.Events, did *Swept) error {
	order := found.ByContact()
	batches := [3]applyBatch{}
	var applied, read *applyBatch
	for n := 0; ; n++ {
		applying := read.apply(w.judge, w.beside != nil)
		err := applied.write(w, did)
		next := &batches[n%len(batches)]
		if err == nil {
			order, err = next.read(w, found, order)
		}
		<-applying // also after an error: the batch is still being applied
		if read != nil && read.panic != nil {
			panic(read.panic)
		}
		if err != nil {
			return err
		}
		if applied, read = read, next; applied == nil && read.end || applied != nil && applied.end {
			return nil
		}
	}
}

// match finds the contact of each event, stores those without one as unmatched or as
// lying on a number alone, and adds the others to those found. The event keeps the key that
// it came by.
func (w *txWriter) match(events []hygiene.Event, view *messages.View, requireSendLog map[string]bool, found *packed.Events, did *Swept) error {
	late, err := w.takeLate(events, did)
	if err != nil {
		return err
	}
	if err := w.identify(events, view, requireSendLog); err != nil {
		return err
	}
	contacts, err := w.rootsOfEvents(events)
	if err != nil {
		return err
	}
	for i := range events {
		e := &events[i]
		if late != nil && late[i] {
			e.To = ""
			continue
		}
		if e.Contact != "" {
			if w.isOthers(e, contacts[i]) {
				if err := w.handOver(e.Seq, e.Held, did); err != nil {
					return err
				}
				continue
			}
			found.Add(e, contacts[i])
			continue
		}
		if e.IsErased() {
			continue
		}
		if !w.judge.HasNumbers() {
			e.To, e.SentTo = "", ""
		}
		if w.isOthers(e, "") {
			if err := w.handOver(e.Seq, e.Held, did); err != nil {
				return err
			}
			e.To, e.SentTo = "", "" // nor does it lie on its number now
			continue
		}
		if e.Number() == "" {
			did.Unmatched++
		}
		if err := w.Exec("INSERT INTO unmatched (message_id, seq, held_by, source, phone) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			contactkey.MessageID(e.MessageID), e.Seq, e.Held, e.Source, e.Number()); err != nil {
			return err
		}
	}
	return nil
}

// read reads the contacts of the next events in order, and returns the rest.
func (b *applyBatch) read(w *txWriter, found *packed.Events, order []int32) ([]int32, error) {
	if b.rows == nil {
		b.rows = newRows(chunkSize)
	}
	b.events, b.groups, b.others, b.end = b.events[:0], b.groups[:0], b.others[:0], len(order) == 0
	keys := make([]string, 0, chunkSize)
	for len(order) > 0 && len(keys) < chunkSize {
		key, from := found.Contact(order[0]), len(b.events)
		for len(order) > 0 && found.Contact(order[0]) == key {
			if len(b.events) == len(b.places) {
				b.places = append(b.places, len(b.events))
			}
			b.events, order = append(b.events, found.Event(order[0])), order[1:]
		}
		keys, b.groups = append(keys, key), append(b.groups, b.places[from:len(b.events):len(b.events)])
	}
	if err := loadRows(w, keys, b.rows); err != nil {
		return nil, err
	}
	if w.beside != nil {
		return order, b.partWithProofs(w)
	}
	return order, nil
}

// apply begins to apply the events to their contacts, and closes the channel when
// that is done. A nil batch has nothing to apply. beside says that others write meanwhile.
func (b *applyBatch) apply(policy *hygiene.Policy, beside bool) <-chan struct{} {
	done := make(chan struct{})
	if b == nil {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		defer func() { b.panic = recover() }()
		b.changes, b.did, b.err = b.changes[:0], Swept{}, nil
		kept, events := 0, b.events
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
			}
			if beside && k.isOthers(policy, events, group) {
				b.others = append(b.others, group...)
				continue
			}
			b.rows[kept], b.rows[i] = k, b.rows[kept]
			b.groups[kept] = group
			kept++
			for _, n := range group {
				more, added := policy.Apply(&k.Contact, &events[n])
				changes = append(changes, more...)
				b.did.count(added)
			}
			b.did.Changes += int64(len(changes))
			b.changes = append(b.changes, changes)
			k.pack()
		}
		b.groups = b.groups[:kept]
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
	for _, n := range b.others {
		if err := w.handOver(b.events[n].Seq, b.events[n].Held, did); err != nil {
			return err
		}
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

// A transaction that sweeps a portion writes beside others, so it may write nothing that they
// may write: of contacts those of its portion alone, and no phone number, as those who have it
// may be in any portion; see [txWriter.checkBeside]. What asks for more is handed over: it waits
// in the table matched, as events do whose contact became known, and is judged while nobody
// else writes. For an event may come to its contact at any time.

// handOver lets the event be judged when nobody else writes.
func (w *txWriter) handOver(seq, held int64, did *Swept) error {
	did.Events--
	return w.Exec("INSERT INTO matched (seq, held_by) VALUES (?, ?) ON CONFLICT (seq) DO NOTHING", seq, held)
}

// isOthers reports whether an event, of the contact of that key, empty for none, concerns what a
// transaction beside others may not write.
func (w *txWriter) isOthers(e *hygiene.Event, contact string) bool {
	switch {
	case w.beside == nil:
		return false
	case contact != "":
		return !w.beside.Has(contact)
	}
	return e.Number() != "" && w.judge.GivesOutcome(e.Outcome)
}

// isOthers reports whether the events would make the contact give something to its numbers.
func (k *contactRow) isOthers(policy *hygiene.Policy, events []hygiene.Event, group []int) bool {
	if k.keeps || !policy.HasNumbers() {
		return false
	}
	for _, n := range group {
		if e := &events[n]; e.To != "" || e.SentTo != "" {
			return true
		}
	}
	return k.Phone != "" || k.Numbers != nil || k.Parts != nil || k.AsksSendLog || len(k.AllNumbers()) > 0
}

// partWithProofs takes those contacts out of a batch, which was read, whose events say
// something of what is open on their numbers.
func (b *applyBatch) partWithProofs(w *txWriter) error {
	if there, err := w.hasNumbers(); err != nil || !there || !w.judge.HasNumbers() {
		return err
	}
	proves := func(n int) bool { return hygiene.ProofBy(b.events[n].Outcome) != hygiene.Unmeasured }
	var proving []*contactRow
	for i, group := range b.groups {
		if k := b.rows[i]; k.Phone != "" && slices.ContainsFunc(group, proves) {
			proving = append(proving, k)
		}
	}
	theirs := map[*contactRow]bool{}
	err := eachNumberOf(w, proving, func(_ *engine.Contact, have []*contactRow) error {
		for _, k := range have {
			theirs[k] = true
		}
		return nil
	})
	kept := 0
	for i, group := range b.groups {
		if theirs[b.rows[i]] {
			b.others = append(b.others, group...)
			continue
		}
		b.rows[kept], b.rows[i] = b.rows[i], b.rows[kept]
		b.groups[kept] = group
		kept++
	}
	b.groups = b.groups[:kept]
	return err
}
