package load

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// gets are so many requests for a path.
type gets struct {
	path string
	body string

	mu      sync.Mutex
	left    int
	answers []Answer
}

func (g *gets) Next() (Job[int], bool) {
	g.left--
	return Job[int]{Key: g.left}, g.left >= 0
}

func (g *gets) Request(int) *Request {
	return &Request{Method: "POST", Target: g.path, Header: [][2]string{{"Content-Type", "text/plain"}}, Body: []byte(g.body)}
}

func (g *gets) Done(_ int, a Answer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answers = append(g.answers, a)
}

// serve is a server with that handler.
func serve(t *testing.T, handle http.HandlerFunc) *url.URL {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func TestRequestsArriveWholeAndTheirAnswersAreCounted(t *testing.T) {
	var mu sync.Mutex
	got := map[string]int{}
	to := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		got[r.Method+" "+r.RequestURI+" "+r.Header.Get("Content-Type")+" "+string(body)]++
		n := got["POST /a?b=c text/plain hello"]
		mu.Unlock()
		if n%10 == 0 {
			http.Error(w, strings.Repeat("busy ", 5000), http.StatusServiceUnavailable)
		}
		if n%7 == 0 {
			w.Header().Set("Connection", "close")
		}
	})
	work, record := &gets{path: "/a?b=c", body: "hello", left: 500}, NewRecorder(time.Now(), time.Second, nil)
	Run(t.Context(), Options{To: to, Connections: 8, Timeout: 10 * time.Second}, work, record)
	m := record.End()
	if len(got) != 1 || got["POST /a?b=c text/plain hello"] != 500 {
		t.Errorf("the server got %v", got)
	}
	if m.Answers != 500 || m.Failures != 0 || m.Statuses[200] != 450 || m.Statuses[503] != 50 || len(work.answers) != 500 {
		t.Errorf("%+v", m)
	}
}

func TestARequestWithoutAnAnswerIsUncertainOnlyIfItWasSent(t *testing.T) {
	to := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		panic(http.ErrAbortHandler)
	})
	work, record := &gets{path: "/", left: 1}, NewRecorder(time.Now(), time.Second, nil)
	Run(t.Context(), Options{To: to, Connections: 1, Timeout: 10 * time.Second}, work, record)
	if a := work.answers[0]; a.Status != 0 || !a.Sent || a.Err == nil {
		t.Errorf("a connection that was cut: %+v", a)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	work = &gets{path: "/", left: 1}
	Run(t.Context(), Options{To: &url.URL{Scheme: "http", Host: closed.Addr().String()}, Connections: 1, Timeout: 10 * time.Second}, work, record)
	if a := work.answers[0]; a.Status != 0 || a.Sent || a.Err == nil {
		t.Errorf("nobody listens: %+v", a)
	}
	if m := record.End(); m.Failures != 2 || m.Answers != 0 || m.Why == nil {
		t.Errorf("%+v", m)
	}
}

// pausing answers immediately, but for a pause of a second in the middle, during which nothing
// is answered.
type pausing struct{ pauses, ends time.Time }

func (p pausing) dial() net.Conn {
	client, server := net.Pipe()
	go func() {
		buffer := make([]byte, 4096)
		for {
			if _, err := server.Read(buffer); err != nil {
				return
			}
			if now := time.Now(); now.After(p.pauses) && now.Before(p.ends) {
				time.Sleep(time.Until(p.ends))
			}
			if _, err := io.WriteString(server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err != nil {
				return
			}
		}
	}()
	return client
}

func TestALatencyAtARateCountsFromWhenTheRequestWasDue(t *testing.T) {
	for name, c := range map[string]struct {
		rate     float64
		slowFrom float64 // share of the requests that a pause makes slow
		slowTo   float64
	}{
		"at a rate":                 {100, .09, .13},
		"as fast as it is answered": {0, 0, .01},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				p := pausing{began.Add(5 * time.Second), began.Add(6 * time.Second)}
				var mu sync.Mutex
				var open []net.Conn
				dial := func(context.Context) (net.Conn, error) {
					conn := p.dial()
					mu.Lock()
					open = append(open, conn)
					mu.Unlock()
					return conn, nil
				}
				record := NewRecorder(began, time.Second, nil)
				work := &timed{until: began.Add(10 * time.Second), left: 1000, closed: c.rate == 0}
				Run(t.Context(), Options{To: &url.URL{Scheme: "http", Host: "x"}, Dial: dial, Connections: 1, Rate: c.rate, Timeout: time.Minute}, work, record)
				for _, conn := range open {
					conn.Close()
				}
				m := record.End()
				slow := 0.0
				for at := 0.; at < 100; at += .1 {
					if time.Duration(record.all.ValueAtQuantile(at)) > 10*time.Millisecond {
						slow += .001
					}
				}
				if slow < c.slowFrom || slow > c.slowTo || m.Max < 900*time.Millisecond || m.Answers != 1000 {
					t.Errorf("%.3f of %d requests were slow, the slowest %v", slow, m.Answers, m.Max)
				}
			})
		})
	}
}

// timed is work of so many requests; of a connection that sends one after the other there is a
// hundredth of a second between them.
type timed struct {
	until  time.Time
	left   int
	closed bool
}

func (w *timed) Next() (Job[int], bool) {
	if w.left--; w.closed {
		time.Sleep(10 * time.Millisecond)
	}
	return Job[int]{Key: w.left}, w.left >= 0
}

func (w *timed) Request(int) *Request { return &Request{Method: "POST", Target: "/"} }
func (w *timed) Done(int, Answer)     {}

func TestARateIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var open []net.Conn
		var mu sync.Mutex
		dial := func(context.Context) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			conn := pausing{}.dial()
			open = append(open, conn)
			return conn, nil
		}
		record := NewRecorder(began, time.Second, nil)
		Run(t.Context(), Options{To: &url.URL{Scheme: "http", Host: "x"}, Dial: dial, Connections: 10, Rate: 250, Timeout: time.Minute}, &timed{left: 1000}, record)
		for _, conn := range open {
			conn.Close()
		}
		m := record.End()
		if took := time.Since(began); took != 3996*time.Millisecond || math.Abs(m.PerSecond()-250) > 1 {
			t.Errorf("1000 requests at 250 a second took %v: %.1f a second", took, m.PerSecond())
		}
		if len(m.Intervals) != 4 || m.Intervals[1].Answers != 250 {
			t.Errorf("%+v", m.Intervals)
		}
	})
}

func TestAnInterruptEndsTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		record := NewRecorder(time.Now(), time.Second, nil)
		refuse := func(context.Context) (net.Conn, error) { return nil, errors.New("refused") }
		Run(ctx, Options{To: &url.URL{Scheme: "http", Host: "x"}, Dial: refuse, Connections: 2, Rate: 10, Timeout: time.Minute}, &timed{left: 1000}, record)
		if m := record.End(); m.Failures < 9 || m.Failures > 11 {
			t.Errorf("%d requests in a second at 10 a second", m.Failures)
		}
	})
}
