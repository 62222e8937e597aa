package sftp

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

var (
	// stepTimeout is how long a server may take for an answer, whatever else it sends.
	stepTimeout = 30 * time.Second
	// slowTimeout is the same while a server writes a file to its disk, or copies
	// it to another name, as gateways to S3 do.
	slowTimeout = 10 * time.Minute
)

// maxUnasked is how many bytes may arrive from one answer to the next, and until the
// first. The longest answer takes 256 KiB.
const maxUnasked = 4 << 20

var errUnasked = errors.New("the server sends more than it was asked for")

// line is the connection below SSH. It ends when an answer takes too long, and when
// more bytes arrive than are allowed. What SSH itself sends and answers, such as
// debug messages and keepalives, does not count: a server could go on with that forever.
type line struct {
	net.Conn
	slow              atomic.Bool
	received, allowed atomic.Int64 // allowed is 0 for no limit
	answeredAt        atomic.Int64 // received when the last answer had arrived

	mu      sync.Mutex
	waiting int   // requests of SFTP without an answer
	first   error // the first that happened
}

// Read implements [net.Conn].
func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	got, limit := l.received.Add(int64(n)), l.allowed.Load()
	switch {
	case limit > 0 && got > limit:
		err = errEndless
	case got-l.answeredAt.Load() > maxUnasked:
		err = errUnasked
	default:
		return n, l.record(err)
	}
	l.record(err)
	l.Close()
	return n, err
}

// Write implements [net.Conn].
func (l *line) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	return n, l.record(err)
}

// asked gives a request of SFTP its time.
func (l *line) asked() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting++
	l.SetDeadline(l.deadline()) // an error shows at the next read
}

// answered gives the requests that still wait their time, from now on. While none
// waits, the line may be silent.
func (l *line) answered() {
	l.answeredAt.Store(l.received.Load())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting = max(0, l.waiting-1); l.waiting > 0 {
		l.SetDeadline(l.deadline())
	} else {
		l.SetDeadline(time.Time{})
	}
}

func (l *line) deadline() time.Time {
	if l.slow.Load() {
		return time.Now().Add(slowTimeout)
	}
	return time.Now().Add(stepTimeout)
}

func (l *line) record(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == nil {
		l.first = err
	}
	return err
}

// err is the first error of the line, nil while it works.
func (l *line) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

// requests is the stream of requests of SFTP to the server.
type requests struct {
	io.WriteCloser
	line *line
	packets
}

// Write implements [io.Writer].
func (r *requests) Write(b []byte) (int, error) {
	begun, _ := r.scan(b)
	for range begun {
		r.line.asked()
	}
	return r.WriteCloser.Write(b)
}

// answers is the stream of the server's answers.
type answers struct {
	io.Reader
	line *line
	packets
}

// Read implements [io.Reader].
func (a *answers) Read(b []byte) (int, error) {
	n, err := a.Reader.Read(b)
	_, ended := a.scan(b[:n])
	for range ended {
		a.line.answered()
	}
	return n, err
}

// packets finds the packets in a stream of SFTP. Each begins with its length.
type packets struct {
	head []byte // the part of the length that is known
	rest int64  // bytes that the packet still has
}

// scan reads on, and counts the packets that begin and that end in b.
func (p *packets) scan(b []byte) (begun, ended int) {
	for len(b) > 0 {
		if p.rest > 0 {
			n := min(p.rest, int64(len(b)))
			if b, p.rest = b[n:], p.rest-n; p.rest == 0 {
				ended++
			}
			continue
		}
		if len(p.head) == 0 {
			begun++
		}
		n := min(4-len(p.head), len(b))
		p.head, b = append(p.head, b[:n]...), b[n:]
		if len(p.head) == 4 {
			p.rest, p.head = int64(binary.BigEndian.Uint32(p.head)), p.head[:0]
			if p.rest == 0 {
				ended++
			}
		}
	}
	return begun, ended
}
