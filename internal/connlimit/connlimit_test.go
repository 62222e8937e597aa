package connlimit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are pipes.
type pipes struct {
	dialed chan net.Conn
	closed chan struct{}
	fail   chan error // of the next Accept
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.dialed:
		return c, nil
	case err := <-p.fail:
		return nil, err
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// site is a server with a limit. A request for /held is held until release gets a
// value; /known is held and answered, anything else is answered.
type site struct {
	t       *testing.T
	limit   *Limit
	pipes   pipes
	release chan struct{}
}

// serve runs test with a site of a limit, in a bubble of its own clock.
func serve(t *testing.T, max int, test func(s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &site{t, New(max, 30*time.Second, nil), pipes{make(chan net.Conn), make(chan struct{}), make(chan error)}, make(chan struct{})}
		server := &http.Server{IdleTimeout: 90 * time.Second, ReadHeaderTimeout: 5 * time.Second,
			Handler: http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
				switch req.URL.Path {
				case "/held":
					Hold(req.Context())
					<-s.release
				case "/known":
					Hold(req.Context())
				}
			})}
		s.limit.Watch(server)
		served := make(chan error)
		go func() { served <- server.Serve(s.limit.Listener(s.pipes)) }()
		test(s)
		close(s.release)
		synctest.Wait()
		server.Close()
		if err := <-served; err != http.ErrServerClosed {
			t.Error(err)
		}
		synctest.Wait()
		if c := s.limit.Counts(); c.Open != 0 {
			t.Errorf("%d connections are still counted", c.Open)
		}
	})
}

// client is a connection to a site.
type client struct {
	net.Conn
	ended chan struct{} // closed when the server has closed it
	in    chan string   // answers
}

