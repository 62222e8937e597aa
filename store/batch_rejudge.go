package store

import (
	"context"

	"winnow/hygiene"
)

// Rejudge gives every contact what the policy makes of its history, at the time
// now, as one batch. What is open for a protected reason stays open, unless it is the
// one named; empty for none.
func (s *Store) Rejudge(ctx context.Context, policy *hygiene.Policy, named string, b Batch, now hygiene.Instant, progress func(contacts int64)) (BatchResult, error) {
	policy, err := s.Judging(policy)
	if err != nil {
		return BatchResult{}, err
	}
	rejudge := func(c *hygiene.Contact, _ int64, m hygiene.Moment) []hygiene.Change {
		return policy.Rejudge(c, m, named)
	}
	// A contact that stays as it is may give something else to its number.
	concerns := func(c *hygiene.Contact) bool {
		return policy.MayOpen(c) || changesWith(c, func(c *hygiene.Contact) []hygiene.Change { return rejudge(c, 0, hygiene.Moment{At: now}) })
	}
	return s.changeAll(ctx, policy, b, now, progress, manualChange{concerns, rejudge})
}
