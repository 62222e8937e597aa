package store

import (
	"context"

	"winnow/hygiene"
)

// Registration says whom a message was for. Contact is a key as
// [hygiene.KeyFormat] gives it.
type Registration struct {
	MessageID string
	Contact   string
	Phone     string // E.164; empty when not said
	SentAt    hygiene.Instant
}

// Registered is what registering messages did.
type Registered struct {
	New       int64    // messages that were not known
	Known     int64    // registered for the same contact before
	Conflicts []string // ids of messages registered for another contact before, which stands; the first 100
	Conflict  int64    // how many there are
	Stand     []int    // the places of all of them among the registrations
	Matched   int64    // events that found their contact
}

// Register keeps whom messages were for. The first registration of a message
// stands. Events that waited for it are judged by the next sweep. It is one
// transaction: give it a few thousand at a time.
func (s *Store) Register(_ context.Context, list []Registration) (Registered, error) {
	var did Registered
	err := s.writeAs(nil, func(p *pen) error {
		k := &card{}
		for i := range list {
			if err := p.register(k, &list[i], i, &did); err != nil {
				return err
			}
		}
		return nil
	})
	return did, err
}

func (p *pen) register(k *card, r *Registration, place int, did *Registered) error {
	known, err := p.c.text("SELECT contact FROM messages WHERE message_id = ?", r.MessageID)
	switch {
	case err != nil:
		return err
	case known == "":
		did.New++
	case known == r.Contact:
		did.Known++
	default:
		did.Conflict++
		did.Stand = append(did.Stand, place)
		if len(did.Conflicts) < 100 {
			did.Conflicts = append(did.Conflicts, r.MessageID)
		}
		return nil
	}
	if err := p.meet(k, r.Contact, r.Phone); err != nil || known != "" {
		return err
	}
	if err := p.c.exec("INSERT INTO messages (message_id, contact, sent_at) VALUES (?, ?, ?)", r.MessageID, r.Contact, int64(r.SentAt)); err != nil {
		return err
	}
	n, err := p.c.number("SELECT count(*) FROM unmatched WHERE message_id = ?", r.MessageID)
	if err != nil || n == 0 {
		return err
	}
	did.Matched += n
	if err := p.c.exec("INSERT INTO matched (seq, held) SELECT seq, held FROM unmatched WHERE message_id = ?", r.MessageID); err != nil {
		return err
	}
	return p.c.exec("DELETE FROM unmatched WHERE message_id = ?", r.MessageID)
}

// meet makes sure that there is a contact of that key, with that phone number.
func (p *pen) meet(k *card, key, phone string) error {
	if err := k.load(p.c, key); err != nil {
		return err
	}
	switch {
	case k.id == 0:
		k.Phone = phone
		return p.save(k, nil)
	case phone != "" && phone != k.Phone:
		k.Phone = phone
		return p.saveProfile(k)
	}
	return nil
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
