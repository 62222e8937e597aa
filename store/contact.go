package store

import (
	"fmt"
	"strconv"

	"winnow/hygiene"
	"winnow/hygiene/provider"
)

// card is a contact as it lies in the roster, and as it now stands.
type card struct {
	hygiene.Contact
	id     int64          // 0: not stored yet
	ledger int64          // id of its latest ledger entry
	retry  int64          // seq of the bounce whose message is stored in retries, 0 for none
	facts  []byte         // as stored
	attrs  []byte         // as stored
	turns  []hygiene.Turn // as stored

	packed []byte         // the facts as they now stand
	coming []hygiene.Turn // the turns as they now stand
}

const cardColumns = "id, key, phone, attributes, ledger, facts"

// load reads the contact of that key into k, or empties k for a new one.
func (k *card) load(c *conn, key string) error {
	if err := k.fetch(c, key); err != nil {
		return err
	}
	return k.unpack()
}

// fetch is the part of load that asks SQLite.
func (k *card) fetch(c *conn, key string) error {
	r := c.query("SELECT "+cardColumns+" FROM contacts WHERE key = ?", key)
	k.reset(key)
	if r.next() {
		k.take(r)
	}
	return r.close()
}

func (k *card) reset(key string) {
	k.Reset(key)
	k.id, k.ledger, k.retry, k.facts, k.attrs, k.turns = 0, 0, 0, nil, nil, nil
}

// take takes a row of cardColumns as it is.
func (k *card) take(r *rows) {
	k.id, k.Key, k.Phone, k.attrs, k.ledger, k.facts = r.int(0), r.text(1), r.text(2), r.blob(3), r.int(4), r.blob(5)
}

// unpack is the part of load that needs no SQLite. The retry's message is read
// by loadMessage.
func (k *card) unpack() error {
	if k.id == 0 {
		return nil
	}
	if err := k.Unpack(k.facts); err != nil {
		return fmt.Errorf("read contact %d of the roster: %w", k.id, err)
	}
	k.turns = k.Turns()
	if k.Retry != nil {
		k.retry = k.Retry.Since.Seq
	}
	if k.attrs == nil {
		return nil
	}
	var err error
	if k.Attributes, err = hygiene.UnpackAttributes(k.attrs); err != nil {
		return fmt.Errorf("read attributes of contact %d of the roster: %w", k.id, err)
	}
	return nil
}

// scan reads a row of cardColumns.
func (k *card) scan(r *rows) error {
	k.reset("")
	k.take(r)
	return k.unpack()
}

// pack makes ready what of the contact is written.
func (k *card) pack() {
	k.packed = k.Pack(k.packed[:0])
	k.coming = k.Turns()
}

// loadMessage reads the message of the contact's retry.
func (k *card) loadMessage(c *conn) error {
	if k.Retry == nil {
		return nil
	}
	r := c.query("SELECT message_id, unique_args FROM retries WHERE contact = ?", k.id)
	if r.next() {
		k.Retry.MessageID, k.Retry.UniqueArgs = r.text(0), r.blob(1)
	}
	return r.close()
}

// pen writes to the roster within one transaction, under one policy.
type pen struct {
	c      *conn
	policy int64 // policies.id
	batch  int64 // batches.id of what is done by hand; 0 for none
	tally  tally
	recall func(seq int64) (hygiene.Event, bool, error) // finds an event that was stored
	// The ids given last, counted here as each transaction is the only writer.
	lastContact, lastEntry int64
}

// writeAs runs do with a pen in one transaction on the roster, under the policy.
func (s *Store) writeAs(policy *hygiene.Policy, do func(p *pen) error) error {
	return s.write(func(c *conn) (err error) {
		p := &pen{c: c, tally: tally{}, recall: s.Event}
		if p.policy, err = policyID(c, policy); err != nil {
			return err
		}
		if p.lastContact, err = c.number("SELECT max(id) FROM contacts"); err != nil {
			return err
		}
		if p.lastEntry, err = c.number("SELECT max(id) FROM ledger"); err != nil {
			return err
		}
		if err := do(p); err != nil {
			return err
		}
		return p.tally.save(c)
	})
}

