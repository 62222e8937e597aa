package receiver

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// preface is how a client that takes HTTP/2 for granted begins.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

func TestAnHTTP2PrefaceIsAnswered505(t *testing.T) {
	h := open(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := Server(h.Handler())
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })

	for range 10 {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, preface); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(answer), "HTTP/1.1 505 ") {
			t.Errorf("answered %q", answer)
		}
	}
	if lines := h.written.String(); strings.Count(lines, "\n") != 1 || !strings.Contains(lines, "HTTP/1.1") {
		t.Errorf("the log does not say once which setting to change:\n%s", lines)
	}
	if got := h.counter.last(); got != ":"+AnswerOtherProtocol {
		t.Errorf("counted as %q", got)
	}
}

func TestTLSOffersNoHTTP2(t *testing.T) {
	h := open(t)
	server := httptest.NewUnstartedServer(nil)
	server.Config = Server(h.Handler())
	server.StartTLS() // lends its certificate
	t.Cleanup(server.Close)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ours := Server(h.Handler())
	ours.TLSConfig = &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12}
	go func() { _ = ours.ServeTLS(l, "", "") }()
	t.Cleanup(func() { _ = ours.Close() })

	if conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}); err == nil {
		t.Errorf("a client of HTTP/2 alone was let in, speaking %q", conn.ConnectionState().NegotiatedProtocol)
		conn.Close()
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	resp, err := client.Get("https://" + l.Addr().String() + "/" + token)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.ProtoMajor != 1 || resp.StatusCode != http.StatusOK {
		t.Errorf("answered %s over %s", resp.Status, resp.Proto)
	}
}

func TestHealthReportsWhetherCallbacksCanBeStored(t *testing.T) {
	h := open(t)
	var trouble error
	h.config.Healthy = func() error { return trouble }
	for _, c := range []struct {
		method  string
		trouble error
		want    int
	}{
		{"GET", nil, 200}, {"HEAD", nil, 200}, {"GET", errors.New("the disk of ann is full"), 503}, {"GET", nil, 200}, {"POST", nil, 405},
	} {
		trouble = c.trouble
		w := h.do(httptest.NewRequest(c.method, "/healthz", nil))
		if w.Code != c.want || strings.Contains(w.Body.String(), "ann") {
			t.Errorf("%s with trouble %v: %d %s", c.method, c.trouble, w.Code, w.Body)
		}
	}
}
