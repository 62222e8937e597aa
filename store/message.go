package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
)

// Registration says which contact, and which phone number, a message was for. It has one
// of the two at least.
type Registration struct {
	Source    string
	MessageID string          // as package contactkey gives it
	Contact   string          // a key as [contactkey.Format] gives it; empty for unknown
	Phone     string          // E.164; empty for unknown
	SentAt    hygiene.Instant // 0 for unknown
}

func (r *Registration) key() engine.MessageKey {
	return engine.MessageKey{Source: r.Source, ID: r.MessageID}
}

// Registered is what registering messages did.
type Registered struct {
	New       int64 // messages that were not known
	Known     int64 // messages that were known, for the same contact and phone number as far as both say one
	Conflicts []int // the places of the registrations that say another contact or phone number than the one that stands
	Matched   int64 // events that found their contact, or their number
}

// Register adds messages to the send log. Of a message the first contact and the first
// phone number stand. Events that waited for the contact, or for the number of a message
// whose contact nobody names, are judged by the next sweep. It
// is one transaction: give it thousands at a time, for which it takes the write lock for
// less time than a sweep.
func (s *Store) Register(ctx context.Context, list []Registration) (did Registered, err error) {
	if err := s.completeUnmatched(ctx); err != nil {
		return did, err
	}
	err = s.writeAs(nil, func(w *txWriter) error {
		r := registering{txWriter: w, list: list}
		err := r.run()
		did = r.did
		return err
	})
	return did, err
}

// registering is registrations that are being stored. It goes through them in the order
// of their keys, and then of their contacts: neighbours share pages, and messages have
// ids, and contacts keys, that are as good as random.
type registering struct {
	*txWriter
	list []Registration
	did  Registered
	err  error // of the first name that could not be read
}

func (r *registering) run() error {
	order := make([]int, len(r.list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return r.list[a].key().Compare(r.list[b].key()) })
	var groups [][]int // of each message, its registrations
	var keys []engine.MessageKey
	for len(order) > 0 {
		n, key := 1, r.list[order[0]].key()
		for n < len(order) && r.list[order[n]].key() == key {
			n++
		}
		groups, keys, order = append(groups, order[:n]), append(keys, key), order[n:]
	}
	stored := make([]engine.Message, len(keys))
	known := make([]bool, len(keys))
	if err := r.FindMessages(keys, func(i int, m *engine.Message) { stored[i], known[i] = *m, true }); err != nil {
		return err
	}
	waiting, err := r.Number("SELECT EXISTS (SELECT 1 FROM unmatched)")
	if err != nil {
		return err
	}
	var late []engine.MessageKey            // of which more is known than before
	since := hygiene.Instant(math.MaxInt64) // the earliest that one of them was sent; 0 when one does not say so
	for i, key := range keys {
		was := stored[i]
		r.compare(&stored[i], known[i], groups[i])
		if known[i] && stored[i] == was {
			continue
		}
		if err := r.saveMessage(key, &stored[i]); err != nil {
			return err
		}
		if stored[i].Contact != was.Contact || stored[i].Phone != was.Phone {
			late = append(late, key)
			since = min(since, stored[i].SentAt)
		}
		if waiting == 0 || stored[i].Contact == was.Contact && (stored[i].Contact != "" || stored[i].Phone == was.Phone) {
			continue
		}
		n, err := r.releaseUnmatched(key)
		if err != nil {
			return err
		}
		r.did.Matched += n
	}
	if err := counters.Add(r, counters.SendLogVersion, 1); err != nil {
		return err
	}
	slices.Sort(r.did.Conflicts)
	if r.err != nil {
		return r.err
	}
	if err := r.saveContacts(stored, groups); err != nil {
		return err
	}
	if len(late) == 0 {
		return nil
	}
	return cmp.Or(r.hearLate(late), r.compareSince(since))
}

