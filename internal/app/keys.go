package app

import (
	"context"
	"errors"
	"time"

	"winnow/hygiene"
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

// prepare is PrepareKeys and RenameReasons for a store that was just opened to be written.
// If another process holds the lock, the next sweep does it, and so it does what a daemon,
// which is to receive soon, can't.
func (o Options) prepare(a *App) error {
	if o.Access != Writes && o.Access != Creates {
		return nil
	}
	prepared, err := a.Store.KeysPrepared(a.Config.Keys)
	if err != nil {
		return err
	}
	if renamed, err := a.Store.ReasonsRenamed(); err != nil || prepared && renamed {
		return err
	}
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	lock := StoreLock(a.Store)
	if free, err := lock.TryLock(); err != nil || !free {
		return err
	}
	ops := &Operations{Config: a.Config, Store: a.Store}
	ctx := o.Interrupt
	if ctx == nil {
		ctx = context.Background()
	}
	if o.Daemon {
		const soon = 5 * time.Second // the first sweep does the rest
		timeout, cancel := context.WithTimeout(ctx, soon)
		defer cancel()
		ctx = timeout
	}
	if err = ops.PrepareKeys(ctx, hygiene.InstantOf(now())); err == nil {
		err = ops.RenameReasons(ctx, hygiene.InstantOf(now()))
	}
	if o.Daemon {
		err = nil
	}
	return errors.Join(err, lock.Unlock())
}
