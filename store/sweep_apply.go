package store

import "winnow/hygiene"

// lotSize is how many contacts are judged together.
const lotSize = 128

// lot is some contacts with the events that are new to them. Three lots go
// round: while one is judged, the one before is written and the one after read.
type lot struct {
	cards   []card
	orders  [][]int // of each card, its events
	changes [][]hygiene.Change
	did     Swept
	err     error
	panic   any // what judging panicked with; it goes on in who waits for it
}

// judge applies events to their contacts, contact by contact in the order of
// their keys: neighbours share pages. SQLite is asked by this goroutine alone;
// what it need not wait for is done beside it.
func (s *Store) judge(p *pen, o *SweepOptions, events []hygiene.Event, did *Swept) error {
	did.Events += int64(len(events))
	order, err := p.match(events, did)
	if err != nil {
		return err
	}
	lots := [3]lot{}
	var judged, read *lot
	for turn := 0; ; turn++ {
		judging := read.judge(o.Policy, events)
		err := judged.write(p, did)
		next := &lots[turn%len(lots)]
		if err == nil {
			order, err = next.read(p.c, events, order)
		}
		<-judging // also when something failed: the lot is still being judged
		if read != nil && read.panic != nil {
			panic(read.panic)
		}
		if err != nil {
			return err
		}
		if judged, read = read, next; judged == nil && len(read.orders) == 0 {
			return nil
		}
		if judged != nil && len(judged.orders) == 0 {
			return nil
		}
	}
}

// read fetches the contacts of the next events in order, and gives the rest.
func (l *lot) read(c *conn, events []hygiene.Event, order []int) ([]int, error) {
	if l.cards == nil {
		l.cards = make([]card, lotSize)
	}
	l.orders = l.orders[:0]
	for len(order) > 0 && len(l.orders) < lotSize {
		key, n := events[order[0]].Contact, 1
		for n < len(order) && events[order[n]].Contact == key {
			n++
		}
		if err := l.cards[len(l.orders)].fetch(c, key); err != nil {
			return nil, err
		}
		l.orders = append(l.orders, order[:n])
		order = order[n:]
	}
	return order, nil
}

// judge begins to apply the events to their contacts, and closes the channel
// when that is done. A nil lot is done at once.
func (l *lot) judge(policy *hygiene.Policy, events []hygiene.Event) <-chan struct{} {
	done := make(chan struct{})
	if l == nil {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		defer func() { l.panic = recover() }()
		l.changes, l.did, l.err = l.changes[:0], Swept{}, nil
		for i := range l.orders {
			k := &l.cards[i]
			if l.err = k.unpack(); l.err != nil {
				return
			}
			var changes []hygiene.Change
			for _, n := range l.orders[i] {
				more, added := policy.Apply(&k.Contact, &events[n])
				changes = append(changes, more...)
				l.did.count(added)
			}
			l.did.Changes += int64(len(changes))
			l.changes = append(l.changes, changes)
			k.pack()
		}
	}()
	return done
}

// write writes a lot that was judged. A nil lot is written at once.
func (l *lot) write(p *pen, did *Swept) error {
	if l == nil {
		return nil
	}
	if l.err != nil {
		return l.err
	}
	did.add(l.did)
	for i := range l.orders {
		if err := p.write(&l.cards[i], l.changes[i]); err != nil {
			return err
		}
	}
	return nil
}