// dial opens a connection. It is nil when the server does not accept one now.
func (s *site) dial() *client {
	s.t.Helper()
	ours, theirs := net.Pipe()
	synctest.Wait()
	select {
	case s.pipes.dialed <- theirs:
	case <-time.After(grace):
		return nil
	}
	c := &client{ours, make(chan struct{}), make(chan string, 10)}
	go func() {
		defer close(c.ended)
		for in := bufio.NewReader(ours); ; {
			answer, err := http.ReadResponse(in, nil)
			if err != nil {
				ours.Close()
				return
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			c.in <- answer.Status
		}
	}()
	synctest.Wait()
	return c
}

func (c *client) send(text string) {
	_, _ = io.WriteString(c, text)
	synctest.Wait()
}

// start sends a request without waiting for the server to read it.
func (c *client) start(path string) {
	go io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
}

func (c *client) get(path string) { c.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n") }

func (c *client) answered() bool {
	synctest.Wait()
	select {
	case <-c.in:
		return true
	default:
		return false
	}
}

func (c *client) open() bool {
	synctest.Wait()
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

func TestTheLongestIdleConnectionMakesRoom(t *testing.T) {
	serve(t, 3, func(s *site) {
		first, second, third := s.dial(), s.dial(), s.dial()
		time.Sleep(time.Second)
		first.get("/known") // so it is idle since now
		if !first.answered() {
			t.Fatal("not answered")
		}
		fourth := s.dial()
		if !first.open() || second.open() || !third.open() || !fourth.open() {
			t.Errorf("open: %t %t %t %t", first.open(), second.open(), third.open(), fourth.open())
		}
		if c := s.limit.Counts(); c != (Counts{Open: 3, Max: 3, Evicted: 1}) {
			t.Errorf("%+v", c)
		}
	})
}

func TestHalfAHeadIsIdle(t *testing.T) {
	serve(t, 2, func(s *site) {
		for n := range 10 {
			half := s.dial()
			half.send("POST /known HTTP/1.1\r\nHost: x\r\nX-Filler: ")
			whole := s.dial()
			whole.get("/known")
			if !whole.answered() {
				t.Fatalf("round %d: not answered", n)
			}
			whole.Close()
		}
	})
}

func TestAMomentIsLeftToSendAHead(t *testing.T) {
	serve(t, 2, func(s *site) {
		first, second := s.dial(), s.dial()
		time.Sleep(grace - 1)
		third := s.dial() // accepted, and not served yet
		if !first.open() || !second.open() {
			t.Fatal("a connection was closed before it could send anything")
		}
		time.Sleep(time.Nanosecond)
		if first.open() || !second.open() {
			t.Error("the longest idle connection does not make room")
		}
		third.get("/known")
		if !third.answered() {
			t.Error("not answered")
		}
	})
}

func TestARequestUnderWayIsNotClosed(t *testing.T) {
	serve(t, 2, func(s *site) {
		first, second := s.dial(), s.dial()
		first.get("/held")
		second.get("/held")
		third := s.dial() // accepted, and not served yet
		third.start("/held")
		if s.dial() != nil {
			t.Fatal("a connection is accepted while none is idle")
		}
		time.Sleep(time.Hour)
		if c := s.limit.Counts(); c != (Counts{Open: 2, Max: 2}) {
			t.Fatalf("%+v", c)
		}
		s.release <- struct{}{} // one of the two answers, and makes room for the third
		if a, b := first.answered(), second.answered(); a == b {
			t.Fatalf("answered: %t, %t", a, b)
		}
		s.release <- struct{}{}
		s.release <- struct{}{}
		if !third.answered() {
			t.Error("who had waited is not answered")
		}
		if c := s.limit.Counts(); c != (Counts{Open: 2, Max: 2, Evicted: 1}) {
			t.Errorf("%+v", c)
		}
	})
}

func TestStrangersAreClosedSooner(t *testing.T) {
	serve(t, 10, func(s *site) {
		stranger, known, silent := s.dial(), s.dial(), s.dial()
		stranger.get("/")
		known.get("/known")
		known.get("/") // once known, always known
		time.Sleep(29 * time.Second)
		if !stranger.open() || silent.open() {
			t.Fatal("a stranger is closed too soon, or who has sent nothing too late")
		}
		stranger.get("/")
		time.Sleep(29 * time.Second)
		if !stranger.open() {
			t.Fatal("a stranger is closed while it sends requests")
		}
		time.Sleep(time.Second)
		if stranger.open() || !known.open() {
			t.Errorf("stranger open %t, known open %t", stranger.open(), known.open())
		}
		time.Sleep(33 * time.Second)
		if known.open() {
			t.Error("a known client has no timeout at all")
		}
		if c := s.limit.Counts(); c.Evicted != 0 {
			t.Errorf("%+v", c)
		}
	})
}

func TestASlowAnswerToAStrangerThatBecomesKnownIsNotCut(t *testing.T) {
	serve(t, 10, func(s *site) {
		c := s.dial()
		c.get("/")
		if !c.answered() {
			t.Fatal("not answered")
		}
		time.Sleep(20 * time.Second)
		c.get("/held")
		time.Sleep(time.Minute)
		s.release <- struct{}{}
		synctest.Wait()
		if !c.answered() {
			t.Error("the timer of the stranger closed it")
		}
	})
}

func TestALowerLimitClosesWhatIsIdle(t *testing.T) {
	serve(t, 5, func(s *site) {
		var all []*client
		for range 5 {
			all = append(all, s.dial())
		}
		all[0].get("/held")
		s.limit.SetMax(2)
		var open []string
		for i, c := range all {
			if c.open() {
				open = append(open, fmt.Sprint(i))
			}
		}
		if got := strings.Join(open, " "); got != "0 4" {
			t.Errorf("open: %s", got)
		}
	})
}

func TestWhatHasArrivedIsNotTakenForSilence(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limit := New(2, time.Minute, nil)
	l := limit.Listener(tcp)
	defer l.Close()
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() (ours, theirs net.Conn) {
		ours, err := net.Dial("tcp", tcp.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ours.Close() })
		return ours, <-accepted
	}
	first, served := dial()
	if _, err := io.WriteString(first, "POST / HTTP/1.1\r\n"); err != nil {
		t.Fatal(err)
	}
	second, _ := dial()
	dial() // makes room by closing the second, although the first has been there for longer
	if _, err := second.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the silent connection: %v", err)
	}
	served.(*conn).changed(http.StateActive) // its answer is under way, and it sent more
	dial()
	if _, err := first.Read(make([]byte, 1)); err != io.EOF && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the connection that does not wait for its answers: %v", err)
	}
}

func TestASilentConnectionIsNotAccepted(t *testing.T) {
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var clients []net.Conn
	for range 2 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		clients = append(clients, c)
	}
	if _, err := io.WriteString(clients[1], "G"); err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	if accepted.RemoteAddr().String() != clients[1].LocalAddr().String() {
		t.Error("the connection that has sent nothing was accepted first")
	}
}

func TestUsedUpDescriptorsCloseAnIdleConnection(t *testing.T) {
	serve(t, 100, func(s *site) {
		idle := s.dial()
		s.pipes.fail <- &net.OpError{Op: "accept", Err: os.NewSyscallError("accept", syscall.EMFILE)}
		if idle.open() {
			t.Error("the idle connection is still open")
		}
		time.Sleep(2 * time.Second) // the server tries again a little later
		next := s.dial()
		if next == nil {
			t.Fatal("nothing is accepted anymore")
		}
		next.get("/known")
		if c := s.limit.Counts(); !next.answered() || c.Max != 100 {
			t.Errorf("%+v", c)
		}
	})
}

func TestAClosedListenerAcceptsNothing(t *testing.T) {
	l := New(0, time.Second, nil).Listener(pipes{closed: make(chan struct{})})
	accepted := make(chan error)
	go func() { _, err := l.Accept(); accepted <- err }()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-accepted; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

func TestDescriptorsAreThoseOfTheProcess(t *testing.T) {
	if n, err := Descriptors(); err != nil || n < 64 {
		t.Errorf("%d, %v", n, err)
	}
}
