// Package portions divides a part of the log among the processes that sweep it together.
//
// The process that holds the store lock leads: it moves the cursor past a part of the log and
// opens its portions, each the events of some of the contacts. Every process takes
// portions, one a transaction, and sweeps them beside the others; the row of a portion is
// locked meanwhile, so that it is swept once, and another process takes it if that one dies.
// The leader closes the part when all of it is swept.
//
// A portion that can't be swept beside others, or whose leader has died, is handed over: its
// events wait in the table matched then, as those do whose contact became known, and are
// judged while nobody else writes.
//
// The tables exist in an engine that is a [engine.Sharing]. What a portion may write is in
// sweep_apply.go of store.
package portions

import (
	"encoding/binary"
	"errors"
	"hash/fnv"

	"winnow/store/engine"
)

// Terms are by what a portion is to be judged. A process whose config says something else
// leaves it to others.
type Terms struct {
	Policy  int64  // policies.id
	SendLog string // sources of which only messages that the send log has count, joined by |
}

// Part collects the events of a part of the log, by portion.
type Part [][]byte

// NewPart is an empty part of so many portions.
func NewPart(portions int) Part { return make(Part, portions) }

// Entry is an event of a portion.
type Entry struct {
	Seq  int64
	Held int64 // the trip that holds it; 0 for none
}

// Add adds an event of the contact of that key. Without a key it is that of any.
func (p Part) Add(key string, e Entry) {
	list := &p[portionOf(key, len(p))]
	*list = binary.AppendUvarint(binary.AppendUvarint(*list, uint64(e.Seq)), uint64(e.Held))
}

// portionOf is the portion, counted from 0, that the contact of the key is in.
func portionOf(key string, portions int) int {
	h := fnv.New32a()
	h.Write([]byte(key))
	return int(h.Sum32() % uint32(portions))
}

// Open opens the portions of the part. There are none when it is called.
func Open(w engine.Writer, part Part, t Terms) error {
	for n, entries := range part {
		err := w.Exec(`INSERT INTO sweep_portions (portion, portions, policy, send_log, entries, done, events, repeats, too_old, unmatched, changes)
			VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0)`, n, len(part), t.Policy, t.SendLog, append([]byte{}, entries...))
		if err != nil {
			return err
		}
	}
	return nil
}

// Portion is some events, and the contacts that may be written for them.
type Portion struct {
	Number  int64
	Entries []Entry
	of      int // how many portions there are
}

// Has reports whether the contact of the key is in the portion.
func (p *Portion) Has(key string) bool { return portionOf(key, p.of) == int(p.Number) }

// Take locks a portion that was not swept yet and that nobody else has locked; nil if there
// is none of these terms.
func Take(w engine.Writer, t Terms) (*Portion, error) {
	list, err := read(w.Query("SELECT portion, portions, entries FROM sweep_portions WHERE done = 0 AND policy = ? AND send_log = ? ORDER BY portion LIMIT 1 FOR UPDATE SKIP LOCKED",
		t.Policy, t.SendLog))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

func read(r engine.Rows) (list []*Portion, err error) {
	for r.Next() {
		p := &Portion{Number: r.Int(0), of: int(r.Int(1))}
		for packed := r.Blob(2); len(packed) > 0 && err == nil; {
			seq, n := binary.Uvarint(packed)
			held, m := binary.Uvarint(packed[max(n, 0):])
			if n <= 0 || m <= 0 {
				err = errors.New("the list of events in sweep_portions is damaged")
				break
			}
			packed = packed[n+m:]
			p.Entries = append(p.Entries, Entry{Seq: int64(seq), Held: int64(held)})
		}
		list = append(list, p)
	}
	return list, errors.Join(err, r.Close())
}

// Did is what sweeping did, as store.Swept counts it.
type Did struct{ Events, Repeats, TooOld, Unmatched, Changes int64 }

// Done notes that the portion is swept.
func (p *Portion) Done(w engine.Writer, did Did) error {
	return w.Exec("UPDATE sweep_portions SET done = 1, events = ?, repeats = ?, too_old = ?, unmatched = ?, changes = ? WHERE portion = ?",
		did.Events, did.Repeats, did.TooOld, did.Unmatched, did.Changes, p.Number)
}

// Left is how many portions there are, and how many of them were not swept yet.
func Left(q engine.Querier) (all, undone int64, err error) {
	r := q.Query("SELECT count(*), count(*) FILTER (WHERE done = 0) FROM sweep_portions")
	if r.Next() {
		all, undone = r.Int(0), r.Int(1)
	}
	return all, undone, r.Close()
}

// Close ends the part, all of which is swept, and returns what that did.
func Close(w engine.Writer) (did Did, err error) {
	r := w.Query("SELECT sum(events)::bigint, sum(repeats)::bigint, sum(too_old)::bigint, sum(unmatched)::bigint, sum(changes)::bigint FROM sweep_portions")
	if r.Next() {
		did = Did{Events: r.Int(0), Repeats: r.Int(1), TooOld: r.Int(2), Unmatched: r.Int(3), Changes: r.Int(4)}
	}
	if err := r.Close(); err != nil {
		return did, err
	}
	return did, w.Exec("DELETE FROM sweep_portions")
}

// HandOver lets the events of the portion of that number, or of all for -1, wait to be judged
// as those whose contact became known, unless they are swept, and notes that they are.
// Nobody else writes meanwhile.
func HandOver(w engine.Writer, number int64) error {
	list, err := read(w.Query("SELECT portion, portions, entries FROM sweep_portions WHERE done = 0 AND (portion = ? OR ? < 0)", number, number))
	if err != nil {
		return err
	}
	for _, p := range list {
		for _, e := range p.Entries {
			if err := w.Exec("INSERT INTO matched (seq, held_by) VALUES (?, ?) ON CONFLICT (seq) DO NOTHING", e.Seq, e.Held); err != nil {
				return err
			}
		}
		if err := p.Done(w, Did{}); err != nil {
			return err
		}
	}
	return nil
}

// A process is ready to take portions for so long after it last said so, which it does so often.
const (
	readyFor   = 10_000_000 // microseconds
	ReadyEvery = 3          // seconds
)

// Ready notes that the process is ready to take portions.
func Ready(w engine.Writer, sweeper string) error {
	if err := w.Exec("DELETE FROM sweepers WHERE seen_at < winnow_now() - ?", 10*readyFor); err != nil {
		return err
	}
	return w.Exec("INSERT INTO sweepers (sweeper, seen_at) VALUES (?, winnow_now()) ON CONFLICT (sweeper) DO UPDATE SET seen_at = excluded.seen_at", sweeper)
}

// Gone notes that the process is not ready any more.
func Gone(w engine.Writer, sweeper string) error {
	return w.Exec("DELETE FROM sweepers WHERE sweeper = ?", sweeper)
}

// Others is how many other processes are ready to take portions.
func Others(q engine.Querier, sweeper string) (int64, error) {
	return q.Number("SELECT count(*) FROM sweepers WHERE sweeper <> ? AND seen_at > winnow_now() - ?", sweeper, int64(readyFor))
}