// compare makes m what stands of a message after these registrations of it.
func (r *registering) compare(m *engine.Message, known bool, places []int) {
	for _, i := range places {
		of := &r.list[i]
		if m.Unsourced && of.Contact != "" { // which may be about a message of another source
			m.Contact, m.Unsourced = of.Contact, false
		}
		switch {
		case of.Contact != "" && m.Contact != "" && !r.isSame(of.Contact, m.Contact),
			of.Phone != "" && m.Phone != "" && of.Phone != m.Phone:
			r.did.Conflicts = append(r.did.Conflicts, i)
		case known:
			r.did.Known++
		default:
			r.did.New++
		}
		known = true
		m.Contact, m.Phone, m.SentAt = cmp.Or(m.Contact, of.Contact), cmp.Or(m.Phone, of.Phone), cmp.Or(m.SentAt, of.SentAt)
	}
}

// isSame reports whether both keys name one contact.
func (r *registering) isSame(a, b string) bool {
	if a == b {
		return true
	}
	rootA, _, errA := r.rootOf(a)
	rootB, _, errB := r.rootOf(b)
	r.err = cmp.Or(r.err, errA, errB)
	return rootA == rootB
}

// saveMessage stores what stands of a message. A contact that may be about a message of
// another source stays where it is.
func (w *txWriter) saveMessage(key engine.MessageKey, m *engine.Message) error {
	contact := m.Contact
	if m.Unsourced {
		contact = ""
	}
	return w.Exec(`INSERT INTO messages (message_id, contact, sent_at, source, phone) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (source, message_id) DO UPDATE SET contact = excluded.contact, sent_at = excluded.sent_at, phone = excluded.phone`,
		key.ID, contact, int64(m.SentAt), key.Source, m.Phone)
}

// saveContacts makes sure that the contacts of the messages are stored, and passes on to
// each what stands of its messages, in the order in which they were first registered.
func (r *registering) saveContacts(stored []engine.Message, groups [][]int) error {
	var named []int // messages
	for i := range stored {
		if stored[i].Contact != "" {
			named = append(named, i)
		}
	}
	slices.SortFunc(named, func(a, b int) int {
		return cmp.Or(strings.Compare(stored[a].Contact, stored[b].Contact), cmp.Compare(groups[a][0], groups[b][0]))
	})
	var keys []string
	var sent [][]engine.Message
	for n, i := range named {
		m := &stored[i]
		if n == 0 || m.Contact != stored[named[n-1]].Contact {
			keys, sent = append(keys, m.Contact), append(sent, nil)
		}
		if m.Phone != "" || m.SentAt != 0 {
			sent[len(sent)-1] = append(sent[len(sent)-1], *m)
		}
	}
	keys, sent, err := r.saveNames(keys, sent)
	if err != nil {
		return err
	}
	rows := newRows(chunkSize)
	for len(keys) > 0 {
		n := min(len(keys), chunkSize)
		if err := r.ensureContacts(keys[:n], sent[:n], rows[:n]); err != nil {
			return err
		}
		keys, sent = keys[n:], sent[n:]
	}
	return nil
}

// saveNames is saveContacts for the keys of merged contacts. It returns the others.
func (r *registering) saveNames(keys []string, sent [][]engine.Message) (others []string, theirs [][]engine.Message, err error) {
	for i, key := range keys {
		_, named, err := r.rootOf(key)
		switch {
		case err == nil && named:
			err = r.ensureName(key, sent[i])
		case err == nil:
			others, theirs = append(others, key), append(theirs, sent[i])
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return others, theirs, nil
}

// OwnUnsourced says which source has the messages that a version registered which did not
// tell sources apart: the only one of the config. The first that is said stands. Until then
// such a message counts for every source.
func (s *Store) OwnUnsourced(source string) error {
	var open int64
	err := s.read(func(c engine.Reader) (err error) {
		open, err = c.Number("SELECT EXISTS (SELECT 1 FROM unsourced_messages) AND NOT EXISTS (SELECT 1 FROM unsourced_owner)")
		return err
	})
	if err != nil || open == 0 {
		return err
	}
	return s.write(func(c engine.Writer) error {
		if err := counters.Add(c, counters.SendLogVersion, 1); err != nil {
			return err
		}
		return c.Exec("INSERT INTO unsourced_owner (source) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM unsourced_owner)", source)
	})
}
