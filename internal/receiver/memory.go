package receiver

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"golang.org/x/sync/semaphore"

	"winnow/hygiene"
	"winnow/hygiene/provider"
)

const (
	// maxLargeBodies is how many bytes of memory all large bodies together may take.
	maxLargeBodies = 64 << 20
	// smallBody is the size in bytes up to which a body counts for nothing.
	smallBody = 16 << 10
	// maxMemoryWait is how long a body waits for memory.
	maxMemoryWait = 100 * time.Millisecond
)

var errBusy = fmt.Errorf("large bodies already take %d MiB of memory", maxLargeBodies>>20)

// memoryLimit bounds the memory that large bodies take until they are stored.
type memoryLimit struct{ free *semaphore.Weighted }

func newMemoryLimit() *memoryLimit {
	return &memoryLimit{semaphore.NewWeighted(maxLargeBodies)}
}

// acquire takes that many bytes, waiting at most maxMemoryWait: the provider
// retries, so a longer wait gains nothing. It fails with errBusy.
func (m *memoryLimit) acquire(ctx context.Context, bytes int64) error {
	if m.free.TryAcquire(bytes) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, maxMemoryWait)
	defer cancel()
	if m.free.Acquire(ctx, bytes) != nil {
		return errBusy
	}
	return nil
}

// reservation is the part of the limit that one body has: what it takes in memory
// now, not what it may grow to. So announcing a large body and sending little of
// it costs nothing. Small bodies reserve nothing, so the usual callback never
// waits for large ones; the number of connections bounds what small ones take.
type reservation struct {
	limit   *memoryLimit
	ctx     context.Context // of the request
	bytes   int64
	buffers int64 // the part of bytes that large buffers take
}

// resize changes the reservation to that many bytes. It waits for what is
// missing and gives back what is too much.
func (r *reservation) resize(bytes int64) error {
	if bytes > r.bytes {
		if err := r.limit.acquire(r.ctx, bytes-r.bytes); err != nil {
			return err
		}
	} else {
		r.limit.free.Release(r.bytes - bytes)
	}
	r.bytes = bytes
	return nil
}

// release gives all of it back.
func (r *reservation) release() { _ = r.resize(0) }

// growBuffer doubles the buffer's capacity, up to one byte more than a body may
// have.
func (r *reservation) growBuffer(buffer []byte) ([]byte, error) {
	size := 2 * cap(buffer)
	if size >= MaxBody {
		size = MaxBody + 1
	}
	buffers := r.buffers + chargeable(int64(size), smallBody) - chargeable(int64(cap(buffer)), smallBody)
	if err := r.resize(buffers); err != nil {
		return buffer, err
	}
	r.buffers = buffers
	return append(make([]byte, 0, size), buffer...), nil
}

// chargeable is what so many bytes count for: nothing up to the free size, all of
// them beyond it.
func chargeable(bytes, free int64) int64 {
	if bytes <= free {
		return 0
	}
	return bytes
}

// copies is how many times the bytes of a body are in memory once it is split,
// in addition to the buffers: as text, and as the bodies of its events.
const copies = 2

// forSplit reserves what splitting a body of that length takes.
func (r *reservation) forSplit(length int) error {
	return r.resize(r.buffers + chargeable(copies*int64(length), copies*smallBody))
}

var (
	eventBytes      = int64(reflect.TypeFor[hygiene.Event]().Size())
	unreadableBytes = int64(reflect.TypeFor[hygiene.Unreadable]().Size())
)

// forEvents reserves what remains of a split body once its buffers are given back.
// Many tiny objects make that much for a small body too. What ordinary callbacks
// become is free, up to an event for every 64 bytes. Of some bodies each event is stored
// with what stands around it, so that all together are longer than the body.
func (r *reservation) forEvents(length int, is *provider.Reading) error {
	const free = (copies + 4) * smallBody
	r.buffers = 0
	bodies := 0
	for i := range is.Events {
		bodies += len(is.Events[i].Body)
	}
	for i := range is.Unreadable {
		bodies += len(is.Unreadable[i].Body)
	}
	bytes := copies*length + max(0, bodies-length)
	return r.resize(chargeable(int64(bytes)+int64(cap(is.Events))*eventBytes+int64(cap(is.Unreadable))*unreadableBytes, free))
}
