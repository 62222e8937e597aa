package connlimit

import (
	"container/list"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"
)

// conn is a connection that is counted. Its other fields are guarded by the limit's
// lock.
type conn struct {
	net.Conn
	limit     *Limit
	answering atomic.Bool // a whole head was read, and is not answered yet

	place *list.Element // in limit.idle; nil while held or gone
	since time.Time     // when place was taken
	known bool          // it had a request that was held
	gone  bool          // no longer counted
	timer *time.Timer   // closes a stranger's; nil when there is none
}

// changed follows the states of net/http: new, active once a whole head was read,
// idle once it was answered.
func (c *conn) changed(state http.ConnState) {
	switch state {
	case http.StateActive:
		c.answering.Store(true)
		if c.timer != nil { // a known client's connection has none, and needs no lock here
			c.touch()
		}
	case http.StateIdle:
		c.answering.Store(false)
		c.answered()
	}
}

// touch notes that a stranger's connection is in use. The caller is the connection's
// own goroutine, as of answered.
func (c *conn) touch() {
	c.limit.mu.Lock()
	defer c.limit.mu.Unlock()
	c.timer.Stop()
	c.timer = nil
	if c.place != nil {
		c.rest()
	}
}

// answered makes the connection idle.
func (c *conn) answered() {
	l := c.limit
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.gone {
		return
	}
	c.rest()
	if !c.known {
		c.timer = time.AfterFunc(l.strangerIdle, func() { _ = c.Conn.Close() }) // the server then closes c
	}
	l.evictExcess()
	l.free.Signal()
}

// rest puts the connection behind all that are idle. The caller holds the lock.
func (c *conn) rest() {
	c.since = time.Now()
	if c.place == nil {
		c.place = c.limit.idle.PushBack(c)
	} else {
		c.limit.idle.MoveToBack(c.place)
	}
}

// hold takes the connection off the idle ones.
func (c *conn) hold() {
	c.limit.mu.Lock()
	defer c.limit.mu.Unlock()
	c.known = true
	if c.place != nil {
		c.limit.idle.Remove(c.place)
		c.place = nil
	}
}

// remove stops counting the connection. The caller holds the lock.
func (c *conn) remove() {
	if c.gone {
		return
	}
	c.gone = true
	if c.timer != nil {
		c.timer.Stop()
	}
	if c.place != nil {
		c.limit.idle.Remove(c.place)
		c.place = nil
	}
	c.limit.open--
	c.limit.free.Signal()
}

// hasUnread reports whether bytes have arrived that the server has not read yet, though
// it waits for some. A client that does not read its answers can't keep its place by
// sending further requests.
func (c *conn) hasUnread() (unread bool) {
	inner, ok := c.Conn.(syscall.Conn)
	if !ok || c.answering.Load() {
		return false
	}
	raw, err := inner.SyscallConn()
	if err != nil {
		return false
	}
	err = raw.Control(func(fd uintptr) {
		var first [1]byte
		n, _, err := syscall.Recvfrom(int(fd), first[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		unread = err == nil && n > 0
	})
	return unread && err == nil
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	c.limit.mu.Lock()
	c.remove()
	c.limit.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite lets the server end its answer before it closes, so that a client whose
// body was refused reads why.
func (c *conn) CloseWrite() error {
	if inner, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return inner.CloseWrite()
	}
	return nil
}
