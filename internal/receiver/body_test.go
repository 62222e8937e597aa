package receiver

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
)

func zipped(tb testing.TB, body string) string {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, body); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func TestTooLargeABodyIsRefusedAndNotStored(t *testing.T) {
	long := func(n int) string { return `{"id":"a","event":"x","y":"` + strings.Repeat("z", n-29) + `"}` }
	many := func(n int) string { return "[" + strings.Repeat(event+",", n-1) + event + "]" }
	for name, c := range map[string]struct {
		body string
		zip  bool
		want int
	}{
		"1 MiB":                          {long(MaxBody), false, 200},
		"a byte more":                    {long(MaxBody + 1), false, 413},
		"1 MiB inflated":                 {long(MaxBody), true, 200},
		"a byte more inflated":           {long(MaxBody + 1), true, 413},
		"a bomb":                         {strings.Repeat("0", 6<<20), true, 413},
		"1000 objects":                   {many(1000), false, 200},
		"1001 objects":                   {many(1001), false, 413},
		"1001 things that are no events": {"[" + strings.Repeat("1,", 1000) + "1]", false, 413},
		"1001 events in one, nested":     {`{"id":"a","event":"x","y":` + many(1001) + `}`, false, 200},
	} {
		body := c.body
		if c.zip {
			body = zipped(t, body)
		}
		for _, chunked := range []bool{false, true} {
			h := open(t)
			req := httptest.NewRequest("POST", "/callbacks/"+token, strings.NewReader(body))
			if c.zip {
				req.Header.Set("Content-Encoding", "GZIP")
			}
			if chunked {
				req.ContentLength = -1
			}
			w := h.do(req)
			if w.Code != c.want || (h.log.size() > 0) != (c.want == 200) {
				t.Errorf("%s, chunked %v: %d %.80s, %d stored", name, chunked, w.Code, w.Body, h.log.size())
			}
			if c.want == 413 && (h.counter.last() != "insider:too_much" || w.Header().Get("Connection") != "close") {
				t.Errorf("%s is counted as %s, connection %q", name, h.counter.last(), w.Header().Get("Connection"))
			}
		}
	}
}

func TestGzipIsRead(t *testing.T) {
	h := open(t)
	for _, encoding := range []string{"gzip", "x-gzip", " GZip "} {
		if w := h.post(zipped(t, event), "Content-Encoding", encoding); w.Body.String() != "{\"stored\":1,\"quarantined\":0}\n" {
			t.Errorf("%s: %d %s", encoding, w.Code, w.Body)
		}
	}
	if w := h.post(event, "Content-Encoding", "identity"); w.Body.String() != "{\"stored\":1,\"quarantined\":0}\n" {
		t.Errorf("identity: %d %s", w.Code, w.Body)
	}
	if string(h.log.events[0].Body) != event {
		t.Errorf("stored %s", h.log.events[0].Body)
	}
}

func TestBodyThatCannotBeInflatedIsQuarantinedAsReceived(t *testing.T) {
	whole := zipped(t, event)
	for name, c := range map[string]struct{ body, encoding string }{
		"not gzip":    {event, "gzip"},
		"empty":       {"", "gzip"},
		"half":        {whole[:len(whole)/2], "gzip"},
		"wrong sum":   {whole[:len(whole)-8] + "\x00\x00\x00\x00" + whole[len(whole)-4:], "gzip"},
		"more after":  {whole + "more", "gzip"},
		"brotli":      {"\x0b\x02\x80", "br"},
		"twice":       {zipped(t, whole), "gzip, gzip"},
		"zip in zip":  {zipped(t, whole), "gzip"},
		"nonsense":    {event, "utf-8"},
		"deflate":     {"\x78\x9c", "deflate"},
		"two headers": {event, "identity, br"},
	} {
		h := open(t)
		w := h.post(c.body, "Content-Encoding", c.encoding)
		if w.Code != 200 || w.Body.String() != "{\"stored\":0,\"quarantined\":1}\n" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
			continue
		}
		if u := h.log.bad[0]; u.Why == "" || u.ReceivedAt == 0 || u.Source != "insider" || string(u.Body) != c.body && name != "zip in zip" {
			t.Errorf("%s: quarantined %+v", name, u)
		}
	}
}

func TestIncompleteBodyStoresNothing(t *testing.T) {
	h := open(t)
	server := httptest.NewServer(h.Handler())
	defer server.Close()
	for _, request := range []string{
		"Content-Length: 500\r\n\r\n" + event,
		"Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n", len(event), event),
		"Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\nzz\r\n", len(event), event),
	} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "POST /callbacks/"+token+" HTTP/1.1\r\nHost: winnow\r\n"+request); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(conn)
		conn.Close()
		if !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || h.log.size() != 0 {
			t.Errorf("%q: %.60s, %d stored", request[:20], answer, h.log.size())
		}
		if h.counter.last() != "insider:cut_short" {
			t.Errorf("counted as %s", h.counter.last())
		}
	}
}
