package console

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"winnow/internal/console/pages"
)

// from is a request for the status with a token, from an address.
func from(address, bearer string) *http.Request {
	req := requestOf("GET", "/api/v1/status", "")
	req.RemoteAddr = address
	req.Header.Set("Authorization", "Bearer "+bearer)
	return req
}

// timed is the status of an answer and how long it took.
func timed(h http.Handler, req *http.Request) (int, time.Duration) {
	w, began := httptest.NewRecorder(), time.Now()
	h.ServeHTTP(w, req)
	return w.Code, time.Since(began)
}

func TestWrongTokensAreSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(Config{Status: status})
		const ms = time.Millisecond
		for i, want := range []time.Duration{0, 0, 0, 0, 0, 100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 2000 * ms, 2000 * ms, 2000 * ms} {
			if code, took := timed(h, from("192.0.2.1:1000", "wrong-token")); code != 401 || took != want {
				t.Errorf("wrong token %d is answered %d after %v, want %v", i+1, code, took, want)
			}
		}
		if code, took := timed(h, from("192.0.2.2:1000", "wrong-token")); code != 401 || took != 0 {
			t.Errorf("another address is answered %d after %v", code, took)
		}
		req := from("192.0.2.1:1000", "")
		if code, took := timed(h, req); code != 401 || took != 0 {
			t.Errorf("a missing token is answered %d after %v", code, took)
		}
		time.Sleep(forgetAfter + time.Second)
		if code, took := timed(h, from("192.0.2.1:1000", "wrong-token")); code != 401 || took != 0 {
			t.Errorf("after a quiet time a wrong token is answered %d after %v", code, took)
		}
	})
}

func TestWrongTokensNeverDelayTheRightOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(Config{Status: status, Pages: pages.Config{Overview: emptyPage}})
		const proxy = "127.0.0.1:4000" // all callers have its address
		var all sync.WaitGroup
		for range 10 * maxWaiting {
			all.Go(func() {
				for range 20 {
					if code, _ := timed(h, from(proxy, "wrong-token")); code != 401 {
						t.Errorf("a wrong token is answered %d", code)
					}
				}
			})
		}
		for range 50 {
			synctest.Wait() // as many wait as may
			if code, took := timed(h, from(proxy, token)); code != 200 || took != 0 {
				t.Errorf("the right token is answered %d after %v", code, took)
			}
			b, began := newBrowser(t, h), time.Now()
			b.mustLogIn()
			if took := time.Since(began); took != 0 {
				t.Errorf("the login took %v", took)
			}
			time.Sleep(37 * time.Millisecond)
		}
		all.Wait()
	})
}

// Wrong tokens at any place are the same wrong tokens: none is a way around.
func TestWrongTokensAreCountedOnEveryRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logged
		m := NewMetrics("", nil)
		h := handlerOf(Config{Status: status, Pages: pages.Config{Overview: emptyPage}, Metrics: m, Logger: logTo(&log), Ready: func() error { return errBroken }})
		b := newBrowser(t, h)
		tries := 0
		check := func(route string, w *httptest.ResponseRecorder, began time.Time) {
			t.Helper()
			tries++
			if want := waitAfter(tries); time.Since(began) != want {
				t.Errorf("%s waits %v, want %v", route, time.Since(began), want)
			}
			if w.Code == 200 && route != "/" {
				t.Errorf("%s is answered %d", route, w.Code)
			}
			wantSamples(t, m, fmt.Sprintf(`winnow_admin_refused_total{route=%q} 1`, route))
		}
		wantSamples(t, m, `winnow_admin_refused_total{route="/login"} 0`)
		for path, route := range map[string]string{"/api/v1/status": "", "/api/v1/contacts/secret": "/api/v1/contacts/{key}", "/metrics": "", "/readyz": "", "/api/v1/openapi.yaml": ""} {
			if route == "" {
				route = path
			}
			req, began := requestOf("GET", path, ""), time.Now()
			req.Header.Set("Authorization", "Bearer wrong-token")
			check(route, b.do(req), began)
		}
		began := time.Now()
		check("/login", b.logIn("wrong-token"), began)
		req, began := requestOf("GET", "/", ""), time.Now()
		req.AddCookie(&http.Cookie{Name: cookieName(req), Value: newServer(Config{Token: func() string { return "wrong-token" }}).newSession(began, "")})
		check("/", b.do(req), began)
		for range 3 {
			b.logIn("")
			b.get("/")
			b.get("/api/v1/status")
			b.get("/nowhere")
		}
		time.Sleep(2 * logWrongEvery)
		synctest.Wait()
		if text := scraped(t, m); strings.Contains(text, "secret") || strings.Contains(text, "wrong-token") {
			t.Error("a path or a token is in the metrics")
		}
		wantSamples(t, m, `winnow_admin_refused_total{route="/"} 1`, `winnow_admin_refused_total{route="/login"} 1`)
		log.mustHave(t, `msg="wrong admin tokens" count=1 latest_address=192.0.2.1`, "count=6")
		log.mustNotHave(t, "wrong-token", "secret")
	})
}

func TestWrongTokensAreOneLineAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logged
		h := handlerOf(Config{Status: status, Logger: logTo(&log)})
		for i := range 1000 {
			timed(h, from(fmt.Sprintf("198.51.100.%d:7", i%250), "wrong-token"))
		}
		time.Sleep(2 * logWrongEvery)
		synctest.Wait()
		if n := strings.Count(log.String(), "\n"); n > 4 {
			t.Errorf("%d lines:\n%s", n, log.String())
		}
		log.mustHave(t, "count=1 latest_address=198.51.100.0\n", "latest_address=198.51.100.249\n")
	})
}

func TestHowManyWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(Config{Status: status})
		for range freeTries {
			timed(h, from("192.0.2.1:1000", "wrong-token"))
		}
		var all sync.WaitGroup
		for range maxWaiting {
			all.Go(func() {
				if code, took := timed(h, from("192.0.2.1:1000", "wrong-token")); code != 401 || took == 0 {
					t.Errorf("answered %d after %v", code, took)
				}
			})
		}
		synctest.Wait()
		w, began := httptest.NewRecorder(), time.Now()
		h.ServeHTTP(w, from("192.0.2.1:1000", "wrong-token"))
		if w.Code != 401 || time.Since(began) != 0 || w.Header().Get("Connection") != "close" {
			t.Errorf("one more is answered %d after %v, Connection %q", w.Code, time.Since(began), w.Header().Get("Connection"))
		}
		all.Wait()
		if _, took := timed(h, from("192.0.2.1:1000", "wrong-token")); took == 0 {
			t.Error("nobody waits any more")
		}
	})
}

func TestACallerWhoHangsUpWaitsNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(Config{Status: status})
		for range 3 * freeTries {
			timed(h, from("192.0.2.1:1000", "wrong-token"))
		}
		ctx, hangUp := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, hangUp)
		if _, took := timed(h, from("192.0.2.1:1000", "wrong-token").WithContext(ctx)); took != time.Second {
			t.Errorf("it waited %v", took)
		}
	})
}

func TestAnIPv6AddressIsItsNetwork(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:80": "192.0.2.1/32", "[::ffff:192.0.2.1]:80": "192.0.2.1/32", "[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64", "[2001:db8:1:2::1]:9": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80": "fe80::/64", "@": "invalid Prefix", "pipe": "invalid Prefix", "": "invalid Prefix",
	} {
		if got := prefixOf(addressOf(remote)).String(); got != want {
			t.Errorf("%q is %s, want %s", remote, got, want)
		}
	}
}

func TestKnownAddressesAreBounded(t *testing.T) {
	w, now := newWrongTokens(nil), time.Now()
	add := func(i int) int {
		return w.add(prefixOf(addressOf(fmt.Sprintf("[2001:db8:%x:%x::1]:80", i>>16, i&0xffff))), now.Add(time.Duration(i)*time.Millisecond))
	}
	for i := range 3 * maxAddresses {
		add(i)
	}
	if len(w.known) != maxAddresses || w.recent.Len() != maxAddresses {
		t.Errorf("%d addresses are known, %d in order", len(w.known), w.recent.Len())
	}
	if n := add(3*maxAddresses - 1); n != 2 {
		t.Errorf("the latest address is known for %d wrong tokens", n)
	}
	if n := add(0); n != 1 {
		t.Errorf("the first address is known for %d wrong tokens", n)
	}
}

func TestTheTimeOfARefusalIsNotThatOfTheAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMetrics("", nil)
		h := handlerOf(Config{Status: status, Metrics: m})
		for range 20 {
			timed(h, from("192.0.2.1:1000", "wrong-token"))
		}
		wantSamples(t, m, `winnow_api_requests_total{route="/api/v1/status",status="401"} 20`, `winnow_api_request_duration_seconds_sum{route="/api/v1/status"} 0`)
	})
}
