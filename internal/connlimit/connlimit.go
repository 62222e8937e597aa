// Package connlimit bounds the connections of an HTTP server, so that strangers who
// open connections and send nothing can't use up the descriptors that the store and
// the jobs need.
//
// A connection is idle except while it answers a request whose handler has called
// [Hold]. So one that has sent half a head is idle, and so is one with a request
// that no handler vouches for. When the limit is reached, each new connection closes
// the one that has been idle for longest, and for at least a [grace]. Only while there
// is none do new connections wait until there is, in the kernel's queue but for the
// first.
package connlimit

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// grace is how long a connection is left alone after it was accepted or answered, so
// that its client has the time to send a request however many others connect at the
// same moment. It bounds how many connections are accepted, to 20 a second for each
// that the limit allows: a longer one would let callbacks wait behind strangers.
const grace = 50 * time.Millisecond

// unreadFor is how soon the idle connections are looked at again when something unread
// has arrived on all of them.
const unreadFor = 5 * time.Millisecond

// Limit bounds the connections of one server.
type Limit struct {
	strangerIdle time.Duration

	mu      sync.Mutex
	free    sync.Cond // signaled when a connection ends or becomes idle
	max     int
	open    int
	idle    list.List // of *conn, the longest idle first
	evicted int64
	closed  bool
	onEvict func()
}

// Counts are the connections of a server.
type Counts struct {
	Open, Max int
	Evicted   int64 // closed to make room for others, since the start
}

// New returns a limit of max connections. A connection without a request that was
// held is closed once it has been idle for strangerIdle; the others have the
// server's own timeout. onEvict is called when a connection was closed to make room
// for another; it may be nil, and must not block.
func New(max int, strangerIdle time.Duration, onEvict func()) *Limit {
	if onEvict == nil {
		onEvict = func() {}
	}
	l := &Limit{max: max, strangerIdle: strangerIdle, onEvict: onEvict}
	l.free.L = &l.mu
	return l
}

// SetMax changes the limit. Connections above it are closed as they become idle.
func (l *Limit) SetMax(max int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.max = max
	l.evictExcess()
	l.free.Broadcast()
}

// Counts returns the present counts.
func (l *Limit) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Counts{Open: l.open, Max: l.max, Evicted: l.evicted}
}

// Listener returns the listener with the limit applied. The server that uses it must
// be one that [Limit.Watch] was called with.
func (l *Limit) Listener(inner net.Listener) net.Listener { return &listener{inner, l} }

// Watch makes the server report what its connections do.
func (l *Limit) Watch(s *http.Server) {
	s.ConnState = func(nc net.Conn, state http.ConnState) {
		if c := ours(nc); c != nil {
			c.changed(state)
		}
	}
	s.ConnContext = func(ctx context.Context, nc net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, ours(nc))
	}
}

type connKey struct{}

// ours is the connection of the limit that the server's connection is, or has
// beneath its TLS; nil for none.
func ours(nc net.Conn) *conn {
	if overTLS, ok := nc.(*tls.Conn); ok {
		nc = overTLS.NetConn()
	}
	c, _ := nc.(*conn)
	return c
}

// Hold keeps the connection of a request from being closed until the request is
// answered. From then on its client is not a stranger.
func Hold(request context.Context) {
	if c, _ := request.Value(connKey{}).(*conn); c != nil {
		c.hold()
	}
}

// victim is the connection that has been idle for longest, leaving out those whose
// client has sent something that the server has not read yet: a busy server must not take
// a callback for silence. It is nil when there is none. The caller holds the lock.
func (l *Limit) victim() *conn {
	for e := l.idle.Front(); e != nil; e = e.Next() {
		if c := e.Value.(*conn); !c.hasUnread() {
			return c
		}
	}
	return nil
}

// evict closes a connection to make room. The caller holds the lock.
func (l *Limit) evict(c *conn) {
	c.remove()
	_ = c.Conn.Close() // not through TLS: its goodbye would wait for the client
	l.evicted++
	l.onEvict()
}

// evictExcess closes idle connections until there are no more than the limit allows. The
// caller holds the lock.
func (l *Limit) evictExcess() {
	for l.open > l.max {
		c := l.victim()
		if c == nil {
			return
		}
		l.evict(c)
	}
}

// add counts a connection once there is room for it, which it makes by closing an idle
// one. It is nil when the listener was closed meanwhile.
func (l *Limit) add(inner net.Conn) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.open >= l.max && !l.closed {
		l.makeRoom()
	}
	if l.closed {
		return nil
	}
	l.open++
	c := &conn{Conn: inner, limit: l}
	c.rest()
	return c
}

// makeRoom closes an idle connection, or waits until something has changed. The caller
// holds the lock.
func (l *Limit) makeRoom() {
	if l.idle.Len() == 0 {
		l.free.Wait()
		return
	}
	left := grace - time.Since(l.idle.Front().Value.(*conn).since)
	if left <= 0 {
		if c := l.victim(); c != nil {
			l.evict(c)
			return
		}
		left = unreadFor
	}
	timer := time.AfterFunc(left, l.wake)
	l.free.Wait()
	timer.Stop()
}

// wake ends the waiting of makeRoom. It takes the lock, so that it can't come just before.
func (l *Limit) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free.Broadcast()
}

type listener struct {
	net.Listener
	limit *Limit
}

// Accept implements [net.Listener].
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
			l.limit.shrink() // something else took the descriptors; the server retries
		}
		return nil, err
	}
	if counted := l.limit.add(c); counted != nil {
		return counted, nil
	}
	_ = c.Close()
	return nil, net.ErrClosed
}

// Close implements [net.Listener].
func (l *listener) Close() error {
	l.limit.mu.Lock()
	l.limit.closed = true
	l.limit.free.Broadcast()
	l.limit.mu.Unlock()
	return l.Listener.Close()
}

// shrink closes the longest idle connection, whatever the limit.
func (l *Limit) shrink() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.victim(); c != nil {
		l.evict(c)
	}
}
