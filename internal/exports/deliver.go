package exports

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/segments/destination"
	"winnow/store/runs"
)

// enqueue enters the runs that the remotes of the export still have to get.
func (x *Exporter) enqueue(e segments.Export) error {
	var names []string
	for _, to := range Remotes(e) {
		names = append(names, to.String())
	}
	if names == nil {
		return nil
	}
	return x.Store.EnqueueDeliveries(e.Name, names, e.Keep)
}

// deliver calls DeliverTo for all remotes of the export, at the same time.
func (x *Exporter) deliver(ctx context.Context, e segments.Export, force bool) error {
	remotes := Remotes(e)
	errs := make([]error, len(remotes))
	var all sync.WaitGroup
	for i, to := range remotes {
		all.Go(func() { errs[i] = x.DeliverTo(ctx, e, to, force) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// DeliverTo delivers the waiting runs to one remote of the export, the oldest
// first, because readers of deltas follow the order. Unless forced, it stops at a
// run whose next try is not due. How a delivery went is in the store; the error is
// of the store or of ctx.
func (x *Exporter) DeliverTo(ctx context.Context, e segments.Export, to segments.Destination, force bool) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("deliver %s to %s: panic: %v; this is a bug in winnow", e.Name, to, p)
		}
	}()
	return x.withDeliveryLock(ctx, e.Name, to, func() error {
		if err := x.enqueue(e); err != nil {
			return err
		}
		return x.deliverDue(ctx, e, to, force)
	})
}

// withDeliveryLock runs do while no other process delivers runs of the export to
// the remote. Sweeps, runs and deliveries to other remotes go on meanwhile.
func (x *Exporter) withDeliveryLock(ctx context.Context, export string, to segments.Destination, do func() error) (err error) {
	remote := fnv.New64a()
	remote.Write([]byte(to.String()))
	lock := x.Store.Lock(fmt.Sprintf("deliver-%s-%016x", export, remote.Sum64()))
	if err := lock.Acquire(ctx, x.OnBusy); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	return do()
}

func (x *Exporter) deliverDue(ctx context.Context, e segments.Export, to segments.Destination, force bool) error {
	for {
		d, ok, err := x.firstWaiting(e, to)
		if err != nil || !ok || !force && !DeliveryBackoff.due(d, time.Now()) {
			return err
		}
		if state, err := x.attempt(ctx, e, to, d); err != nil || state.Status == string(runs.Waiting) {
			return err // later runs wait for this one
		}
	}
}

func (x *Exporter) firstWaiting(e segments.Export, to segments.Destination) (d runs.Delivery, ok bool, err error) {
	list, err := x.Store.Deliveries(e.Name)
	list = slices.DeleteFunc(list, func(d runs.Delivery) bool { return d.Remote != to.String() || d.Status != runs.Waiting })
	switch {
	case err != nil || len(list) == 0:
		return runs.Delivery{}, false, err
	case x.Store.Shared():
		return x.firstHere(e, list)
	}
	return list[0], true, nil
}

// attempt tries a delivery a few times, saves how it went, and returns the state of
// the run in the remote.
func (x *Exporter) attempt(ctx context.Context, e segments.Export, to segments.Destination, d runs.Delivery) (DestinationState, error) {
	from, err := x.verifiedCopy(ctx, e, d.Run)
	if err == nil {
		defer from.Close()
		err = x.try(ctx, e, to, &d, from.FS())
	}
	switch {
	case ctx.Err() != nil:
		return deliveryState(d), ctx.Err() // this says nothing about the remote
	case err != nil && d.Status == runs.Delivered:
		// The store keeps that the run was delivered once.
		return DestinationState{To: d.Remote, Status: missing, Error: destination.Reason(err)}, nil
	case errors.Is(err, errNoCopy):
		d.Status, d.Error = runs.Lost, err.Error()
	case err != nil:
		d.Status, d.Error = runs.Waiting, destination.Reason(err)
		wait := DeliveryBackoff.next(d.Tries)
		if errors.Is(err, segments.ErrAuth) {
			wait = DeliveryBackoff.longest
		}
		d.NextAt = hygiene.InstantOf(time.Now().Add(wait).Truncate(time.Second))
	default:
		d.Status, d.Error, d.DeliveredAt, d.NextAt = runs.Delivered, "", hygiene.InstantOf(time.Now()), 0
	}
	err = x.Store.SaveDelivery(d)
	if x.OnAttempt != nil {
		x.OnAttempt(d)
	}
	return deliveryState(d), err
}

// try delivers, and tries again after short pauses, unless the remote refused
// winnow itself.
func (x *Exporter) try(ctx context.Context, e segments.Export, to segments.Destination, d *runs.Delivery, from fs.FS) error {
	for i := 0; ; i++ {
		d.Tries++
		err := x.send(ctx, e, to, d.Run, from)
		if err == nil || ctx.Err() != nil || i == len(DeliveryBackoff.pauses) || errors.Is(err, segments.ErrAuth) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(jittered(DeliveryBackoff.pauses[i])):
		}
	}
}

// send delivers a run once.
func (x *Exporter) send(ctx context.Context, e segments.Export, to segments.Destination, run string, from fs.FS) error {
	newest, _, err := x.Store.LastRun(e.Name, segments.Published, segments.Released)
	if err != nil {
		return err
	}
	b, err := segments.OpenBundle(from, e.Name, run)
	if err != nil {
		return err
	}
	return to.Deliver(ctx, segments.Delivery{Bundle: b, Newest: newest.Name == run, Keep: max(e.Keep, 1), Progress: x.OnSent})
}

// errNoCopy says that the run can't be delivered any more.
var errNoCopy = errors.New("no intact copy of the run is left on this machine")

// verifiedCopy opens the first local copy of a published run that matches its
// manifest. If there is none, the error is [errNoCopy]; but not if a directory
// can't be read now, as it may have one.
func (x *Exporter) verifiedCopy(ctx context.Context, e segments.Export, run string) (*os.Root, error) {
	why := []error{errNoCopy}
	var unreadable error
	for _, d := range x.Directories(e) {
		folder, err := d.Open(e.Name, run)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			unreadable = errors.Join(unreadable, err)
			continue
		}
		b, err := segments.OpenBundle(folder.FS(), e.Name, run)
		if err == nil {
			err = b.Verify(ctx)
		}
		if err == nil {
			return folder, nil
		}
		folder.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err() // this says nothing about the copy
		}
		why = append(why, fmt.Errorf("in %s %w", d, err))
	}
	if unreadable != nil {
		return nil, unreadable
	}
	return nil, segments.ErrorList(why)
}
