package console

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"winnow/internal/console/view"
)

// wire is a listener whose connections are made in memory, so that their time
// is that of the test.
type wire struct{ conns chan net.Conn }

func (w wire) Accept() (net.Conn, error) {
	if c, open := <-w.conns; open {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (w wire) Close() error   { return nil }
func (w wire) Addr() net.Addr { return &net.TCPAddr{} }

// overWire serves one connection, in a time of its own.
func overWire(t *testing.T, c Config, talk func(conn net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		w := wire{make(chan net.Conn)}
		server := Server(handlerOf(c))
		go func() { _ = server.Serve(w) }()
		ours, theirs := net.Pipe()
		w.conns <- theirs
		talk(ours)
		_ = ours.Close()
		close(w.conns)
		// Close would leave a connection that is still being shut.
		if err := server.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// bearer is the line of a request that has the token.
const bearer = "Authorization: Bearer " + token + "\r\n"

func answered(t *testing.T, conn net.Conn) *http.Response {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestASlowSendLogIsReadToItsEnd(t *testing.T) {
	l := &messageStore{}
	overWire(t, Config{Register: l.register}, func(conn net.Conn) {
		fmt.Fprintf(conn, "POST /api/v1/messages HTTP/1.1\r\nHost: localhost\r\n"+bearer+"Transfer-Encoding: chunked\r\n\r\n")
		for i := range 10 {
			time.Sleep(readTimeout - time.Second)
			text := line(fmt.Sprint("m", i), "ann")
			fmt.Fprintf(conn, "%x\r\n%s\r\n", len(text), text)
		}
		fmt.Fprint(conn, "0\r\n\r\n")
		if resp := answered(t, conn); resp.StatusCode != 200 || len(l.contacts) != 10 {
			t.Errorf("answered %s, registered %d", resp.Status, len(l.contacts))
		}
	})
}

func TestASendLogThatStopsTimesOut(t *testing.T) {
	l := &messageStore{}
	overWire(t, Config{Register: l.register}, func(conn net.Conn) {
		text := line("m1", "ann")
		fmt.Fprintf(conn, "POST /api/v1/messages HTTP/1.1\r\nHost: localhost\r\n"+bearer+"Content-Length: 1000\r\n\r\n%s", text)
		began := time.Now()
		if resp := answered(t, conn); resp.StatusCode != 400 || len(l.contacts) != 1 || time.Since(began) > 2*readTimeout {
			t.Errorf("answered %s after %v, registered %d", resp.Status, time.Since(began), len(l.contacts))
		}
	})
}

func TestARunThatTakesLongIsAnswered(t *testing.T) {
	c := Config{RunExport: func(ctx context.Context, name string) (view.Run, error) {
		time.Sleep(time.Hour)
		return aRun, ctx.Err()
	}}
	overWire(t, c, func(conn net.Conn) {
		fmt.Fprint(conn, "POST /api/v1/exports/nightly/run HTTP/1.1\r\nHost: localhost\r\n"+bearer+"Content-Length: 0\r\n\r\n")
		resp := answered(t, conn)
		if body, err := io.ReadAll(io.LimitReader(resp.Body, 1000)); err != nil || resp.StatusCode != 200 || strings.TrimSpace(string(body)) != aRunJSON {
			t.Errorf("answered %s %s, error %v", resp.Status, body, err)
		}
	})
}

func TestASlowHeaderTimesOut(t *testing.T) {
	overWire(t, Config{}, func(conn net.Conn) {
		began := time.Now()
		fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost:")
		if _, err := io.ReadAll(conn); err != nil || time.Since(began) > 2*headerTimeout {
			t.Errorf("given up after %v, error %v", time.Since(began), err)
		}
	})
}

func TestAnHTTP2PrefaceIsAnswered505AndFillsNoLog(t *testing.T) {
	var log logged
	overWire(t, Config{Logger: logTo(&log)}, func(conn net.Conn) {
		fmt.Fprint(conn, "PRI * HTTP/2.0\r\n\r\n")
		if resp := answered(t, conn); resp.StatusCode != http.StatusHTTPVersionNotSupported || resp.ProtoMajor != 1 {
			t.Errorf("answered %s over %s", resp.Status, resp.Proto)
		}
	})
	if log.String() != "" {
		t.Errorf("a stranger's protocol is logged:\n%s", log.String())
	}
}
