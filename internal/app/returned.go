package app

import (
	"context"
	"errors"

	"winnow/hygiene"
	"winnow/store/erasure"
)

// EraseReturned erases from a restored store, which nobody uses yet, who was forgotten in
// the store at the other path: the one that it replaces.
func (o *Operations) EraseReturned(ctx context.Context, from string, now hygiene.Instant) (persons int, did erasure.Counts, err error) {
	if _, err := o.SweepLocked(ctx, now); err != nil {
		return 0, did, err
	}
	persons, did, err = o.Store.EraseReturned(ctx, from, o.forgetOptions(now))
	if errors.Is(err, erasure.ErrReader) || errors.Is(err, erasure.ErrFiles) {
		err = nil // the next sweep tries again
	}
	return persons, did, err
}
