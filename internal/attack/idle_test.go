package attack

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// idle keeps a connection open that has sent no more than this, until ctx ends. When
// the server closes it, another is opened. It calls opened once it is open.
func idle(ctx context.Context, address, sent string, opened func()) {
	opened = sync.OnceFunc(opened)
	defer opened()
	for ctx.Err() == nil {
		if conn, err := net.Dial("tcp", address); err == nil {
			_, _ = io.WriteString(conn, sent)
			opened()
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			_, _ = io.Copy(io.Discard, conn)
			stop()
			conn.Close()
		}
		select {
		case <-ctx.Done():
		case <-time.After(3 * time.Second):
		}
	}
}

func TestAThousandIdleConnectionsStopNothing(t *testing.T) {
	x := start(t, "ulimit -n 256; ", false)
	end := time.Now().Add(*lasting)
	ctx, cancel := context.WithDeadline(t.Context(), end)
	defer cancel()
	var idlers, opened sync.WaitGroup
	opened.Add(1100)
	for i := range 1000 {
		sent := []string{
			"",
			"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
			"POST /callbacks/" + token + " HTTP/1.1\r\nHost: x\r\nX-Half: ",
			"GET /callbacks/" + token + " HTTP/1.1\r\nHost: x\r\n\r\n",
			"POST /unknown HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
		}[i%5]
		idlers.Go(func() { idle(ctx, x.public, sent, opened.Done) })
	}
	for range 100 {
		idlers.Go(func() { idle(ctx, x.private, "GET /api/v1/status HTTP/1.1\r\nHost: x\r\n\r\n", opened.Done) })
	}
	opened.Wait()
	x.work(t, time.Until(end))
	cancel()
	idlers.Wait()
	x.admin(t, client(), http.MethodGet, "/api/v1/status")
}

// mostMemory is what a daemon may hold, in MiB, however many connections strangers open.
const mostMemory = 320

// Crowds of strangers: how many connections, what each has sent, and whether it goes on with
// a byte a second.
var crowds = []struct {
	name  string
	n     int
	sent  string
	drips bool
}{
	{"idle", 10_000, "", false},
	{"half a head", 10_000, "POST /callbacks/" + token + " HTTP/1.1\r\nHost: x\r\nX-Half: ", false},
	{"half a body", 3_000, "POST /callbacks/" + token + " HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n{\"id\":", false},
	{"a head of a byte a second", 1_000, "POST /callbacks/" + token + " HTTP/1.1\r\nHost: x\r\nX-Slow: ", true},
	{"a body of a byte a second", 1_000, "POST /callbacks/" + token + " HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n{\"id\":\"", true},
}

func TestCrowdsOfStrangersStopNothing(t *testing.T) {
	for _, crowd := range crowds {
		t.Run(crowd.name, func(t *testing.T) {
			n := crowd.n
			var limit syscall.Rlimit
			if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
				t.Fatal(err)
			}
			if most := int(limit.Max) - 1000; n > most {
				t.Logf("this process may open %d files: %d connections instead of %d", limit.Max, most, n)
				n = most
			}
			x := start(t, "", false)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var all, opened sync.WaitGroup
			var longest longestLife
			opened.Add(n)
			for range n {
				if crowd.drips {
					all.Go(func() { drip(ctx, x.public, crowd.sent, opened.Done, &longest) })
				} else {
					all.Go(func() { idle(ctx, x.public, crowd.sent, opened.Done) })
				}
			}
			opened.Wait()
			lasts := *lasting
			if crowd.drips {
				lasts = max(lasts, 45*time.Second) // until the first are cut off
			}
			x.work(t, lasts)
			cancel()
			all.Wait()
			if peak := x.peak(t); peak > mostMemory {
				t.Errorf("the daemon held %d MiB, at most %d are wanted", peak, mostMemory)
			}
			if crowd.drips {
				t.Logf("%d connections of a byte a second were cut off, the last after %v", longest.n.Load(), longest.longest().Round(time.Second/10))
				if longest.n.Load() == 0 || longest.longest() > time.Minute {
					t.Error("connections of a byte a second are not cut off")
				}
			}
		})
	}
}

// longestLife keeps how long connections lasted that the server closed.
type longestLife struct {
	n     atomic.Int64
	mu    sync.Mutex
	lives []time.Duration
}

func (l *longestLife) add(d time.Duration) {
	l.n.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lives = append(l.lives, d)
}

func (l *longestLife) longest() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lives) == 0 {
		return 0
	}
	return slices.Max(l.lives)
}

// drip sends a byte a second on a connection until the server closes it, and then on
// another one, until ctx ends.
func drip(ctx context.Context, address, sent string, opened func(), lives *longestLife) {
	opened = sync.OnceFunc(opened)
	defer opened()
	for ctx.Err() == nil {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			continue
		}
		began := time.Now()
		_, _ = io.WriteString(conn, sent)
		opened()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_, _ = io.Copy(io.Discard, conn)
		}()
		for open := true; open; {
			select {
			case <-ctx.Done():
				open = false
			case <-closed:
				lives.add(time.Since(began))
				open = false
			case <-time.After(time.Second):
				_, _ = io.WriteString(conn, "x")
			}
		}
		conn.Close()
	}
}
