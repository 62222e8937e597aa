package sqlite

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"winnow/store/engine"
)

// reader reads the contacts. It implements engine.Reader.
type reader struct{ querier }

// FindContacts implements engine.Reader.
func (r *reader) FindContacts(keys []string, attributes bool, found func(place int, row *engine.Contact) error) error {
	if len(keys) <= findSingly {
		return r.findEach(keys, found)
	}
	sql := findByKeys
	if attributes {
		sql = findByKeysWithAttributes
	}
	return r.findTogether(sql, keys, found)
}

// FindContactsByPhone implements engine.Reader.
func (r *reader) FindContactsByPhone(phones []string, found func(place int, row *engine.Contact) error) error {
	if len(phones) <= findSingly {
		return r.findEachPhone(phones, found)
	}
	return r.findTogether(findByPhones, phones, found)
}

const (
	// findKeys is how many keys one statement looks up: keys that no contact has then
	// cost no call into C.
	findKeys = 256
	// findSingly is up to how many keys are looked up one by one.
	findSingly = 8
)

var (
	findByKeys               = findStatement(contactFound, "contacts c ON c.key = asked.key ORDER BY asked.place")
	findByKeysWithAttributes = findStatement(contactFound+", c.attributes", "contacts c ON c.key = asked.key ORDER BY asked.place")
	// The index is named because SQLite, which can't know that no number asked for is
	// NULL, would not use one that leaves NULL out.
	findByPhones = findStatement(contactFound+", NULL, c.key", "contacts c INDEXED BY contacts_by_phone ON c.phone = asked.key")
	findByNames  = findStatement("n.contact", "names n ON n.key = asked.key ORDER BY asked.place")
)

// contactFound are the columns of a contact that are always read. The attributes and
// the key follow where they are wanted.
const contactFound = "c.id, c.phone, c.ledger, c.facts"

// findStatement joins findKeys keys with a table. The first column is the place.
// CROSS JOIN makes SQLite go through the keys, not the table.
func findStatement(columns, table string) string {
	var b strings.Builder
	b.WriteString("WITH asked (place, key) AS (VALUES (0, ?)")
	for i := 1; i < findKeys; i++ {
		fmt.Fprintf(&b, ", (%d, ?)", i)
	}
	return b.String() + ") SELECT asked.place, " + columns + " FROM asked CROSS JOIN " + table
}

func (r *reader) findTogether(sql string, keys []string, found func(place int, row *engine.Contact) error) error {
	var row engine.Contact
	return r.findAsked(sql, keys, func(place int, a *rows) error {
		row = engine.Contact{ID: a.Int(1), Key: keys[place], Phone: a.Text(2), Ledger: a.Int(3), Facts: a.Blob(4)}
		if len(a.dest) > 5 {
			row.Attributes = a.Blob(5)
		}
		if len(a.dest) > 6 {
			row.Key = a.Text(6)
		}
		return found(place, &row)
	})
}

// findAsked runs a statement of findStatement for the keys.
func (r *reader) findAsked(sql string, keys []string, found func(place int, a *rows) error) (err error) {
	args := make([]any, findKeys)
	for from := 0; err == nil && from < len(keys); from += findKeys {
		clear(args)
		for i, key := range keys[from:min(from+findKeys, len(keys))] {
			args[i] = key
		}
		a := r.c.query(sql, args...)
		for err == nil && a.Next() {
			err = found(from+int(a.Int(0)), a)
		}
		err = errors.Join(err, a.Close())
	}
	return err
}

