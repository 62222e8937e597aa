// Package load sends requests at a rate, or as fast as they are answered, and measures how
// long the answers take.
//
// At a rate a request is due at its time, whether the one before was answered or not, and its
// latency counts from then: a server that stops for a second makes all requests of that second
// slow, and not the few that happened to be under way. (To measure from the sending alone is
// known as coordinated omission.) Without a rate each connection sends as soon as it has its
// answer, which finds out how much a server can do.
//
// Latencies are kept in an HDR histogram, so their memory does not grow and every percentile
// is as exact as the others.
package load

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"sync"
	"time"
)

// Options say how requests are sent.
type Options struct {
	To          *url.URL // whose scheme and host are called
	TLS         *tls.Config
	Connections int
	Rate        float64       // requests a second; 0 for as fast as they are answered
	Timeout     time.Duration // of one request
	// Dial connects; nil for over TCP, with TLS for https.
	Dial func(context.Context) (net.Conn, error)
}

// Job is a request that is sent.
type Job[K any] struct {
	Key K
	// Due is when it is to be sent; zero for its turn.
	Due time.Time
}

// Work is what is sent. Its methods but Next are called by many goroutines.
type Work[K any] interface {
	// Next is the next job; false when there is none left. It is called by one goroutine at
	// a time.
	Next() (Job[K], bool)
	// Request is the request of a job.
	Request(K) *Request
	// Done is called with the answer, and before Next is called for the last time.
	Done(K, Answer)
}

// pace says when the next request of its turn is due.
type pace struct {
	began time.Time
	rate  float64
	sent  int64
}

// next is when the next request is due.
func (p *pace) next() time.Time {
	if p.rate <= 0 {
		return time.Now()
	}
	due := p.began.Add(time.Duration(float64(p.sent) / p.rate * float64(time.Second)))
	p.sent++
	return due
}

// Run sends all work, and records the answers. It ends early when ctx does; then requests
// under way are still answered, or time out.
func Run[K any](ctx context.Context, o Options, work Work[K], record *Recorder) {
	if o.Dial == nil {
		o.Dial = func(ctx context.Context) (net.Conn, error) { return dial(ctx, o.To, o.TLS) }
	}
	var mu sync.Mutex
	p := &pace{began: time.Now(), rate: o.Rate}
	next := func() (Job[K], bool) {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil {
			return Job[K]{}, false
		}
		job, ok := work.Next()
		if ok && job.Due.IsZero() {
			job.Due = p.next()
		}
		return job, ok
	}
	var workers sync.WaitGroup
	for range o.Connections {
		workers.Go(func() {
			c := &connection{to: o.To, connect: o.Dial, timeout: o.Timeout}
			defer c.close()
			for {
				job, ok := next()
				if !ok || !sleepUntil(ctx, job.Due) {
					return
				}
				request := work.Request(job.Key)
				began := job.Due
				if o.Rate <= 0 {
					began = time.Now()
				}
				answer := c.do(context.WithoutCancel(ctx), request)
				record.add(time.Now(), began, answer)
				work.Done(job.Key, answer)
			}
		})
	}
	workers.Wait()
}

// sleepUntil waits for a time, and reports whether it came before ctx ended.
func sleepUntil(ctx context.Context, at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
