package store

import (
	"cmp"
	"context"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
)

// reasonsAreRenamed is the value of the counter reasonsVersion once no contact is stored
// with another word for a protected reason.
const reasonsAreRenamed = 1

// ReasonsRenamed reports whether no contact is stored with another word for a protected
// reason any more.
func (s *Store) ReasonsRenamed() (done bool, err error) {
	err = s.read(func(c engine.Reader) error {
		version, err := counters.Get(c, counters.ReasonsVersion)
		done = version == reasonsAreRenamed
		return err
	})
	return done, err
}

// RenameReasons stores contacts that an earlier version suppressed under another word for
// a protected reason under that reason, with entries in the ledger. They are read as if
// that was done. It is done in steps, once; when it was cut it goes on where it was.
func (s *Store) RenameReasons(ctx context.Context, policy *hygiene.Policy, now hygiene.Instant) error {
	if done, err := s.ReasonsRenamed(); err != nil || done {
		return err
	}
	end, err := s.LastSeq()
	if err != nil {
		return err
	}
	var last int64
	err = cmp.Or(err, s.read(func(c engine.Reader) (err error) {
		last, err = counters.Get(c, counters.ReasonsSeen)
		return err
	}))
	m := hygiene.Moment{At: now, Seq: end}
	for err == nil {
		keys, next, n, readErr := s.concerned(contactsByID, last, (*hygiene.Contact).IsRenamed)
		if readErr != nil {
			return readErr
		}
		if n == 0 {
			return s.write(func(c engine.Writer) error {
				return cmp.Or(counters.Set(c, counters.ReasonsVersion, reasonsAreRenamed), counters.Set(c, counters.ReasonsSeen, 0))
			})
		}
		if stopped := ctx.Err(); stopped != nil || len(keys) > 0 {
			if stopped != nil {
				keys, next = nil, last
			}
			err = cmp.Or(s.renameReasons(policy, keys, next, m), stopped)
		}
		last = next
	}
	return err
}

// renameReasons stores the contacts of the keys anew, and up to which contact that is done.
func (s *Store) renameReasons(policy *hygiene.Policy, keys []string, seen int64, m hygiene.Moment) error {
	return s.writeAs(policy, func(w *txWriter) error {
		renamed := int64(0)
		_, _, err := w.changeEach(keys, func(_ int, k *contactRow) ([]hygiene.Change, bool) {
			changes := k.RenameChanges(m)
			if len(changes) > 0 {
				renamed++
			}
			return changes, k.IsRenamed()
		})
		return cmp.Or(err, counters.Add(w, counters.ReasonsRenamed, renamed), counters.Set(w, counters.ReasonsSeen, seen))
	})
}