func (r *reader) findEach(keys []string, found func(place int, row *engine.Contact) error) error {
	var row engine.Contact
	for i, key := range keys {
		a := r.c.query("SELECT id, phone, ledger, facts, attributes FROM contacts WHERE key = ?", key)
		ok := a.Next()
		if ok {
			row = engine.Contact{ID: a.Int(0), Key: key, Phone: a.Text(1), Ledger: a.Int(2), Facts: a.Blob(3), Attributes: a.Blob(4)}
		}
		if err := a.Close(); err != nil {
			return err
		}
		if ok {
			if err := found(i, &row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reader) findEachPhone(phones []string, found func(place int, row *engine.Contact) error) error {
	for i, phone := range phones {
		a := r.c.query("SELECT id, key, ledger, facts FROM contacts INDEXED BY contacts_by_phone WHERE phone = ?", phone)
		var err error
		for err == nil && a.Next() {
			err = found(i, &engine.Contact{ID: a.Int(0), Key: a.Text(1), Phone: phone, Ledger: a.Int(2), Facts: a.Blob(3)})
		}
		if err = errors.Join(err, a.Close()); err != nil {
			return err
		}
	}
	return nil
}

// FindNames implements engine.Reader.
func (r *reader) FindNames(keys []string, found func(place int, contact string)) error {
	if some, err := r.c.number("SELECT EXISTS (SELECT 1 FROM names)"); err != nil || some == 0 {
		return err
	}
	if len(keys) > findSingly {
		return r.findAsked(findByNames, keys, func(place int, a *rows) error {
			found(place, a.Text(1))
			return nil
		})
	}
	for i, key := range keys {
		a := r.c.query("SELECT contact FROM names WHERE key = ?", key)
		if a.Next() {
			found(i, a.Text(0))
		}
		if err := a.Close(); err != nil {
			return err
		}
	}
	return nil
}

// FindRetryMessages implements engine.Reader.
func (r *reader) FindRetryMessages(contacts []int64, found func(place int, m *engine.RetryMessage)) error {
	for i, id := range contacts {
		a := r.c.query("SELECT message_id, unique_args FROM retry_messages WHERE contact = ?", id)
		if a.Next() {
			found(i, &engine.RetryMessage{Contact: id, MessageID: a.Text(0), UniqueArgs: a.Blob(1)})
		}
		if err := a.Close(); err != nil {
			return err
		}
	}
	return nil
}

// writer writes the contacts. It implements engine.Writer.
type writer struct {
	reader
	lastContact, lastEntry int64 // the greatest ids; 0 when they were not read yet
}

// NewIDs implements engine.Writer. Each transaction is the only writer, so ids
// are counted here.
func (w *writer) NewIDs(contacts, entries int) (firstContact, firstEntry int64, err error) {
	if contacts > 0 && w.lastContact == 0 {
		if w.lastContact, err = w.c.number("SELECT max(coalesce((SELECT max(id) FROM contacts), 0), coalesce((SELECT value FROM counters WHERE name = ?), 0))", engine.LastContact); err != nil {
			return 0, 0, err
		}
	}
	if entries > 0 && w.lastEntry == 0 {
		if w.lastEntry, err = w.c.number("SELECT max(id) FROM ledger"); err != nil {
			return 0, 0, err
		}
	}
	firstContact, firstEntry = w.lastContact+1, w.lastEntry+1
	w.lastContact, w.lastEntry = w.lastContact+int64(contacts), w.lastEntry+int64(entries)
	return firstContact, firstEntry, nil
}

// InsertContacts implements engine.Writer.
func (w *writer) InsertContacts(list []*engine.Contact) error {
	for _, row := range list {
		if err := w.c.exec("INSERT INTO contacts (id, key, phone, attributes, ledger, facts) VALUES (?, ?, ?, ?, ?, ?)",
			row.ID, row.Key, textOrNull(row.Phone), blobOrNull(row.Attributes), row.Ledger, row.Facts); err != nil {
			return err
		}
	}
	return nil
}

// UpdateContacts implements engine.Writer.
func (w *writer) UpdateContacts(list []*engine.Contact) error {
	for _, row := range list {
		if err := w.c.exec("UPDATE contacts SET ledger = ?, facts = ? WHERE id = ?", row.Ledger, row.Facts, row.ID); err != nil {
			return err
		}
	}
	return nil
}

// AppendLedger implements engine.Writer.
func (w *writer) AppendLedger(entries []engine.Entry) error {
	var evidence []byte
	for i := range entries {
		e, ch := &entries[i], entries[i].Change
		evidence = evidence[:0]
		for n, seq := range ch.Evidence {
			if n > 0 {
				evidence = append(evidence, ',')
			}
			evidence = strconv.AppendInt(evidence, seq, 10)
		}
		if err := w.c.exec(`INSERT INTO ledger (id, contact, prev, at, seq, act, reason, origin, until, attempt, rule, policy, evidence, by, note, batch, held_by)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			e.ID, e.Contact, e.Prev, int64(ch.At), ch.Seq, string(ch.Act), ch.Reason, ch.Origin.String(), int64(ch.Until), ch.Attempt,
			ch.Rule, e.Policy, string(evidence), ch.By, ch.Note, e.Batch, ch.Held); err != nil {
			return fmt.Errorf("append to the ledger: %w", err)
		}
	}
	return nil
}

// SaveRetryMessages implements engine.Writer.
func (w *writer) SaveRetryMessages(list []engine.RetryMessage) error {
	for i := range list {
		m := &list[i]
		if err := w.c.exec(`INSERT INTO retry_messages (contact, message_id, unique_args) VALUES (?, ?, ?)
			ON CONFLICT (contact) DO UPDATE SET message_id = excluded.message_id, unique_args = excluded.unique_args`,
			m.Contact, m.MessageID, blobOrNull(m.UniqueArgs)); err != nil {
			return err
		}
	}
	return nil
}

// DeleteRetryMessages implements engine.Writer.
func (w *writer) DeleteRetryMessages(contacts []int64) error {
	for _, id := range contacts {
		if err := w.c.exec("DELETE FROM retry_messages WHERE contact = ?", id); err != nil {
			return err
		}
	}
	return nil
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func blobOrNull(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}
