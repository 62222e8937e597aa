package command

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/schedule"
	"winnow/segments"
	"winnow/segments/destination"
	"winnow/segments/destination/local"
	"winnow/store"
)

// A run is made on this machine first. Of an export with remotes it is also
// written to the outbox, a directory beside the store, and when it is published
// or released it is brought from there to each remote. So no server holds up a
// run, a held run never leaves the machine, and what a server missed can be
// brought to it as long as the run is kept.

// outbox is where runs wait for remotes.
func (a *act) outbox() local.Folder {
	return local.Folder(a.store.Beside("-outbox"))
}

// directories are where runs of the export are written on this machine.
func (a *act) directories(e segments.Export) []local.Folder {
	list, remotes := local.Split(e.To)
	if len(remotes) > 0 && !slices.Contains(list, a.outbox()) {
		list = append(list, a.outbox())
	}
	return list
}

// remotesOf are where published runs of the export are delivered.
func remotesOf(e segments.Export) []segments.Destination {
	_, remotes := local.Split(e.To)
	return remotes
}

// tempo is the schedule of a delivery's tries: pauses separate the tries of one
// round, and the wait before the next round is first, doubled each time up to
// longest.
type tempo struct {
	pauses         []time.Duration
	first, longest time.Duration
}

// deliveryTempo gets over a short trouble at once and leaves a server in a long
// one alone.
var deliveryTempo = tempo{pauses: []time.Duration{time.Second, 4 * time.Second}, first: time.Minute, longest: time.Hour}

// again is how long to wait after so many tries.
func (t tempo) again(tries int64) time.Duration {
	wait := t.first
	for rounds := tries / int64(len(t.pauses)+1); rounds > 1 && wait < t.longest; rounds-- {
		wait *= 2
	}
	return jittered(min(wait, t.longest))
}

// jittered is about that long: those who failed together don't come back
// together.
func jittered(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return d*3/4 + rand.N(d/2+1)
}

// due tells whether it is time for a delivery. One that was put off for longer
// than ever happens was entered while the clock was wrong, so it is due.
func (t tempo) due(d store.Delivery, now time.Time) bool {
	next := d.NextAt.Time()
	return !next.After(now) || next.After(now.Add(2*t.longest))
}

// owe enters what the export's remotes are to get.
func (a *act) owe(e segments.Export) error {
	var names []string
	for _, to := range remotesOf(e) {
		names = append(names, to.String())
	}
	if names == nil {
		return nil
	}
	return a.store.Owe(e.Name, names, e.Keep)
}

// clearOutbox removes the outbox of an export whose config has no remotes any
// more, once nothing waits there that is among the kept runs. The files are full
// of contacts.
func (a *act) clearOutbox(e segments.Export) error {
	folder := filepath.Join(string(a.outbox()), e.Name)
	if _, err := os.Stat(folder); slices.Contains(a.directories(e), a.outbox()) || err != nil {
		return nil
	}
	known, err := a.store.Deliveries(e.Name)
	kept, keptErr := a.store.RunsOf(e.Name, max(e.Keep, 1), segments.Published, segments.Released)
	if err := errors.Join(err, keptErr); err != nil {
		return err
	}
	for _, d := range known {
		if d.Status == store.Waiting && slices.ContainsFunc(kept, func(r segments.Run) bool { return r.ScheduledAt == d.ScheduledAt }) {
			return nil
		}
	}
	return os.RemoveAll(folder)
}

// strangerAge is how long winnow keeps what it wrote for itself of an export that
// the config has no more: whoever took one out by mistake puts it back in time.
const strangerAge = 7 * hygiene.Day

// clearStrangers removes the outboxes and the members of exports that left the
// config long ago. What readers were given stays.
func (a *act) clearStrangers() error {
	var names []string
	used := false // the outbox is a directory of the config, too
	for _, e := range a.config.Exports {
		names = append(names, e.Name)
		folders, _ := local.Split(e.To)
		used = used || slices.Contains(folders, a.outbox())
	}
	before := time.Now().Add(-strangerAge)
	err := a.store.PruneMembersOfOthers(names, before)
	folders, readErr := os.ReadDir(string(a.outbox()))
	if errors.Is(readErr, fs.ErrNotExist) || used {
		return err
	}
	for _, f := range folders {
		info, infoErr := f.Info()
		if infoErr == nil && info.ModTime().Before(before) && !slices.Contains(names, f.Name()) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(string(a.outbox()), f.Name())))
		}
	}
	return errors.Join(err, readErr)
}

