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

// Quarantined is one body in quarantine.
type Quarantined struct {
	ID int64
	hygiene.Unreadable
}

// Quarantine reads what is in quarantine, the latest first, at most so many.
func (s *Store) Quarantine(most int) (list []Quarantined, err error) {
	err = s.readLog(func(c *conn) error {
		r := c.query("SELECT id, received_at, source, why, body FROM quarantine ORDER BY id DESC LIMIT ?", most)
		for r.next() {
			list = append(list, Quarantined{r.int(0), hygiene.Unreadable{ReceivedAt: hygiene.Instant(r.int(1)), Source: r.text(2), Why: r.text(3), Body: r.blob(4)}})
		}
		return r.close()
	})
	return list, err
}

// Unmatched visits the events whose contact is not known yet, by message id.
func (s *Store) Unmatched(most int, visit func(hygiene.Event) error) error {
	var seqs []int64
	err := s.read(func(c *conn) error {
		r := c.query("SELECT seq FROM unmatched ORDER BY message_id, seq LIMIT ?", most)
		for r.next() {
			seqs = append(seqs, r.int(0))
		}
		return r.close()
	})
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		e, ok, err := s.Event(seq)
		if err == nil && ok {
			err = visit(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Message tells what is known of a message by its id: the contact that it was
// registered for, empty for none, and how many of its events are unmatched.
func (s *Store) Message(id string) (contact string, unmatched int64, err error) {
	err = s.read(func(c *conn) error {
		if contact, err = c.text("SELECT contact FROM messages WHERE message_id = ?", id); err != nil {
			return err
		}
		unmatched, err = c.number("SELECT count(*) FROM unmatched WHERE message_id = ?", id)
		return err
	})
	return contact, unmatched, err
}
