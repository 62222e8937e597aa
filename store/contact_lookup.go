package store

import (
	"slices"
	"strconv"
	"strings"

	"winnow/hygiene"
	"winnow/store/engine"
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
type LedgerEntry struct {
	hygiene.Change
	ID     int64
	Policy string // hash of the policy in force; "" for none
	Batch  int64  // the manual change that it is part of; 0 for none
}

// Ledger reads the entries of a contact, or of a number by [hygiene.NumberKey], the latest
// first, at most so many. Those of a merged contact are those of all its keys.
func (s *Store) Ledger(key string, most int) (entries []LedgerEntry, err error) {
	err = s.read(func(c engine.Reader) error {
		chains, err := ledgersOf(c, key)
		for err == nil && len(entries) < most {
			slices.Sort(chains)
			latest := len(chains) - 1
			if chains[latest] == 0 {
				return nil
			}
			var e LedgerEntry
			if e, chains[latest], err = ledgerEntry(c, chains[latest]); err == nil {
				entries = append(entries, e)
			}
		}
		return err
	})
	return entries, err
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

func ledgerEntry(c engine.Querier, id int64) (e LedgerEntry, prev int64, err error) {
	r := c.Query(`SELECT prev, at, seq, act, reason, origin, until, attempt, rule, evidence, by, note, coalesce(p.hash, ''), batch, held_by
		FROM ledger l LEFT JOIN policies p ON p.id = l.policy WHERE l.id = ?`, id)
	if r.Next() {
		e = LedgerEntry{ID: id, Policy: r.Text(12), Batch: r.Int(13), Change: hygiene.Change{
			At: hygiene.Instant(r.Int(1)), Seq: r.Int(2), Act: hygiene.Act(r.Text(3)), Reason: r.Text(4), Origin: hygiene.ParseOrigin(r.Text(5)),
			Until: hygiene.Instant(r.Int(6)), Attempt: int(r.Int(7)), Rule: r.Text(8), By: r.Text(10), Note: r.Text(11), Held: r.Int(14)}}
		for text := range strings.SplitSeq(r.Text(9), ",") {
			if seq, err := strconv.ParseInt(text, 10, 64); err == nil {
				e.Evidence = append(e.Evidence, seq)
			}
		}
		prev = r.Int(0)
	}
	return e, prev, r.Close()
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
