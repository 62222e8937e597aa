// Package portions divides a part of the log among the processes that sweep it together.
//
// The process that holds the store lock leads: it moves the cursor past a part of the log and
// opens its portions, each the events of some buckets. Every process takes portions, one a
// transaction, and sweeps them beside the others; the row of a portion is locked meanwhile,
// so that it is swept once, and another process takes it if that one dies. The leader closes
// the part when all of it is swept.
//
// A part whose leader died is handed over as a whole: its events wait in the table matched
// then, as those do whose contact became known, and the next sweep judges them.
//
// The tables exist in an engine that is a [engine.Sharing]. What a portion may write is in
// sweep_apply.go of store.
package portions

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// Terms are by what a portion is to be judged. A process whose config says something else
// leaves it to others.
type Terms struct {
	Policy  int64  // policies.id
	SendLog string // sources of which only messages that the send log has count, joined by |
}

// Portion is the events of some buckets in a part of the log.
type Portion struct {
	Number         int64
	After, Through int64 // seqs: behind the first, and up to the second
	Buckets        engine.BucketRange
}

// Did is what sweeping did, as store.Swept counts it.
type Did struct{ Events, Repeats, TooOld, Unmatched, Changes int64 }

// Open divides a part of the log into so many portions, at most one a bucket. There are none
// when it is called.
func Open(w engine.Writer, after, through int64, portions int, t Terms) error {
	portions = min(portions, engine.Buckets)
	for n := range portions {
		err := w.Exec(`INSERT INTO sweep_portions (portion, after, through, from_bucket, to_bucket, policy, send_log, done, events, repeats, too_old, unmatched, changes)
			VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0)`,
			n+1, after, through, n*engine.Buckets/portions, (n+1)*engine.Buckets/portions, t.Policy, t.SendLog)
		if err != nil {
			return err
		}
	}
	return nil
}

// Hold notes which of the events breakers hold.
func Hold(w engine.Writer, events []hygiene.Event) error {
	for i := range events {
		if e := &events[i]; e.Held != 0 {
			if err := w.Exec("INSERT INTO sweep_held (seq, held_by) VALUES (?, ?)", e.Seq, e.Held); err != nil {
				return err
			}
		}
	}
	return nil
}

// Held are the trips that hold events of the portion's part of the log, by the seq of the event.
func (p *Portion) Held(q engine.Querier) (map[int64]int64, error) {
	held := map[int64]int64{}
	r := q.Query("SELECT seq, held_by FROM sweep_held WHERE seq > ? AND seq <= ?", p.After, p.Through)
	for r.Next() {
		held[r.Int(0)] = r.Int(1)
	}
	return held, r.Close()
}

// Take locks a portion that was not swept yet and that nobody else has locked; nil if there
// is none of these terms.
func Take(w engine.Writer, t Terms) (*Portion, error) {
	return one(w.Query(`SELECT portion, after, through, from_bucket, to_bucket FROM sweep_portions
		WHERE done = 0 AND policy = ? AND send_log = ? ORDER BY portion LIMIT 1 FOR UPDATE SKIP LOCKED`, t.Policy, t.SendLog))
}

func one(r engine.Rows) (p *Portion, err error) {
	if r.Next() {
		p = &Portion{Number: r.Int(0), After: r.Int(1), Through: r.Int(2), Buckets: engine.BucketRange{From: int(r.Int(3)), To: int(r.Int(4))}}
	}
	return p, r.Close()
}

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
	if err := w.Exec("DELETE FROM sweep_portions"); err != nil {
		return did, err
	}
	return did, w.Exec("DELETE FROM sweep_held")
}

// HandOver lets the events of the portion, or of all that are left for nil, wait to be
// judged as those whose contact became known, and notes that they are swept. Nobody else
// writes meanwhile.
func HandOver(w engine.Writer, p *Portion) error {
	number := int64(0)
	if p != nil {
		number = p.Number
	}
	err := w.Exec(`INSERT INTO matched (seq, held_by) SELECT e.seq, coalesce(h.held_by, 0)
		FROM sweep_portions p JOIN events e ON e.seq > p.after AND e.seq <= p.through AND e.bucket >= p.from_bucket AND e.bucket < p.to_bucket
			LEFT JOIN sweep_held h ON h.seq = e.seq
		WHERE p.done = 0 AND (p.portion = ? OR ? = 0) ON CONFLICT (seq) DO NOTHING`, number, number)
	if err != nil {
		return err
	}
	return w.Exec("UPDATE sweep_portions SET done = 1 WHERE done = 0 AND (portion = ? OR ? = 0)", number, number)
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