// deliver brings the remotes of the export what they are to get: each the run
// begun first at first, as readers of deltas follow them, and each while the
// others have their trouble. Without hurry it leaves those alone that are not to
// be tried again yet. How it went is in the store; the error is of the store or
// of ctx.
func (a *act) deliver(ctx context.Context, e segments.Export, hurry bool) error {
	remotes := remotesOf(e)
	errs := make([]error, len(remotes))
	var all sync.WaitGroup
	for i, to := range remotes {
		all.Go(func() { errs[i] = a.deliverTo(ctx, e, to, hurry) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// delivering runs do while nobody else brings runs of the export to the remote,
// in whichever process. Sweeps, runs and other remotes go on meanwhile.
func (a *act) delivering(ctx context.Context, export string, to segments.Destination, do func() error) (err error) {
	remote := fnv.New64a()
	remote.Write([]byte(to.String()))
	lock := schedule.NewLock(fmt.Sprintf("%s.deliver-%s-%016x", a.store.Path(), export, remote.Sum64()))
	if err := lock.Acquire(ctx, a.busy); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	return do()
}

func (a *act) deliverTo(ctx context.Context, e segments.Export, to segments.Destination, hurry bool) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("deliver %s to %s: panic: %v; this is a fault of winnow", e.Name, to, p)
		}
	}()
	return a.delivering(ctx, e.Name, to, func() error {
		if err := a.owe(e); err != nil {
			return err
		}
		return a.deliverDue(ctx, e, to, hurry)
	})
}

func (a *act) deliverDue(ctx context.Context, e segments.Export, to segments.Destination, hurry bool) error {
	for {
		d, ok, err := a.firstWaiting(e.Name, to)
		if err != nil || !ok || !hurry && !deliveryTempo.due(d, time.Now()) {
			return err
		}
		if at, err := a.attempt(ctx, e, to, d); err != nil || at.Status == string(store.Waiting) {
			return err // what comes after it waits with it
		}
	}
}

func (a *act) firstWaiting(export string, to segments.Destination) (d store.Delivery, ok bool, err error) {
	list, err := a.store.Deliveries(export)
	i := slices.IndexFunc(list, func(d store.Delivery) bool { return d.Remote == to.String() && d.Status == store.Waiting })
	if err != nil || i < 0 {
		return store.Delivery{}, false, err
	}
	return list[i], true, nil
}

// attempt tries a delivery, a few times, enters how that went, and tells how the
// run stands there now.
func (a *act) attempt(ctx context.Context, e segments.Export, to segments.Destination, d store.Delivery) (arrival, error) {
	from, err := a.wholeCopy(ctx, e, d.Run)
	if err == nil {
		defer from.Close()
		err = a.try(ctx, e, to, &d, from.FS())
	}
	switch {
	case ctx.Err() != nil:
		return arrivalOf(d), ctx.Err() // nothing was learned of the remote
	case err != nil && d.Status == store.Delivered:
		// The store goes on knowing that it was there once.
		return arrival{To: d.Remote, Status: missing, Error: destination.Reason(err)}, nil
	case errors.Is(err, errNoCopy):
		d.Status, d.Error = store.Gone, err.Error()
	case err != nil:
		d.Status, d.Error = store.Waiting, destination.Reason(err)
		wait := deliveryTempo.again(d.Tries)
		if errors.Is(err, segments.ErrUnwelcome) {
			wait = deliveryTempo.longest
		}
		d.NextAt = hygiene.InstantOf(time.Now().Add(wait).Truncate(time.Second))
	default:
		d.Status, d.Error, d.DeliveredAt, d.NextAt = store.Delivered, "", hygiene.InstantOf(time.Now()), 0
	}
	err = a.store.EnterDelivery(d)
	if a.tried != nil {
		a.tried(d)
	}
	return arrivalOf(d), err
}

// try delivers, and after a short while again. Who is not welcome there does not
// knock again.
func (a *act) try(ctx context.Context, e segments.Export, to segments.Destination, d *store.Delivery, from fs.FS) error {
	for i := 0; ; i++ {
		d.Tries++
		err := a.send(ctx, e, to, d.Run, from)
		if err == nil || ctx.Err() != nil || i == len(deliveryTempo.pauses) || errors.Is(err, segments.ErrUnwelcome) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(jittered(deliveryTempo.pauses[i])):
		}
	}
}

// send brings a run somewhere, once.
func (a *act) send(ctx context.Context, e segments.Export, to segments.Destination, run string, from fs.FS) error {
	newest, _, err := a.store.LastRun(e.Name, segments.Published, segments.Released)
	if err != nil {
		return err
	}
	b, err := segments.OpenBundle(from, e.Name, run)
	if err != nil {
		return err
	}
	return to.Deliver(ctx, segments.Delivery{Bundle: b, Newest: newest.Name == run, Keep: max(e.Keep, 1), Progress: a.sent})
}

// errNoCopy says that no intact copy of the run is left on this machine, so that
// it can't be delivered.
var errNoCopy = errors.New("no whole copy of the run is left on this machine")

// wholeCopy opens the first copy of a published run on this machine that is as
// its manifest says. Without any the error is errNoCopy, unless one may be there
// where nobody can look now.
func (a *act) wholeCopy(ctx context.Context, e segments.Export, run string) (*os.Root, error) {
	why := []error{errNoCopy}
	var unknown error
	for _, d := range a.directories(e) {
		there, err := d.Open(e.Name, run)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			unknown = errors.Join(unknown, err)
			continue
		}
		b, err := segments.OpenBundle(there.FS(), e.Name, run)
		if err == nil {
			err = b.Verify(ctx)
		}
		if err == nil {
			return there, nil
		}
		there.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err() // nothing was learned of the copy
		}
		why = append(why, fmt.Errorf("in %s %w", d, err))
	}
	if unknown != nil {
		return nil, unknown
	}
	return nil, segments.Sentence(why)
}

// busy tells that another process delivers, which is waited for.
func (c *call) busy(holder int) {
	fmt.Fprintf(c.Stderr, "waiting for process %d, which brings runs of this export to the same server\n", holder)
}
