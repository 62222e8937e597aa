package sqlite

import (
	"fmt"
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
		statements := &findMessages
		if log.countsFor(source) {
			statements = &findMessagesOfAny
		}
		for _, s := range statements {
			for ; from+s.messages <= to; from += s.messages {
				if err := r.findMessages(s.sql, log.owner == "", keys[from:from+s.messages], func(i int, m *engine.Message) { found(from+i, m) }); err != nil {
					return err
				}
			}
		}
	}
	return nil
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

// findStatements look up so many messages of one source each, the most first.
type findStatements [3]struct {
	messages int
	sql      string
}

var findMessages, findMessagesOfAny = findStatementsOf(findSourced), findStatementsOf(findOfAny)

func findStatementsOf(sql func(asked string) string) (s findStatements) {
	for i, n := range []int{256, 16, 1} {
		s[i].messages = n
		s[i].sql = sql("WITH asked (place, id) AS (VALUES (0, ?)" + func() string {
			var b strings.Builder
			for place := 1; place < n; place++ {
				fmt.Fprintf(&b, ", (%d, ?)", place)
			}
			return b.String()
		}() + ")")
	}
	return s
}

// findSourced looks only at messages. CROSS JOIN makes SQLite go through the ids asked for.
func findSourced(asked string) string {
	return asked + ` SELECT asked.place, m.contact, m.phone, m.sent_at, 0 FROM asked
		CROSS JOIN messages m ON m.source = ? AND m.message_id = asked.id`
}

// findOfAny also looks at what has no source.
func findOfAny(asked string) string {
	return asked + ` SELECT asked.place, coalesce(nullif(m.contact, ''), u.contact, ''), coalesce(m.phone, ''),
			coalesce(nullif(m.sent_at, 0), u.sent_at, 0), coalesce(m.contact, '') = '' FROM asked
		LEFT JOIN messages m ON m.source = ? AND m.message_id = asked.id
		LEFT JOIN unsourced_messages u ON u.message_id = asked.id
		WHERE m.message_id IS NOT NULL OR u.message_id IS NOT NULL`
}

func (r *reader) findMessages(sql string, ownerless bool, keys []engine.MessageKey, found func(place int, m *engine.Message)) error {
	args := make([]any, 0, len(keys)+1)
	for _, key := range keys {
		args = append(args, key.ID)
	}
	var m engine.Message
	a := r.c.query(sql, append(args, keys[0].Source)...)
	for a.Next() {
		m = engine.Message{Contact: a.Text(1), Phone: a.Text(2), SentAt: hygiene.Instant(a.Int(3))}
		m.Unsourced = ownerless && m.Contact != "" && a.Int(4) != 0
		found(int(a.Int(0)), &m)
	}
	return a.Close()
}
