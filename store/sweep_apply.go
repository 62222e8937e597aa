package store

import (
	"cmp"
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/engine"
	"winnow/store/messages"
)

// applyBatch is some contacts with the events that are new to them. Three go
// round: while the events of one are applied, the one before is written and the
// one after read.
type applyBatch struct {
	rows    []*contactRow // chunkSize of them; as many in use as there are groups
	groups  [][]int       // of each contact, its events
	changes [][]hygiene.Change
	others  []int // events that are handed over, see the end of this file
	end     bool  // there were no events any more
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
		applying := read.apply(w.judge, w.beside != nil, events)
		err := applied.write(w, events, did)
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
		if applied, read = read, next; applied == nil && read.end || applied != nil && applied.end {
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
			if w.isOthers(e, contacts[i]) {
				if err := w.handOver(e, did); err != nil {
					return nil, nil, err
				}
				continue
			}
			order = append(order, i)
			continue
		}
		if e.IsErased() {
			continue
		}
		if !w.judge.HasNumbers() {
			e.To, e.SentTo = "", ""
		}
		if w.isOthers(e, "") {
			if err := w.handOver(e, did); err != nil {
				return nil, nil, err
			}
			e.To, e.SentTo = "", "" // nor does it lie on its number now
			continue
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
	b.groups, b.others, b.end = b.groups[:0], b.others[:0], len(order) == 0
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
	if w.beside != nil {
		return order, b.partWithProofs(w, events)
	}
	return order, nil
}

// apply begins to apply the events to their contacts, and closes the channel when
// that is done. A nil batch has nothing to apply. beside says that others write meanwhile.
func (b *applyBatch) apply(policy *hygiene.Policy, beside bool, events []hygiene.Event) <-chan struct{} {
	done := make(chan struct{})
	if b == nil {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		defer func() { b.panic = recover() }()
		b.changes, b.did, b.err = b.changes[:0], Swept{}, nil
		kept := 0
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
func (b *applyBatch) write(w *txWriter, events []hygiene.Event, did *Swept) error {
	if b == nil {
		return nil
	}
	if b.err != nil {
		return b.err
	}
	for _, n := range b.others {
		if err := w.handOver(&events[n], did); err != nil {
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
func (w *txWriter) handOver(e *hygiene.Event, did *Swept) error {
	did.Events--
	return w.Exec("INSERT INTO matched (seq, held_by) VALUES (?, ?) ON CONFLICT (seq) DO NOTHING", e.Seq, e.Held)
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
func (b *applyBatch) partWithProofs(w *txWriter, events []hygiene.Event) error {
	if there, err := w.hasNumbers(); err != nil || !there || !w.judge.HasNumbers() {
		return err
	}
	proves := func(n int) bool { return hygiene.ProofBy(events[n].Outcome) != hygiene.Unmeasured }
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
