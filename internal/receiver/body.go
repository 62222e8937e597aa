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
)

// MaxBody is the most bytes that a body may have, as sent and as inflated.
const MaxBody = 1 << 20

var errTooLarge = fmt.Errorf("the body is larger than %d bytes", MaxBody)

const (
	// silence is how long a sender may send nothing in the midst of a body.
	silence = 10 * time.Second
	// bodyTime is how long a body may take to arrive.
	bodyTime = 30 * time.Second
)

// arriving is a body on its way in. Whoever stops sending is given up soon;
// whoever sends a little now and then, at the end of bodyTime. For the first
// piece the server's own limit stands, so that a body of one piece, as callbacks
// are, pays for no other.
type arriving struct {
	begun      bool
	body       io.Reader
	connection http.ResponseController
	end        time.Time
}

func arrivingFrom(w http.ResponseWriter, req *http.Request) *arriving {
	return &arriving{body: req.Body, connection: *http.NewResponseController(w), end: time.Now().Add(bodyTime)}
}

// Read implements [io.Reader].
func (a *arriving) Read(p []byte) (int, error) {
	if a.begun {
		deadline := time.Now().Add(silence)
		if deadline.After(a.end) {
			deadline = a.end
		}
		_ = a.connection.SetReadDeadline(deadline) // where there are none, the server's own limit stands
	}
	a.begun = true
	return a.body.Read(p)
}

// firstPiece is the buffer that every body begins with. Connections may be many
// and what they send little, so it is small.
const firstPiece = 4 << 10

// buffers are for bodies on their way in: what is made of a body is copied.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, firstPiece); return &b }}

// release gives a buffer back for the next body. A large one is not: the next
// body would have it without an account.
func release(buffer *[]byte) {
	if cap(*buffer) <= smallBody {
		*buffer = (*buffer)[:0]
		buffers.Put(buffer)
	}
}

// readAll appends all that r has to the empty buffer, up to MaxBody bytes. The
// buffer grows on the account.
func readAll(buffer []byte, r io.Reader, a *account) ([]byte, error) {
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
			if buffer, err = a.grow(buffer); err != nil {
				return buffer, err
			}
		}
	}
}

var inflaters = sync.Pool{New: func() any { return new(gzip.Reader) }}

// inflate appends what the gzip in body holds to the empty buffer. However much
// that is, no more than MaxBody bytes of it are made.
func inflate(buffer, body []byte, a *account) ([]byte, error) {
	z := inflaters.Get().(*gzip.Reader)
	defer inflaters.Put(z)
	if err := z.Reset(bytes.NewReader(body)); err != nil {
		return buffer, err
	}
	return readAll(buffer, z, a)
}

// encodingOf is the Content-Encoding in small letters; empty for none.
func encodingOf(req *http.Request) string {
	encodings := req.Header["Content-Encoding"]
	if len(encodings) == 0 {
		return ""
	}
	return strings.ToLower(strings.TrimSpace(strings.Join(encodings, ",")))
}
