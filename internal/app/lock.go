package app

import (
	"context"
	"errors"
	"fmt"

	"winnow/internal/schedule"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/engine"
)

// StoreLock is the lock that a sweep, a review, an export run and every bulk change
// hold. The kernel keeps it for a process that is only suspended, as by Ctrl-Z, so a
// caller that waits for it should report so.
func StoreLock(s *store.Store) *store.Lock { return s.RunLock() }

// ErrClientGone is the error of a request whose client disconnected before it could start.
var ErrClientGone = errors.New("the client disconnected before the request could start; nothing was done")

// WaitFunc acquires the store lock, and reports while it waits.
type WaitFunc func(ctx context.Context, lock *store.Lock) error

func (o *Operations) acquire(ctx context.Context, lock *store.Lock) error {
	if o.Wait == nil {
		return lock.Acquire(ctx, nil)
	}
	return o.Wait(ctx, lock)
}

// Exclusive runs do under the store lock, which no other process holds meanwhile.
func (o *Operations) Exclusive(ctx context.Context, do func() error) (err error) {
	lock := StoreLock(o.Store)
	if err := o.acquire(ctx, lock); err != nil {
		return err
	}
	// Also when do panics: the scheduler goes on, and would wait for itself.
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	return do()
}

// ForRequest returns the operations for a request of a client who waits for the answer.
// They wait for the store lock until the request is canceled, and fail with
// [ErrClientGone] then. What has started continues after that.
func (o *Operations) ForRequest(request context.Context) *Operations {
	requested := *o
	requested.Wait = func(ctx context.Context, lock *store.Lock) error {
		if request.Err() != nil {
			return ErrClientGone
		}
		either, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(request, cancel)()
		err := o.acquire(either, lock)
		switch {
		case err != nil && ctx.Err() != nil:
			return schedule.ErrStopped
		case err != nil && request.Err() != nil:
			return ErrClientGone
		}
		return err
	}
	return &requested
}

// ProcessName names a process in a sentence.
func ProcessName(h engine.Holder) string {
	switch {
	case h.Process == 0:
		return "another process"
	case h.Host != "":
		return fmt.Sprintf("process %d of %s", h.Process, ui.Printable(h.Host))
	}
	return fmt.Sprint("process ", h.Process)
}
