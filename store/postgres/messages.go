package postgres

import (
	"cmp"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/store/engine"
)

// FindMessages implements engine.Reader.
func (r *reader) FindMessages(keys []engine.MessageKey, found func(place int, m *engine.Message)) error {
	var sourced, unsourced bool
	var owner string
	a := r.query("SELECT EXISTS (SELECT 1 FROM messages), EXISTS (SELECT 1 FROM unsourced_messages), (SELECT source FROM unsourced_owner)")
	if a.Next() {
		sourced, unsourced, owner = a.Int(0) != 0, a.Int(1) != 0, a.Text(2)
	}
	if err := a.Close(); err != nil || !sourced && !unsourced {
		return err
	}
	for from := 0; from < len(keys); {
		to := from + 1
		for to < len(keys) && to < from+keysAtOnce && keys[to].Source == keys[from].Source {
			to++
		}
		list, err := r.messages(keys[from:to], sourced, unsourced && (owner == "" || owner == keys[from].Source), owner == "")
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].found {
				found(from+i, &list[i].Message)
			}
		}
		from = to
	}
	return nil
}

type foundMessage struct {
	engine.Message
	found bool
}

// messages finds the messages of the keys, which are of one source and sorted.
func (r *reader) messages(keys []engine.MessageKey, sourced, unsourced, ownerless bool) ([]foundMessage, error) {
	list, ids := make([]foundMessage, len(keys)), make([]string, len(keys))
	for i := range keys {
		ids[i] = keys[i].ID
	}
	asked := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !isText(id) })
	each := func(a *rows, add func(to *foundMessage, m engine.Message)) error {
		for a.Next() {
			if i, ok := slices.BinarySearchFunc(ids, a.Text(0), strings.Compare); ok {
				add(&list[i], engine.Message{Contact: a.Text(1), Phone: a.Text(2), SentAt: hygiene.Instant(a.Int(3))})
			}
		}
		return a.Close()
	}
	if sourced {
		a := r.query("SELECT message_id, contact, phone, sent_at FROM messages WHERE source = $1 AND message_id = ANY($2)", keys[0].Source, asked)
		if err := each(a, func(to *foundMessage, m engine.Message) { to.Message, to.found = m, true }); err != nil {
			return nil, err
		}
	}
	if !unsourced {
		return list, nil
	}
	a := r.query("SELECT message_id, contact, '', sent_at FROM unsourced_messages WHERE message_id = ANY($1)", asked)
	return list, each(a, func(to *foundMessage, m engine.Message) {
		to.found = true
		to.SentAt = cmp.Or(to.SentAt, m.SentAt)
		if to.Contact == "" {
			to.Contact, to.Unsourced = m.Contact, ownerless
		}
	})
}
