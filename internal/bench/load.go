package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Answered is what came of a load of callbacks.
type Answered struct {
	Count    int // requests that were answered 200; any other answer ends the load
	Took     time.Duration
	P50, P99 time.Duration // from the request to the end of the answer
}

// PerSecond is how many requests were answered a second.
func (a Answered) PerSecond() float64 { return float64(a.Count) / a.Took.Seconds() }

// Load posts callbacks until ctx ends, on each connection as soon as the previous one is
// answered. body makes the body of the callback with that number, from 1; it may be called
// by several goroutines.
func Load(ctx context.Context, to string, connections int, body func(n int64) []byte) (a Answered, err error) {
	target, err := url.Parse(to)
	if err != nil {
		return a, err
	}
	var count atomic.Int64
	took, errs := make([][]time.Duration, connections), make([]error, connections)
	var wg sync.WaitGroup
	began := time.Now()
	for i := range connections {
		wg.Go(func() {
			took[i], errs[i] = loadConnection(ctx, target, func() []byte { return body(count.Add(1)) })
		})
	}
	wg.Wait()
	a.Took = time.Since(began)
	all := slices.Concat(took...)
	if err := errors.Join(errs...); err != nil || len(all) == 0 {
		return a, errors.Join(err, fmt.Errorf("%d callbacks were answered", len(all)))
	}
	slices.Sort(all)
	a.Count, a.P50, a.P99 = len(all), all[len(all)/2], all[len(all)*99/100]
	return a, nil
}

// loadConnection posts callbacks on one connection, at least one, and returns how long each
// took.
func loadConnection(ctx context.Context, target *url.URL, next func() []byte) (took []time.Duration, err error) {
	conn, err := net.Dial("tcp", target.Host)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for len(took) == 0 || ctx.Err() == nil {
		body := next()
		began := time.Now()
		if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: winnow\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", target.Path, len(body), body); err != nil {
			return took, err
		}
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return took, err
		}
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			return took, err
		}
		if answer.StatusCode != http.StatusOK {
			return took, fmt.Errorf("a callback was answered %s: %s", answer.Status, text)
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// LoadFor is [Load] for a while.
func LoadFor(ctx context.Context, to string, connections int, lasting time.Duration, body func(n int64) []byte) (Answered, error) {
	ctx, stop := context.WithTimeout(ctx, lasting)
	defer stop()
	return Load(ctx, to, connections, body)
}
