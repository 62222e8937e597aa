package postgres

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"winnow/store/engine"
)

// reader reads the contacts. It implements engine.Reader.
type reader struct{ *conn }

// keysAtOnce is how many keys one query looks up.
const keysAtOnce = 1000

// lookup runs a query for the keys, some at a time. Its one argument is the keys, its first
// column the key. found is called for each row, with the places of its key.
func (r *reader) lookup(sql string, keys []string, found func(places []int, a *rows) error) error {
	for from := 0; from < len(keys); from += keysAtOnce {
		some := keys[from:min(from+keysAtOnce, len(keys))]
		asked, places := make([]string, 0, len(some)), make(map[string][]int, len(some))
		for i, key := range some {
			if isText(key) { // else nothing has it
				asked = append(asked, key)
				places[key] = append(places[key], from+i)
			}
		}
		a := r.query(sql, asked)
		for a.Next() {
			if err := found(places[a.Text(0)], a); err != nil {
				a.Close()
				return err
			}
		}
		if err := a.Close(); err != nil {
			return err
		}
	}
	return nil
}

// isText reports whether PostgreSQL takes it for a text.
func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// FindContacts implements engine.Reader.
func (r *reader) FindContacts(keys []string, attributes bool, found func(place int, row *engine.Contact) error) error {
	sql := "SELECT key, id, phone, ledger, facts FROM contacts WHERE key = ANY($1)"
	if attributes {
		sql = "SELECT key, id, phone, ledger, facts, attributes FROM contacts WHERE key = ANY($1)"
	}
	rows, err := r.contacts(sql, keys)
	if err != nil {
		return err
	}
	for i := range rows {
		if rows[i].ID != 0 {
			if err := found(i, &rows[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// contacts are the contacts of the keys, in their order; those without an ID are not there.
func (r *reader) contacts(sql string, keys []string) ([]engine.Contact, error) {
	list := make([]engine.Contact, len(keys))
	err := r.lookup(sql, keys, func(places []int, a *rows) error {
		for _, i := range places {
			list[i] = engine.Contact{ID: a.Int(1), Key: keys[i], Phone: a.Text(2), Ledger: a.Int(3), Facts: a.Blob(4)}
			if len(a.raw) > 5 {
				list[i].Attributes = a.Blob(5)
			}
		}
		return nil
	})
	return list, err
}

// FindContactsByPhone implements engine.Reader.
func (r *reader) FindContactsByPhone(phones []string, found func(place int, row *engine.Contact) error) error {
	return r.lookup("SELECT phone, id, key, ledger, facts FROM contacts WHERE phone = ANY($1)", phones, func(places []int, a *rows) error {
		for _, i := range places {
			if err := found(i, &engine.Contact{ID: a.Int(1), Key: a.Text(2), Phone: phones[i], Ledger: a.Int(3), Facts: a.Blob(4)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// FindNames implements engine.Reader.
func (r *reader) FindNames(keys []string, found func(place int, contact string)) error {
	if some, err := r.number("SELECT EXISTS (SELECT 1 FROM names)"); err != nil || some == 0 {
		return err
	}
	names := make([]string, len(keys))
	err := r.lookup("SELECT key, contact FROM names WHERE key = ANY($1)", keys, func(places []int, a *rows) error {
		for _, i := range places {
			names[i] = a.Text(1)
		}
		return nil
	})
	for i, name := range names {
		if name != "" && err == nil {
			found(i, name)
		}
	}
	return err
}

// FindRetryMessages implements engine.Reader.
func (r *reader) FindRetryMessages(contacts []int64, found func(place int, m *engine.RetryMessage)) error {
	if len(contacts) == 0 {
		return nil
	}
	of := make(map[int64]*engine.RetryMessage, len(contacts))
	a := r.query("SELECT contact, message_id, unique_args FROM retry_messages WHERE contact = ANY($1)", contacts)
	for a.Next() {
		of[a.Int(0)] = &engine.RetryMessage{Contact: a.Int(0), MessageID: a.Text(1), UniqueArgs: a.Blob(2)}
	}
	err := a.Close()
	for i, id := range contacts {
		if m := of[id]; m != nil && err == nil {
			found(i, m)
		}
	}
	return err
}

// writer writes the contacts. It implements engine.Writer.
type writer struct {
	reader
	lastContact, lastEntry int64 // the greatest ids; 0 when they were not read yet

	beside                      bool // others write meanwhile
	spareContacts, spareEntries ids
}

// ids are reserved ids that were not given out yet.
type ids struct{ next, n int64 }

const (
	lastContact = "SELECT greatest((SELECT max(id) FROM contacts), (SELECT value FROM counters WHERE name = $1), 0)"
	lastEntry   = "SELECT coalesce(max(id), 0) FROM ledger"
)

// NewIDs implements engine.Writer. A transaction that is the only writer counts ids itself.
func (w *writer) NewIDs(contacts, entries int) (firstContact, firstEntry int64, err error) {
	if w.beside {
		return w.reservedIDs(contacts, entries)
	}
	if contacts > 0 && w.lastContact == 0 {
		if w.lastContact, err = w.number(lastContact, engine.LastContact); err != nil {
			return 0, 0, err
		}
	}
	if entries > 0 && w.lastEntry == 0 {
		if w.lastEntry, err = w.number(lastEntry); err != nil {
			return 0, 0, err
		}
	}
	firstContact, firstEntry = w.lastContact+1, w.lastEntry+1
	w.lastContact, w.lastEntry = w.lastContact+int64(contacts), w.lastEntry+int64(entries)
	return firstContact, firstEntry, nil
}

// idsAtOnce is how many ids are reserved together, since each time costs an exchange. What is
// left of them in the end is never given out.
const idsAtOnce = 2000

// reservedIDs are NewIDs of a transaction beside which others write.
func (w *writer) reservedIDs(contacts, entries int) (firstContact, firstEntry int64, err error) {
	if s := &w.spareContacts; s.n < int64(contacts) {
		s.n = max(int64(contacts), idsAtOnce)
		if s.next, err = w.number("SELECT winnow_ids('contact_ids', ("+lastContact+"), $2)", engine.LastContact, s.n); err != nil {
			return 0, 0, err
		}
	}
	if s := &w.spareEntries; s.n < int64(entries) {
		s.n = max(int64(entries), idsAtOnce)
		if s.next, err = w.number("SELECT winnow_ids('ledger_ids', ("+lastEntry+"), $1)", s.n); err != nil {
			return 0, 0, err
		}
	}
	return w.spareContacts.take(contacts), w.spareEntries.take(entries), nil
}

// take takes the next n.
func (s *ids) take(n int) (first int64) {
	first = s.next
	s.next, s.n = s.next+int64(n), s.n-int64(n)
	return first
}

// InsertContacts implements engine.Writer.
func (w *writer) InsertContacts(list []*engine.Contact) error {
	if len(list) == 0 {
		return nil
	}
	ids, ledgers, keys, phones := make([]int64, len(list)), make([]int64, len(list)), make([]string, len(list)), make([]*string, len(list))
	attributes, facts := make([][]byte, len(list)), make([][]byte, len(list))
	for i, row := range list {
		ids[i], ledgers[i], keys[i], attributes[i], facts[i] = row.ID, row.Ledger, row.Key, row.Attributes, row.Facts
		if row.Phone != "" {
			phones[i] = &row.Phone
		}
	}
	return w.sent("INSERT INTO contacts (id, key, phone, attributes, ledger, facts) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::bytea[])",
		ids, keys, phones, attributes, ledgers, facts)
}

// sent runs a statement whose arguments its caller will use again.
func (w *writer) sent(sql string, args ...any) error {
	if err := w.exec(sql, args...); err != nil {
		return err
	}
	return w.flush()
}

// UpdateContacts implements engine.Writer.
func (w *writer) UpdateContacts(list []*engine.Contact) error {
	if len(list) == 0 {
		return nil
	}
	ids, ledgers, facts := make([]int64, len(list)), make([]int64, len(list)), make([][]byte, len(list))
	for i, row := range list {
		ids[i], ledgers[i], facts[i] = row.ID, row.Ledger, row.Facts
	}
	return w.sent("UPDATE contacts SET ledger = u.ledger, facts = u.facts FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS u(id, ledger, facts) WHERE contacts.id = u.id",
		ids, ledgers, facts)
}

// AppendLedger implements engine.Writer.
func (w *writer) AppendLedger(entries []engine.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	n := len(entries)
	var numbers [10][]int64 // id, contact, prev, at, seq, until, attempt, policy, batch, held_by
	var texts [7][]string   // act, reason, origin, rule, evidence, by, note
	for i := range numbers {
		numbers[i] = make([]int64, n)
	}
	for i := range texts {
		texts[i] = make([]string, n)
	}
	for i := range entries {
		e, ch := &entries[i], entries[i].Change
		for column, value := range [...]int64{e.ID, e.Contact, e.Prev, int64(ch.At), ch.Seq, int64(ch.Until), int64(ch.Attempt), e.Policy, e.Batch, ch.Held} {
			numbers[column][i] = value
		}
		for column, value := range [...]string{string(ch.Act), ch.Reason, ch.Origin.String(), ch.Rule, evidenceText(ch.Evidence), ch.By, ch.Note} {
			texts[column][i] = value
		}
	}
	if err := w.exec(`INSERT INTO ledger (id, contact, prev, at, seq, until, attempt, policy, batch, held_by, act, reason, origin, rule, evidence, by, note)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[],
			$11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[])`,
		numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7], numbers[8], numbers[9],
		texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6]); err != nil {
		return fmt.Errorf("append to the ledger: %w", err)
	}
	return nil
}

func evidenceText(seqs []int64) string {
	var text []byte
	for n, seq := range seqs {
		if n > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, seq, 10)
	}
	return string(text)
}

// SaveRetryMessages implements engine.Writer.
func (w *writer) SaveRetryMessages(list []engine.RetryMessage) error {
	for i := range list {
		m := &list[i]
		if err := w.exec(`INSERT INTO retry_messages (contact, message_id, unique_args) VALUES ($1, $2, $3)
			ON CONFLICT (contact) DO UPDATE SET message_id = excluded.message_id, unique_args = excluded.unique_args`,
			m.Contact, m.MessageID, append([]byte(nil), m.UniqueArgs...)); err != nil {
			return err
		}
	}
	return nil
}

// DeleteRetryMessages implements engine.Writer.
func (w *writer) DeleteRetryMessages(contacts []int64) error {
	if len(contacts) == 0 {
		return nil
	}
	return w.exec("DELETE FROM retry_messages WHERE contact = ANY($1)", contacts)
}
