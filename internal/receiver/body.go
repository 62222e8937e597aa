package receiver

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
)

// MaxBody is the largest body accepted, in bytes, as sent and as inflated.
const MaxBody = 1 << 20

var errTooLarge = fmt.Errorf("the body is larger than %d bytes", MaxBody)

const (
	// bodyIdleTimeout is how long a sender may pause within a body.
	bodyIdleTimeout = 10 * time.Second
	// bodyTimeout is how long a whole body may take to arrive.
	bodyTimeout = 30 * time.Second
)

// bodyReader reads a request's body under two deadlines: one ends a sender that
// stops, the other one that sends a little now and then. The first read is left to
// the server's own timeout, so that a body that arrives in one piece, as callbacks
// do, does not pay for setting a deadline.
type bodyReader struct {
	started    bool
	body       io.Reader
	connection http.ResponseController
	end        time.Time
}

func newBodyReader(w http.ResponseWriter, req *http.Request) *bodyReader {
	return &bodyReader{body: req.Body, connection: *http.NewResponseController(w), end: time.Now().Add(bodyTimeout)}
}

// Read implements [io.Reader].
func (b *bodyReader) Read(p []byte) (int, error) {
	if b.started {
		deadline := time.Now().Add(bodyIdleTimeout)
		if deadline.After(b.end) {
			deadline = b.end
		}
		_ = b.connection.SetReadDeadline(deadline) // where it is not supported, the server's own timeout holds
	}
	b.started = true
	return b.body.Read(p)
}

// keptOfLarge is how much is kept of a body that is too large, in bytes, and maxDiscarded
// how much of the rest is read, so that the provider takes the answer for one.
const (
	keptOfLarge  = 64 << 10
	maxDiscarded = 16 * MaxBody
)

// drain reads what is left of a body.
func drain(body io.Reader) { _, _ = io.CopyN(io.Discard, body, maxDiscarded) }

// beginning is what is kept of a body that is too large.
func (s *Source) beginning(req *http.Request, body []byte, now hygiene.Instant) (provider.Reading, error) {
	return s.broken(req, errTooLarge.Error()+"; only its beginning was kept", append(body[:keptOfLarge:keptOfLarge], "…"...), now)
}

// refusesMore reports whether what is too much is refused: the provider sends it again.
func (s *Source) refusesMore() bool { return s.Reader.Format().RefuseMore }

// initialBuffer is the capacity of the buffer that every body starts with. It is
// small because there may be many connections that send little.
const initialBuffer = 4 << 10

// buffers hold bodies while they are read; what is made of a body is a copy.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, initialBuffer); return &b }}

// putBuffer returns a buffer to the pool. A large one is dropped: the next body
// would have it without a reservation.
func putBuffer(buffer *[]byte) {
	if cap(*buffer) <= smallBody {
		*buffer = (*buffer)[:0]
		buffers.Put(buffer)
	}
}

// readAll appends all of r to the empty buffer, up to MaxBody bytes. What the
// buffer grows by is reserved.
func readAll(buffer []byte, r io.Reader, memory *reservation) ([]byte, error) {
	for {
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
		if len(buffer) == cap(buffer) {
			if buffer, err = memory.growBuffer(buffer); err != nil {
				return buffer, err
			}
		}
	}
}

var gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}

// inflate appends the content of the gzip in body to the empty buffer. It stops
// after MaxBody bytes, however much more there is.
func inflate(buffer, body []byte, memory *reservation) ([]byte, error) {
	z := gzipReaders.Get().(*gzip.Reader)
	defer gzipReaders.Put(z)
	if err := z.Reset(bytes.NewReader(body)); err != nil {
		return buffer, err
	}
	return readAll(buffer, z, memory)
}

// contentEncoding is the request's Content-Encoding in lower case; empty for none.
func contentEncoding(req *http.Request) string {
	encodings := req.Header["Content-Encoding"]
	if len(encodings) == 0 {
		return ""
	}
	return strings.ToLower(strings.TrimSpace(strings.Join(encodings, ",")))
}
