package store

import (
	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/regret"
)

// Regret is what rules did in the 90 days that end with that of now, and since when that
// is counted; 0 for all that the store knows.
func (s *Store) Regret(now hygiene.Instant) (list []regret.Figures, since hygiene.Instant, err error) {
	err = s.read(func(c engine.Reader) error {
		from, err := counters.Get(c, counters.RegretSince)
		if err != nil {
			return err
		}
		since = hygiene.Instant(from)
		list, err = regret.Read(c, now)
		return err
	})
	return list, since, err
}

// saveRegret writes what the transaction changed of the figures.
func (w *txWriter) saveRegret() error {
	if len(w.regret) == 0 {
		return nil
	}
	from, err := counters.Get(w, counters.RegretSince)
	if err != nil {
		return err
	}
	return w.regret.Save(w, hygiene.Instant(from))
}

// proveNumbers keeps with the numbers of the contacts, which were saved, what events of the
// contacts say of what is open there. A number has the events alone that its rules look at.
func (w *txWriter) proveNumbers(rows []*contactRow) error {
	proving := rows[:0:0]
	for _, k := range rows {
		if k.proves && k.Phone != "" {
			proving = append(proving, k)
		}
	}
	if there, err := w.hasNumbers(); len(proving) == 0 || err != nil || !there {
		return err
	}
	var numbers []*contactRow
	err := eachNumberOf(w, proving, func(stored *engine.Contact, have []*contactRow) error {
		number := &contactRow{}
		number.reset(stored.Key)
		number.set(stored)
		if err := number.unpack(); err != nil {
			return err
		}
		changed := false
		for _, k := range have {
			changed = number.ProveBy(&k.Contact) || changed
		}
		if changed {
			numbers = append(numbers, number)
		}
		return nil
	})
	for _, number := range numbers {
		if err == nil {
			err = w.save(number, nil)
		}
	}
	return err
}

// Judging is the policy with the rules whose verdicts wait. Who judges contacts without
// writing them uses it, so that they find what is stored; who writes them has it.
func (s *Store) Judging(policy *hygiene.Policy) (*hygiene.Policy, error) {
	return s.judgingWithout(0, policy)
}

// judgingWithout is Judging once the batch is undone.
func (s *Store) judgingWithout(batch int64, policy *hygiene.Policy) (held *hygiene.Policy, err error) {
	err = s.read(func(c engine.Reader) error {
		holds, err := regret.Holds(c, batch)
		held = policy.WithHolds(holds)
		return err
	})
	return held, err
}
