package sqlite

import (
	"cmp"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/store/engine"
)

// FindMessages implements engine.Reader. A sweep looks up each of its events, so it is a
// few large statements, and none where the send log is empty.
func (r *reader) FindMessages(keys []engine.MessageKey, found func(place int, m *engine.Message)) error {
	log, err := r.sendLog()
	if err != nil || !log.sourced && !log.unsourced {
		return err
	}
	for from := 0; from < len(keys); {
		source, to := keys[from].Source, from+1
		for to < len(keys) && keys[to].Source == source {
			to++
		}
		for _, s := range findMessages {
			for ; from+s.messages <= to; from += s.messages {
				var messages [maxFindMessages]foundMessage
				if err := r.findMessages(&s, &log, keys[from:from+s.messages], messages[:s.messages]); err != nil {
					return err
				}
				for i := range messages[:s.messages] {
					if m := &messages[i]; m.found {
						found(from+i, &m.Message)
					}
				}
			}
		}
	}
	return nil
}

type foundMessage struct {
	engine.Message
	found bool
}

// sendLogState says which parts of the send log have anything.
type sendLogState struct {
	sourced   bool
	unsourced bool
	owner     string // the source of the unsourced part; "" when not known
}

// countsFor reports whether the unsourced part of the send log counts for the source.
func (l *sendLogState) countsFor(source string) bool {
	return l.unsourced && (l.owner == "" || l.owner == source)
}

func (r *reader) sendLog() (state sendLogState, err error) {
	a := r.c.query("SELECT EXISTS (SELECT 1 FROM messages), EXISTS (SELECT 1 FROM unsourced_messages), (SELECT source FROM unsourced_owner)")
	if a.Next() {
		state = sendLogState{a.Int(0) != 0, a.Int(1) != 0, a.Text(2)}
	}
	return state, a.Close()
}

// maxFindMessages is how many messages one statement looks up at most.
const maxFindMessages = 256

// messageStatement looks up so many messages of one source.
type messageStatement struct {
	messages           int
	sourced, unsourced string
}

// findMessages are the statements, the one for most messages first. Binding and stepping
// through a list costs less than half of as many statements.
var findMessages = func() (list []messageStatement) {
	for _, n := range []int{maxFindMessages, 16, 1} {
		in := "message_id IN (?" + strings.Repeat(", ?", n-1) + ")"
		list = append(list, messageStatement{n, "SELECT message_id, contact, phone, sent_at FROM messages WHERE source = ? AND " + in,
			"SELECT message_id, contact, '', sent_at FROM unsourced_messages WHERE ? IS NOT NULL AND " + in})
	}
	return list
}()

// findMessages finds the messages of the keys, which are of one source.
func (r *reader) findMessages(s *messageStatement, log *sendLogState, keys []engine.MessageKey, messages []foundMessage) error {
	args := make([]any, 0, len(keys)+1)
	args = append(args, keys[0].Source)
	for _, key := range keys {
		args = append(args, key.ID)
	}
	each := func(sql string, add func(to *foundMessage, m engine.Message)) error {
		a := r.c.query(sql, args...)
		for a.Next() {
			id := a.Text(0)
			i, _ := slices.BinarySearchFunc(keys, id, func(k engine.MessageKey, id string) int { return strings.Compare(k.ID, id) })
			add(&messages[i], engine.Message{Contact: a.Text(1), Phone: a.Text(2), SentAt: hygiene.Instant(a.Int(3))})
		}
		return a.Close()
	}
	if log.sourced {
		err := each(s.sourced, func(to *foundMessage, m engine.Message) { to.Message, to.found = m, true })
		if err != nil {
			return err
		}
	}
	if !log.countsFor(keys[0].Source) {
		return nil
	}
	return each(s.unsourced, func(to *foundMessage, m engine.Message) {
		to.found = true
		to.SentAt = cmp.Or(to.SentAt, m.SentAt)
		if to.Contact == "" {
			to.Contact, to.Unsourced = m.Contact, log.owner == ""
		}
	})
}
