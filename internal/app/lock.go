package app

import (
	"context"
	"errors"

	"winnow/internal/schedule"
	"winnow/store"
)

// StoreLock is held by whoever sweeps, reviews, makes a run or acts in bulk. The
// kernel keeps it for a process that is merely stopped, as by Ctrl-Z, so whoever
// waits for it says so.
func StoreLock(s *store.Store) *schedule.Lock { return schedule.NewLock(s.Path() + ".run") }

// ErrHungUp is the error of what was requested by someone who did not wait until
// it could begin.
var ErrHungUp = errors.New("whoever asked hung up before its turn came, so it was not done")

// WaitFunc waits for the store lock.
type WaitFunc func(ctx context.Context, lock *schedule.Lock) error

func (o *Operations) acquire(ctx context.Context, lock *schedule.Lock) error {
	if o.Wait == nil {
		return lock.Acquire(ctx, nil)
	}
	return o.Wait(ctx, lock)
}

// Exclusive runs do while nobody else sweeps, reviews or makes a run of this
// store, in whichever process.
func (o *Operations) Exclusive(ctx context.Context, do func() error) (err error) {
	lock := StoreLock(o.Store)
	if err := o.acquire(ctx, lock); err != nil {
		return err
	}
	// Also when do panics: the schedule goes on, and would wait for itself.
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	return do()
}

// Requested are the operations for someone who waits for the answer: they wait for
// the store lock only as long as the request lasts. What has begun goes on after
// that.
func (o *Operations) Requested(request context.Context) *Operations {
	patient := *o
	patient.Wait = func(ctx context.Context, lock *schedule.Lock) error {
		if request.Err() != nil {
			return ErrHungUp
		}
		both, giveUp := context.WithCancel(ctx)
		defer giveUp()
		defer context.AfterFunc(request, giveUp)()
		err := o.acquire(both, lock)
		switch {
		case err != nil && ctx.Err() != nil:
			return schedule.ErrStopped
		case err != nil && request.Err() != nil:
			return ErrHungUp
		}
		return err
	}
	return &patient
}
