package store

import (
	"context"
	"slices"
	"sync"

	"winnow/hygiene"
	"winnow/segments"
)

// PriorSuppressions is who was suppressed on a surge's evidence before its breaker tripped:
// these suppressions stay in force.
type PriorSuppressions struct {
	Contacts int64
	Samples  []string // keys, the first in byte order
}

// maxSamples is how many contacts are named.
const maxSamples = 5

// PriorSuppressions counts for each trip the contacts that are suppressed at the
// time now on evidence of its outcome and source within its window. It looks at
// every contact once.
func (s *Store) PriorSuppressions(ctx context.Context, trips []BreakerTrip, now hygiene.Instant, progress func(contacts int64)) ([]PriorSuppressions, error) {
	found := make([]PriorSuppressions, len(trips))
	if !slices.ContainsFunc(trips, func(t BreakerTrip) bool { return t.Rule == "" }) {
		return found, nil
	}
	var mu sync.Mutex
	_, err := s.ScanContacts(ctx, func(segments.Lists) Visitor {
		return func(c *hygiene.Contact) error {
			for i := range trips {
				if trips[i].suppressed(c, now) || c.Number != nil && trips[i].suppressed(c.Number, now) {
					mu.Lock()
					found[i].add(c.Key)
					mu.Unlock()
				}
			}
			return nil
		}
	}, progress)
	return found, err
}

// add counts a contact, and names it when it is among the first.
func (b *PriorSuppressions) add(key string) {
	b.Contacts++
	i, _ := slices.BinarySearch(b.Samples, key)
	if i < maxSamples {
		b.Samples = slices.Insert(b.Samples, i, key)
		b.Samples = b.Samples[:min(len(b.Samples), maxSamples)]
	}
}

// suppressed reports whether a rule suppressed the contact, or the number, on evidence that
// discarding the trip would invalidate.
func (t *BreakerTrip) suppressed(c *hygiene.Contact, now hygiene.Instant) bool {
	if t.Rule != "" { // what it suppressed before it was held stays
		return false
	}
	history := c.History.Outcome(t.Outcome)
	return slices.ContainsFunc(c.Suppressions, func(s hygiene.Suppression) bool {
		return s.Origin == hygiene.ByRule && c.InForce(&s, now) && slices.ContainsFunc(history.Entries, func(e hygiene.Entry) bool {
			return t.From() <= e.At && e.At <= t.Until && c.History.Kind(&e).Source == t.Source && slices.Contains(s.Evidence, e.Seq)
		})
	})
}
