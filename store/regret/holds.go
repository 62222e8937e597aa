package regret

import (
	"maps"
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
)

// A rule of which too much is regretted is held by a trip, as a surge is; the trips are
// written by store. What one holds follows from its row and that of its review.

// trip is a trip of a rule.
type trip struct {
	hygiene.RuleHold
	reviewed hygiene.Instant
	waits    bool  // for its review, also when its discarding was undone
	batch    int64 // of its review, once that has begun; 0 for none
	released bool  // its release has begun
	done     bool  // its review
}

// trips reads the trips of rules.
func trips(q engine.Querier) (list []trip, err error) {
	r := q.Query(`SELECT t.rule, t.digest, t.id, t.from_seq, t.reviewed_at, t.state, t.batch, coalesce(b.kind, ''), coalesce(b.undone_by, 0)
		FROM breaker_trips t LEFT JOIN batches b ON b.id = t.batch WHERE t.rule <> ''`)
	var undoneBy []int64
	for r.Next() {
		hold := hygiene.RuleHold{Rule: r.Text(0), Digest: uint64(r.Int(1)), Trip: r.Int(2), From: r.Int(3)}
		list = append(list, trip{RuleHold: hold, reviewed: hygiene.Instant(r.Int(4)), waits: r.Text(5) == "held", done: r.Text(5) != "held", batch: r.Int(6), released: r.Text(7) == "release"})
		undoneBy = append(undoneBy, r.Int(8))
	}
	err = r.Close()
	for i := range list {
		for by := undoneBy[i]; by != 0 && list[i].done && !list[i].released && err == nil; { // an undo may be undone in turn
			list[i].waits = !list[i].waits
			by, err = q.Number("SELECT coalesce(max(undone_by), 0) FROM batches WHERE id = ?", by)
		}
		if list[i].waits {
			list[i].reviewed = 0
		}
	}
	return list, err
}

// Holds lists the rules whose verdicts wait. One that is being released holds no longer,
// and one that the batch discarded, which is being undone, holds again; 0 for no batch.
func Holds(q engine.Querier, undone int64) (holds []hygiene.RuleHold, err error) {
	list, err := trips(q)
	for i := range list {
		if t := &list[i]; t.waits && !t.released || undone != 0 && t.batch == undone {
			holds = append(holds, t.RuleHold)
		}
	}
	return holds, err
}

// Doubted lists what rules of the policy did that are not held, and of which too much is
// regretted. What was reviewed is not doubted again for what it did until that day.
func Doubted(q engine.Querier, p *hygiene.Policy, limit *hygiene.RegretLimit, now hygiene.Instant) (doubted []Figures, err error) {
	list, err := trips(q)
	for i := range p.Rules {
		r := &p.Rules[i]
		if err != nil || r.Then.Suppress == nil || p.Protects(r.Then.Suppress.Reason) {
			continue
		}
		since, waits := hygiene.Instant(0), false
		for n := range list {
			if t := &list[n]; t.Rule == r.Name && t.Digest == r.Digest() {
				since, waits = max(since, t.reviewed), waits || t.waits
			}
		}
		var f Figures
		if f, err = readRule(q, r, since, now); !waits && limit.Exceeded(f.Acted, f.Regretted) {
			doubted = append(doubted, f)
		}
	}
	return doubted, err
}

// Growth is what a transaction adds to what trips of rules hold, by trip.
type Growth map[int64]grown

type grown struct {
	verdicts int64
	until    hygiene.Instant
}

// Note notes what the changes, which the policy made, add. What a batch says again of a
// contact does not count again.
func (g Growth) Note(p *hygiene.Policy, changes []hygiene.Change, again bool) {
	for i := range changes {
		c := &changes[i]
		if c.Act != hygiene.Suppressed || c.Held == 0 || !p.IsHold(c.Held) {
			continue
		}
		n := g[c.Held]
		if n.until = max(n.until, c.At); !again {
			n.verdicts++
		}
		g[c.Held] = n
	}
}

// Save writes what was noted.
func (g Growth) Save(w engine.Writer) error {
	for _, id := range slices.Sorted(maps.Keys(g)) {
		n := g[id]
		if err := w.Exec("UPDATE breaker_trips SET events = events + ?, until = CASE WHEN until > ? THEN until ELSE ? END WHERE id = ?",
			n.verdicts, int64(n.until), int64(n.until), id); err != nil {
			return err
		}
	}
	clear(g)
	return nil
}
