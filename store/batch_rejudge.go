package store

import (
	"context"

	"winnow/hygiene"
)

// Rejudge gives every contact what the policy makes of its history, at the time
// now, as one batch.
func (s *Store) Rejudge(ctx context.Context, policy *hygiene.Policy, b Batch, now hygiene.Instant, progress func(contacts int64)) (BatchResult, error) {
	rejudge := func(c *hygiene.Contact, _ int64, m hygiene.Moment) []hygiene.Change { return policy.Rejudge(c, m) }
	concerns := func(c *hygiene.Contact) bool { return len(policy.Rejudge(c, hygiene.Moment{At: now})) > 0 }
	return s.changeAll(ctx, policy, b, now, progress, manualChange{concerns, rejudge})
}
