package erasure

import (
	"slices"

	"winnow/store/engine"
)

// messageStep is how many messages of the send log are looked at in one transaction, and
// namesAtOnce how many names one statement compares them with.
const (
	messageStep = 20_000
	namesAtOnce = 200
)

// Place is a place in the send log, after which to go on.
type Place struct {
	engine.MessageKey
	Unsourced bool // in the messages of versions that did not tell sources apart
	Done      bool
}

// Sent are messages that were for a person who is being forgotten.
type Sent struct {
	Key   string // the contact's; empty where the send log has only the number
	Phone string
	engine.MessageKey
}

// ScanMessages finds the messages after the place that were for one of them, by contact, or
// by number where no contact is known. It looks at a step of them, and returns where that
// ends.
func ScanMessages(c engine.Querier, n *Names, after Place) (found []Sent, next Place, err error) {
	if after.Unsourced {
		return scanUnsourced(c, n, after)
	}
	next, err = endOfStep(c, after, `SELECT source, message_id FROM messages WHERE (source, message_id) > (?, ?) ORDER BY source, message_id LIMIT 1 OFFSET ?`)
	if err != nil {
		return nil, next, err
	}
	for _, by := range []struct {
		names []string
		where string
	}{{n.Keys(), "contact IN "}, {n.Phones(), "contact = '' AND phone IN "}} {
		for names := range slices.Chunk(by.names, namesAtOnce) {
			sql := "SELECT contact, phone, source, message_id FROM messages WHERE (source, message_id) > (?, ?)"
			args := []any{after.Source, after.ID}
			if !next.Unsourced {
				sql += " AND (source, message_id) <= (?, ?)"
				args = append(args, next.Source, next.ID)
			}
			for _, name := range names {
				args = append(args, name)
			}
			r := c.Query(sql+" AND "+by.where+"("+placeholders(len(names))+")", args...)
			for r.Next() {
				found = append(found, Sent{r.Text(0), r.Text(1), engine.MessageKey{Source: r.Text(2), ID: r.Text(3)}})
			}
			if err := r.Close(); err != nil {
				return nil, next, err
			}
		}
	}
	return found, next, nil
}

// endOfStep is the last message of a step that begins after the place. After the last of
// all come those without a source.
func endOfStep(c engine.Querier, after Place, sql string) (next Place, err error) {
	r := c.Query(sql, after.Source, after.ID, messageStep)
	if next = (Place{Unsourced: true}); r.Next() {
		next = Place{MessageKey: engine.MessageKey{Source: r.Text(0), ID: r.Text(1)}}
	}
	return next, r.Close()
}

func scanUnsourced(c engine.Querier, n *Names, after Place) (found []Sent, next Place, err error) {
	next = Place{Unsourced: true, Done: true}
	r := c.Query("SELECT message_id FROM unsourced_messages WHERE message_id > ? ORDER BY message_id LIMIT 1 OFFSET ?", after.ID, messageStep)
	if r.Next() {
		next.ID, next.Done = r.Text(0), false
	}
	if err := r.Close(); err != nil {
		return nil, next, err
	}
	owner, err := c.Text("SELECT source FROM unsourced_owner")
	if err != nil {
		return nil, next, err
	}
	for names := range slices.Chunk(n.Keys(), namesAtOnce) {
		sql, args := "SELECT contact, message_id FROM unsourced_messages WHERE message_id > ?", []any{after.ID}
		if !next.Done {
			sql, args = sql+" AND message_id <= ?", append(args, next.ID)
		}
		for _, name := range names {
			args = append(args, name)
		}
		r := c.Query(sql+" AND contact IN ("+placeholders(len(names))+")", args...)
		for r.Next() {
			found = append(found, Sent{Key: r.Text(0), MessageKey: engine.MessageKey{Source: owner, ID: r.Text(1)}})
		}
		if err := r.Close(); err != nil {
			return nil, next, err
		}
	}
	return found, next, nil
}

// DeleteMessages deletes messages from the send log.
func DeleteMessages(w engine.Writer, list []Sent) error {
	for i := range list {
		m := &list[i]
		if err := w.Exec("DELETE FROM messages WHERE source = ? AND message_id = ?", m.Source, m.ID); err != nil {
			return err
		}
		if err := w.Exec("DELETE FROM unsourced_messages WHERE message_id = ? AND contact = ?", m.ID, m.Key); err != nil {
			return err
		}
	}
	return nil
}
