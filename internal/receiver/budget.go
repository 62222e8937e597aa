package receiver

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"golang.org/x/sync/semaphore"

	"winnow/hygiene"
)

const (
	// budgetBytes is how much memory all large bodies together may take.
	budgetBytes = 64 << 20
	// smallBody is how many bytes a body may have that is on nobody's account.
	smallBody = 16 << 10
	// patience is how long a body waits for memory.
	patience = 100 * time.Millisecond
)

var errBusy = fmt.Errorf("large bodies of over %d MiB are being taken in", budgetBytes>>20)

// budget bounds the memory that large bodies take until they are stored.
type budget struct{ left *semaphore.Weighted }

func newBudget() *budget { return &budget{semaphore.NewWeighted(budgetBytes)} }

// take waits for that many bytes, for a moment only: who waits long is better
// off coming again. It fails with errBusy.
func (b *budget) take(ctx context.Context, bytes int64) error {
	if b.left.TryAcquire(bytes) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if b.left.Acquire(ctx, bytes) != nil {
		return errBusy
	}
	return nil
}

// account is what one body has of the budget: as much as it takes in memory by
// now, never what it may come to. So it costs nothing to announce a large body
// and to send little of it. What is small is free, and the usual callback never
// waits for the large ones: what many small bodies take, the number of
// connections bounds.
type account struct {
	budget  *budget
	ctx     context.Context // of the request
	held    int64
	buffers int64 // of held, what the large buffers take
}

// hold makes it bytes that the account has. It waits for what is lacking and
// gives back what is too much.
func (a *account) hold(bytes int64) error {
	if bytes > a.held {
		if err := a.budget.take(a.ctx, bytes-a.held); err != nil {
			return err
		}
	} else {
		a.budget.left.Release(a.held - bytes)
	}
	a.held = bytes
	return nil
}

// close gives all back.
func (a *account) close() { _ = a.hold(0) }

// grow gives the buffer twice its room, at the most that for a byte too much.
func (a *account) grow(buffer []byte) ([]byte, error) {
	room := 2 * cap(buffer)
	if room >= MaxBody {
		room = MaxBody + 1
	}
	buffers := a.buffers + beyond(smallBody, int64(room)) - beyond(smallBody, int64(cap(buffer)))
	if err := a.hold(buffers); err != nil {
		return buffer, err
	}
	a.buffers = buffers
	return append(make([]byte, 0, room), buffer...), nil
}

// beyond is what so many bytes count for: nothing, up to the free ones.
func beyond(free, bytes int64) int64 {
	if bytes <= free {
		return 0
	}
	return bytes
}

// copies is how often the bytes of a body are in memory once it is split, beside
// the buffers: as text, and as the bodies of its events.
const copies = 2

// split holds what splitting a body of that length takes.
func (a *account) split(length int) error {
	return a.hold(a.buffers + beyond(copies*smallBody, copies*int64(length)))
}

var (
	eventBytes      = int64(reflect.TypeFor[hygiene.Event]().Size())
	unreadableBytes = int64(reflect.TypeFor[hygiene.Unreadable]().Size())
)

// keep holds what is left of a split body, the buffers being given back. It may
// be much for a small body too, of many tiny objects: what ordinary callbacks
// become is free, down to an event for every 64 bytes.
func (a *account) keep(length int, events []hygiene.Event, bad []hygiene.Unreadable) error {
	const free = (copies + 3) * smallBody
	a.buffers = 0
	return a.hold(beyond(free, copies*int64(length)+int64(cap(events))*eventBytes+int64(cap(bad))*unreadableBytes))
}
