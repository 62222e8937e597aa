package store

import (
	"context"
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/personal"
)

// Contact finds the contact that the key names, with the message of its retry.
func (s *Store) Contact(key string) (contact *hygiene.Contact, ok bool, err error) {
	k := &contactRow{}
	err = s.read(func(c engine.Reader) error {
		if err := k.load(c, key); err != nil {
			return err
		}
		if err := attachNumbers(c, []*contactRow{k}); err != nil {
			return err
		}
		return loadRetryMessages(c, []*contactRow{k})
	})
	return k.forReader(s.present), k.stored.ID != 0, err
}

// LedgerEntry is a change in the ledger.
type LedgerEntry = personal.LedgerEntry

// Ledger reads the entries of a contact, or of a number by [hygiene.NumberKey], the latest
// first, at most so many. Those of a merged contact are those of all its keys.
func (s *Store) Ledger(key string, most int) (entries []LedgerEntry, err error) {
	err = s.read(func(c engine.Reader) error {
		chains, err := ledgersOf(c, key)
		if err == nil {
			entries, err = personal.NextEntries(c, chains, most)
		}
		return err
	})
	return entries, err
}

// EachLedgerEntry visits all entries that [Store.Ledger] reads, however many.
func (s *Store) EachLedgerEntry(ctx context.Context, key string, visit func(*LedgerEntry) error) error {
	var chains []int64
	err := s.read(func(c engine.Reader) (err error) {
		chains, err = ledgersOf(c, key)
		return err
	})
	if err != nil {
		return err
	}
	return personal.EachEntry(ctx, s.read, chains, visit)
}

// ledgersOf is the latest entry of each ledger of the contact that the key names, or of
// the number whose key it is.
func ledgersOf(c engine.Reader, key string) ([]int64, error) {
	if phone := hygiene.NumberIn(key); phone != "" {
		id, err := c.Number("SELECT ledger FROM numbers WHERE phone = ?", phone)
		return []int64{id}, err
	}
	root, err := rootOf(c, key)
	if err != nil {
		return nil, err
	}
	id, err := c.Number("SELECT ledger FROM contacts WHERE key = ?", root)
	if err != nil {
		return nil, err
	}
	names, err := namesOf(c, root)
	chains := []int64{id}
	for _, n := range names {
		chains = append(chains, n.ledger)
	}
	return chains, err
}

// Timeline reads from the log the events that a contact's history keeps, in
// the order in which they happened, without their bodies.
func (s *Store) Timeline(contact *hygiene.Contact) (events []hygiene.Event, err error) {
	err = s.readLog(func(l engine.LogReader) error {
		return l.Events(contact.History.Seqs(), false, func(_ int, e *hygiene.Event) error {
			events = append(events, *e)
			return nil
		})
	})
	slices.SortFunc(events, func(a, b hygiene.Event) int {
		return a.Moment().Compare(b.Moment())
	})
	return events, err
}
