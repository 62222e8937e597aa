package store

import (
	"slices"
	"strconv"
	"strings"

	"winnow/hygiene"
)

// Contact finds a contact by its key, with the message of its retry.
func (s *Store) Contact(key string) (contact *hygiene.Contact, ok bool, err error) {
	k := &card{}
	err = s.read(func(c *conn) error {
		if err := k.load(c, key); err != nil {
			return err
		}
		return k.loadMessage(c)
	})
	return &k.Contact, k.id != 0, err
}

// LedgerEntry is a change as it was entered.
type LedgerEntry struct {
	hygiene.Change
	ID     int64
	Policy string // hash of the policy in force
	Batch  int64  // the act by hand that it was part of; 0 for none
}

// Ledger reads a contact's entries, the latest first, at most so many.
func (s *Store) Ledger(key string, most int) (entries []LedgerEntry, err error) {
	err = s.read(func(c *conn) error {
		id, err := c.number("SELECT ledger FROM contacts WHERE key = ?", key)
		for err == nil && id != 0 && len(entries) < most {
			var e LedgerEntry
			if e, id, err = ledgerEntry(c, id); err == nil {
				entries = append(entries, e)
			}
		}
		return err
	})
	return entries, err
}

func ledgerEntry(c *conn, id int64) (e LedgerEntry, prev int64, err error) {
	r := c.query(`SELECT prev, at, seq, act, reason, hand, until, attempt, rule, evidence, by, note, coalesce(p.hash, ''), batch, held
		FROM ledger l LEFT JOIN policies p ON p.id = l.policy WHERE l.id = ?`, id)
	if r.next() {
		e = LedgerEntry{ID: id, Policy: r.text(12), Batch: r.int(13), Change: hygiene.Change{
			At: hygiene.Instant(r.int(1)), Seq: r.int(2), Act: hygiene.Act(r.text(3)), Reason: r.text(4), Hand: hygiene.ParseHand(r.text(5)),
			Until: hygiene.Instant(r.int(6)), Attempt: int(r.int(7)), Rule: r.text(8), By: r.text(10), Note: r.text(11), Held: r.int(14)}}
		for text := range strings.SplitSeq(r.text(9), ",") {
			if seq, err := strconv.ParseInt(text, 10, 64); err == nil {
				e.Evidence = append(e.Evidence, seq)
			}
		}
		prev = r.int(0)
	}
	return e, prev, r.close()
}

// Timeline reads from the log the events that a contact's history keeps, in
// the order in which they happened, without their bodies.
func (s *Store) Timeline(contact *hygiene.Contact) (events []hygiene.Event, err error) {
	err = s.readLog(func(c *conn) error {
		for _, seq := range contact.History.Seqs() {
			e, ok, err := eventAlone(c, seq)
			if err != nil {
				return err
			}
			if ok {
				events = append(events, e)
			}
		}
		return nil
	})
	slices.SortFunc(events, func(a, b hygiene.Event) int {
		return a.Moment().Compare(b.Moment())
	})
	return events, err
}
