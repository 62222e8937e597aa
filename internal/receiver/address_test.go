package receiver

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func ranges(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func TestTheClientIsTheLastAddressThatIsNotATrustedProxy(t *testing.T) {
	proxies := ranges("10.0.0.0/8", "192.0.2.1/32", "fd00::/8")
	for _, c := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"203.0.113.7:4711", nil, "203.0.113.7"},
		{"203.0.113.7:4711", []string{"198.51.100.1"}, "203.0.113.7"}, // not a proxy: its header is not believed
		{"10.1.2.3:80", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.1.2.3:80", []string{"198.51.100.1, 198.51.100.2"}, "198.51.100.2"}, // the first is what the client said
		{"10.1.2.3:80", []string{"198.51.100.1, 192.0.2.1 , 10.9.9.9"}, "198.51.100.1"},
		{"10.1.2.3:80", []string{"198.51.100.1", "198.51.100.2", "10.9.9.9"}, "198.51.100.2"}, // several headers are one
		{"10.1.2.3:80", []string{"nonsense, 198.51.100.2"}, "198.51.100.2"},                   // what is not asked is not read
		{"10.1.2.3:80", []string{"198.51.100.1, nonsense"}, "10.1.2.3"},
		{"10.1.2.3:80", []string{"198.51.100.1, nonsense, 10.9.9.9"}, "10.1.2.3"},
		{"10.1.2.3:80", []string{"198.51.100.1,"}, "10.1.2.3"},
		{"10.1.2.3:80", []string{"unknown"}, "10.1.2.3"},
		{"10.1.2.3:80", []string{""}, "10.1.2.3"},
		{"10.1.2.3:80", nil, "10.1.2.3"},
		{"10.1.2.3:80", []string{"10.9.9.9, 10.8.8.8"}, "10.1.2.3"}, // proxies all the way
		{"10.1.2.3:80", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{"10.1.2.3:80", []string{"2001:db8::1"}, "2001:db8::1"},
		{"10.1.2.3:80", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"10.1.2.3:80", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"10.1.2.3:80", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"[::ffff:10.1.2.3]:80", []string{"198.51.100.1"}, "198.51.100.1"}, // as a listener of both families reports it
		{"[fd00::1%eth0]:80", []string{"2001:db8::1%eth9"}, "2001:db8::1"},
		{"not an address", []string{"198.51.100.1"}, "invalid IP"},
	} {
		req := httptest.NewRequest("POST", "/", nil)
		req.RemoteAddr = c.peer
		req.Header["X-Forwarded-For"] = c.forwarded
		if got := clientAddress(req, proxies).String(); got != c.want {
			t.Errorf("from %s, forwarded for %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

// open to one network, behind a proxy.
func openFrom(t *testing.T, from, proxies []netip.Prefix) fixture {
	h := open(t)
	s := source(t, "insider", token)
	s.From = from
	h.SetSources([]Source{s}, proxies)
	return h
}

func TestCallbacksFromElsewhereAreAnsweredLikeAnUnknownToken(t *testing.T) {
	h := openFrom(t, ranges("203.0.113.0/24", "2001:db8::/32"), ranges("192.0.2.1/32"))
	request := func(method, path, peer, forwarded string) *httptest.ResponseRecorder {
		req := httptest.NewRequest(method, path, strings.NewReader(event))
		req.RemoteAddr = peer
		if forwarded != "" {
			req.Header.Set("X-Forwarded-For", forwarded)
		}
		return h.do(req)
	}
	unknown := request("POST", "/unknown-token-0123456789", "203.0.113.7:1", "")
	for _, c := range []struct {
		peer, forwarded string
		allowed         bool
	}{
		{"203.0.113.7:1", "", true},
		{"[2001:db8::7]:1", "", true},
		{"[::ffff:203.0.113.7]:1", "", true},
		{"192.0.2.1:1", "203.0.113.7", true},
		{"192.0.2.1:1", "", false},
		{"192.0.2.1:1", "203.0.113.7, 198.51.100.1", false},
		{"198.51.100.1:1", "", false},
		{"198.51.100.1:1", "203.0.113.7", false},
		{"", "", false},
	} {
		for _, method := range []string{"POST", "GET", "HEAD", "OPTIONS", "PUT"} {
			before := h.log.size()
			got := request(method, "/callbacks/"+token, c.peer, c.forwarded)
			stored := h.log.size() > before
			switch {
			case !c.allowed && (got.Code != 404 || got.Body.String() != unknown.Body.String() || stored || h.counter.last() != "insider:"+AnswerWrongAddress):
				t.Errorf("%s from %q for %q: %d %q, stored %t, counted as %s", method, c.peer, c.forwarded, got.Code, got.Body, stored, h.counter.last())
			case c.allowed && method == "POST" && (got.Code != 200 || !stored):
				t.Errorf("from %q for %q: %d, stored %t", c.peer, c.forwarded, got.Code, stored)
			}
		}
	}
	if got := request("GET", "/healthz", "198.51.100.1:1", ""); got.Code != 200 {
		t.Errorf("the health is answered %d to those whose callbacks are not taken", got.Code)
	}
}

func TestAWrongAddressIsLoggedRarely(t *testing.T) {
	h := openFrom(t, ranges("203.0.113.0/24"), nil)
	now := time.Now()
	h.config.Now = func() time.Time { return now }
	for range 100 {
		h.post(event)
		now = now.Add(time.Second)
	}
	lines := h.written.String()
	if strings.Count(lines, "\n") != 2 || !strings.Contains(lines, "source=insider address=192.0.2.1 forwarded=false count=60") || strings.Contains(lines, token) {
		t.Errorf("the log says:\n%s", lines)
	}
}
