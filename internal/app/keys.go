package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/store"
)

// PrepareKeys joins the contacts of the store whose keys are one by now, see
// [store.Store.PrepareKeys]. The caller holds the store lock.
func (o *Operations) PrepareKeys(ctx context.Context, now hygiene.Instant) error {
	done, err := o.Store.KeysPrepared(o.Config.Keys)
	if err != nil || done {
		return err
	}
	if err := o.SavePolicy(now); err != nil {
		return err
	}
	_, err = o.Store.PrepareKeys(ctx, o.Config.Keys, o.Config.Policy, now)
	return err
}

// RenameReasons stores reasons of earlier versions anew, see [store.Store.RenameReasons].
// The caller holds the store lock.
func (o *Operations) RenameReasons(ctx context.Context, now hygiene.Instant) error {
	done, err := o.Store.ReasonsRenamed()
	if err != nil || done {
		return err
	}
	if err := o.SavePolicy(now); err != nil {
		return err
	}
	return o.Store.RenameReasons(ctx, o.Config.Policy, now)
}

// prepareSoon is how long the start of a daemon may take to prepare the store. The first
// sweep does the rest.
const prepareSoon = 5 * time.Second

// IsPrepared reports whether PrepareKeys and RenameReasons have nothing to do under the
// config.
func IsPrepared(cfg *config.Config, s *store.Store) (bool, error) {
	keys, keysErr := s.KeysPrepared(cfg.Keys)
	reasons, reasonsErr := s.ReasonsRenamed()
	return keys && reasons, errors.Join(keysErr, reasonsErr)
}

// prepare is PrepareKeys and RenameReasons for a store that was just opened to be written.
// If another process holds the lock, the next sweep does it, and so it does what a daemon,
// which is to receive soon, can't.
func (o Options) prepare(a *App) error {
	if o.Access != Writes && o.Access != Creates {
		return nil
	}
	if prepared, err := IsPrepared(a.Config, a.Store); err != nil || prepared {
		return err
	}
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	lock := StoreLock(a.Store)
	if free, err := lock.TryLock(); err != nil || !free {
		if err == nil && o.Daemon {
			a.Unprepared = errors.New("another process is at work on the store")
		}
		return err
	}
	ops := &Operations{Config: a.Config, Store: a.Store}
	ctx := o.Interrupt
	if ctx == nil {
		ctx = context.Background()
	}
	if o.Daemon {
		timeout, cancel := context.WithTimeout(ctx, prepareSoon)
		defer cancel()
		ctx = timeout
	}
	err := ops.PrepareKeys(ctx, hygiene.InstantOf(now()))
	if err == nil {
		err = ops.RenameReasons(ctx, hygiene.InstantOf(now()))
	}
	if o.Daemon {
		a.Unprepared, err = err, nil
		if errors.Is(a.Unprepared, context.DeadlineExceeded) {
			a.Unprepared = fmt.Errorf("it takes longer than %s", prepareSoon)
		}
	}
	return errors.Join(err, lock.Unlock())
}
