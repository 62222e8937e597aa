package receiver

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"winnow/hygiene/provider"
)

// MaxBody is the most bytes that a body may have, as sent and as inflated.
const MaxBody = 1 << 20

var errTooLarge = fmt.Errorf("the body is larger than %d bytes", MaxBody)

// buffers are for bodies on their way in: what is made of a body is copied.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// release gives a buffer back for the next body. The few large ones are not
// worth keeping.
func release(buffer *[]byte) {
	const worthKeeping = 64 << 10
	if cap(*buffer) <= worthKeeping {
		*buffer = (*buffer)[:0]
		buffers.Put(buffer)
	}
}

// readAll appends all that r has to the empty buffer, up to MaxBody bytes.
func readAll(buffer []byte, r io.Reader) ([]byte, error) {
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := r.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		switch {
		case len(buffer) > MaxBody:
			return buffer, errTooLarge
		case err == io.EOF:
			return buffer, nil
		case err != nil:
			return buffer, err
		}
	}
}

var inflaters = sync.Pool{New: func() any { return new(gzip.Reader) }}

// inflate appends what the gzip in body holds to the empty buffer. However much
// that is, no more than MaxBody bytes of it are made.
func inflate(buffer, body []byte) ([]byte, error) {
	z := inflaters.Get().(*gzip.Reader)
	defer inflaters.Put(z)
	if err := z.Reset(bytes.NewReader(body)); err != nil {
		return buffer, err
	}
	return readAll(buffer, z)
}

// encodingOf is the Content-Encoding in small letters; empty for none.
func encodingOf(req *http.Request) string {
	encodings := req.Header["Content-Encoding"]
	if len(encodings) == 0 {
		return ""
	}
	return strings.ToLower(strings.TrimSpace(strings.Join(encodings, ",")))
}

const (
	// budgetBytes is how much memory all bodies together may take.
	budgetBytes = 64 << 20
	// copies is how often the bytes of a body are in memory until it is stored:
	// as read, as text, as the bodies of its events.
	copies = 3
	// entryBytes is what an event takes beside its bytes, in an array that grew.
	entryBytes = 256
	// patience is how long a body waits for memory.
	patience = 100 * time.Millisecond
)

var errBusy = fmt.Errorf("bodies of over %d MiB are being taken in", budgetBytes>>20)

// budget bounds the memory that bodies take, from their first byte until they
// are stored.
type budget struct{ left *semaphore.Weighted }

func newBudget() *budget { return &budget{semaphore.NewWeighted(budgetBytes)} }

// take waits for that many bytes, for a moment only: who waits long is better
// off coming again.
func (b *budget) take(ctx context.Context, bytes int64) bool {
	if b.left.TryAcquire(bytes) {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return b.left.Acquire(ctx, bytes) == nil
}

func (b *budget) give(bytes int64) { b.left.Release(bytes) }

// costOf is the most memory that the body of a request may take. It is reckoned
// before anything is read, so that whoever has begun never waits again.
func costOf(req *http.Request) int64 {
	size := req.ContentLength
	if size < 0 {
		size = MaxBody
	}
	if encodingOf(req) != "" {
		size += MaxBody
	}
	// An element may be two bytes long; as no event it takes half an event.
	entries := min(size/4*entryBytes, provider.MaxObjects*entryBytes)
	return copies*size + entries
}
