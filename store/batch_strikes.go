package store

import (
	"errors"
	"fmt"
	"slices"

	"winnow/hygiene"
)

// keepStrike keeps what a batch tells: an event recorded before it may find its
// contact only later, and is struck then.
func keepStrike(c *conn, batch int64, in *hygiene.Instruction) error {
	return c.exec(`INSERT OR REPLACE INTO strikes (batch, at, seq, reason, rule, since, until, source, code, outcome, held)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, batch, int64(in.At), in.Seq, in.Reason, in.Rule, int64(in.From), int64(in.To),
		in.Source, in.Code, in.Outcome.String(), in.Held)
}

const strikeQuery = `SELECT s.batch, s.at, s.seq, s.reason, s.rule, s.since, s.until, s.source, s.code, s.outcome, s.held, b.by, b.note
	FROM strikes s JOIN batches b ON b.id = s.batch `

func scanStrike(r *rows) (in hygiene.Instruction, err error) {
	in = hygiene.Instruction{Kind: hygiene.Strike, Batch: r.int(0), Moment: hygiene.Moment{At: hygiene.Instant(r.int(1)), Seq: r.int(2)},
		Reason: r.text(3), Rule: r.text(4), From: hygiene.Instant(r.int(5)), To: hygiene.Instant(r.int(6)), Source: r.text(7), Code: r.text(8),
		Held: r.int(10), By: r.text(11), Note: r.text(12)}
	if outcome := r.text(9); outcome != "" {
		if in.Outcome, err = hygiene.ParseOutcome(outcome); err != nil {
			return in, fmt.Errorf("read what batch %d of the roster strikes: %w", in.Batch, err)
		}
	}
	return in, nil
}

// strikesOf reads strikes, those of all batches or, when it is not 0, of one.
func strikesOf(c *conn, batch int64) (list []hygiene.Instruction, err error) {
	r := c.query(strikeQuery+"WHERE ? IN (0, s.batch) ORDER BY s.batch", batch)
	for err == nil && r.next() {
		var in hygiene.Instruction
		in, err = scanStrike(r)
		list = append(list, in)
	}
	return list, errors.Join(err, r.close())
}

// strikesInForce reads the strikes that nobody took back, in the order in which
// they were told.
func strikesInForce(c *conn) ([]hygiene.Instruction, error) {
	all, err := strikesOf(c, 0)
	if err != nil {
		return nil, err
	}
	var list []hygiene.Instruction
	for _, in := range all {
		b, _, err := batch(c, in.Batch)
		if err == nil {
			_, err = b.follow(c)
		}
		if err != nil {
			return nil, err
		}
		if b.UndoneBy == 0 {
			list = append(list, in)
		}
	}
	return list, nil
}

// sameStrike tells whether both strike the same, whenever they were told.
func sameStrike(a, b *hygiene.Instruction) bool {
	return a.Reason == b.Reason && a.Rule == b.Rule && a.From == b.From && a.To == b.To && a.Source == b.Source && a.Code == b.Code &&
		a.Outcome == b.Outcome && a.Held == b.Held
}

// strikeUnknown keeps a strike that concerns nobody yet, as a batch of its own,
// when there are events whose contact is not known and that the same strike was
// not told of before. It gives 0 when there are none.
func (s *Store) strikeUnknown(b Batch, now hygiene.Instant) (int64, error) {
	err := s.write(func(c *conn) error {
		told, err := strikesInForce(c)
		if err != nil {
			return err
		}
		from := int64(0)
		for i := range told {
			if sameStrike(&told[i], b.strike) {
				from = max(from, told[i].Seq)
			}
		}
		unknown, err := c.number(`SELECT EXISTS (SELECT 1 FROM unmatched WHERE seq > ? AND seq <= ?) OR EXISTS (SELECT 1 FROM matched WHERE seq > ? AND seq <= ?)`,
			from, b.strike.Seq, from, b.strike.Seq)
		if err != nil || unknown == 0 {
			return err
		}
		b.At, b.Done = now, true
		return saveBatch(c, &b)
	})
	return b.ID, err
}

// strikeLate tells the contacts of events that were judged only now what they
// would have been told, had they been known when the batches in force were told.
func (p *pen) strikeLate(policy *hygiene.Policy, events []hygiene.Event, did *Swept) error {
	strikes, err := strikesInForce(p.c)
	if err != nil || len(strikes) == 0 {
		return err
	}
	var keys []string
	for i := range events {
		if events[i].Contact != "" {
			keys = append(keys, events[i].Contact)
		}
	}
	slices.Sort(keys)
	k := &card{}
	for _, key := range slices.Compact(keys) {
		if err := k.load(p.c, key); err != nil {
			return err
		}
		for i := range strikes {
			if err := p.strike(policy, k, &strikes[i], did); err != nil {
				return err
			}
		}
	}
	return nil
}

// strike tells one contact of a strike, as part of its batch, when it concerns it.
func (p *pen) strike(policy *hygiene.Policy, k *card, in *hygiene.Instruction, did *Swept) error {
	if !policy.Concerns(&k.Contact, in) {
		return nil
	}
	changes := policy.Instruct(&k.Contact, *in)
	did.Changes += int64(len(changes))
	p.batch = in.Batch
	err := p.save(k, changes)
	p.batch = 0
	if err != nil {
		return err
	}
	return k.load(p.c, k.Key)
}