// save writes a contact and what changed about it.
func (p *pen) save(k *card, changes []hygiene.Change) error {
	k.pack()
	return p.write(k, changes)
}

// write writes a contact that is packed. It is the one writer of contacts,
// retries and the ledger.
func (p *pen) write(k *card, changes []hygiene.Change) error {
	fresh := k.id == 0
	if fresh {
		p.lastContact++
		k.id = p.lastContact
	}
	for i := range changes {
		if err := p.enter(k, &changes[i]); err != nil {
			return err
		}
	}
	p.tally.move(k.turns, k.coming)
	k.turns = k.coming
	if err := p.saveFacts(k, fresh); err != nil {
		return err
	}
	return p.saveMessage(k)
}

func (p *pen) saveFacts(k *card, fresh bool) error {
	if !fresh {
		return p.c.exec("UPDATE contacts SET ledger = ?, facts = ? WHERE id = ?", k.ledger, k.packed, k.id)
	}
	return p.c.exec("INSERT INTO contacts (id, key, phone, attributes, ledger, facts) VALUES (?, ?, ?, ?, ?, ?)",
		k.id, k.Key, textOrNull(k.Phone), packedAttributes(k.Attributes), k.ledger, k.packed)
}

// saveProfile writes what imports and registrations say of a stored contact.
func (p *pen) saveProfile(k *card) error {
	return p.c.exec("UPDATE contacts SET phone = ?, attributes = ? WHERE id = ?", textOrNull(k.Phone), packedAttributes(k.Attributes), k.id)
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func packedAttributes(a hygiene.Attributes) any {
	if len(a) == 0 {
		return nil
	}
	return a.Pack(nil)
}

// enter adds an entry to the contact's ledger.
func (p *pen) enter(k *card, ch *hygiene.Change) error {
	var evidence []byte
	for i, seq := range ch.Evidence {
		if i > 0 {
			evidence = append(evidence, ',')
		}
		evidence = strconv.AppendInt(evidence, seq, 10)
	}
	p.lastEntry++
	if err := p.c.exec(`INSERT INTO ledger (id, contact, prev, at, seq, act, reason, hand, until, attempt, rule, policy, evidence, by, note, batch, held)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.lastEntry, k.id, k.ledger, int64(ch.At), ch.Seq, string(ch.Act), ch.Reason, ch.Hand.String(), int64(ch.Until), ch.Attempt,
		ch.Rule, p.policy, string(evidence), ch.By, ch.Note, p.batch, ch.Held); err != nil {
		return fmt.Errorf("enter in the ledger: %w", err)
	}
	k.ledger = p.lastEntry
	return nil
}

// saveMessage keeps the message of the retry's bounce while there is a retry.
func (p *pen) saveMessage(k *card) error {
	if k.Retry != nil && k.Retry.Since.Seq == k.retry {
		return nil
	}
	stored := k.retry != 0
	k.retry = 0
	if k.Retry != nil {
		e, ok, err := p.recall(k.Retry.Since.Seq)
		if err != nil {
			return err
		}
		if ok {
			k.retry = e.Seq
			return p.putMessage(k, &e)
		}
	}
	if stored {
		return p.c.exec("DELETE FROM retries WHERE contact = ?", k.id)
	}
	return nil
}

func (p *pen) putMessage(k *card, e *hygiene.Event) error {
	var args any
	if object := provider.UniqueArgs(e.Body); object != nil {
		args = object
	}
	return p.c.exec(`INSERT INTO retries (contact, message_id, unique_args) VALUES (?, ?, ?)
		ON CONFLICT (contact) DO UPDATE SET message_id = excluded.message_id, unique_args = excluded.unique_args`, k.id, e.MessageID, args)
}
