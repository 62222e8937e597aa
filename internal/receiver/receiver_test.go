package receiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/presets"
)

const (
	token = "9c99bc26-373e-4847-b725-d7103803c111"
	event = `{"id":"sms-1","event":"delivered","uniqueArgs":{"contact_id":"ann"}}`
)

// memoryLog is a log in memory that can be made to fail.
type memoryLog struct {
	mu     sync.Mutex
	events []hygiene.Event
	bad    []hygiene.Unreadable
	fail   func(ctx context.Context) error
}

func (k *memoryLog) Append(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable) error {
	if k.fail != nil {
		if err := k.fail(ctx); err != nil {
			return err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.events = append(k.events, events...)
	k.bad = append(k.bad, bad...)
	return nil
}

func (k *memoryLog) size() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.events) + len(k.bad)
}

// recorder records what was counted, as source:answer.
type recorder struct {
	mu   sync.Mutex
	seen []string
}

func (c *recorder) Callback(source, answer string, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, source+":"+answer)
}

func (c *recorder) last() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seen) == 0 {
		return ""
	}
	return c.seen[len(c.seen)-1]
}

func source(tb testing.TB, name string, tokens ...string) Source {
	tb.Helper()
	r, err := provider.New(provider.Config{Source: name, Format: presets.MustFind("insider").Format, Contact: "uniqueArgs.contact_id"})
	if err != nil {
		tb.Fatal(err)
	}
	return Source{Name: name, Tokens: tokens, Reader: r}
}

type fixture struct {
	*Receiver
	log     *memoryLog
	counter *recorder
	written *bytes.Buffer // the log lines
}

func open(tb testing.TB) fixture {
	h := fixture{log: &memoryLog{}, counter: &recorder{}, written: &bytes.Buffer{}}
	h.Receiver = New(Config{
		Sources: []Source{source(tb, "insider", token)},
		Log:     h.log,
		Counter: h.counter,
		Logger:  slog.New(slog.NewTextHandler(h.written, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	return h
}

func (h fixture) do(req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, req)
	return w
}

func (h fixture) post(body string, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodPost, "/callbacks/"+token, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return h.do(req)
}

func TestCallbackIsStoredAndAnswered(t *testing.T) {
	h := open(t)
	w := h.post(event)
	if w.Code != 200 || w.Body.String() != "{\"stored\":1,\"quarantined\":0}\n" || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %s %v", w.Code, w.Body, w.Header())
	}
	e := h.log.events[0]
	if e.MessageID != "sms-1" || e.Contact != "ann" || e.Source != "insider" || string(e.Body) != event {
		t.Errorf("stored %+v", e)
	}
	if since := time.Since(e.ReceivedAt.Time()); since < 0 || since > time.Minute {
		t.Errorf("received %s ago", since)
	}
	if h.counter.last() != "insider:stored" {
		t.Errorf("counted %v", h.counter.seen)
	}
}

func TestKnownTokenIsAnswered200WhateverTheBody(t *testing.T) {
	callbacks, err := filepath.Glob("../../hygiene/provider/testdata/callbacks/*.json")
	if err != nil || len(callbacks) < 8 {
		t.Fatalf("%d callbacks, err %v", len(callbacks), err)
	}
	bodies := []string{
		"", " ", "null", "{}", "7", `"text"`, "id=sms-1&event=delivered", "<xml/>", "\x00", "\xff\xfe{\x00", "{\"id\":\"\xff\"}",
		`{"id":"a","event":"b","id":"c"}`, event + event, event[:20], "\ufeff" + event, strings.Repeat("[", 5000),
		`[` + event + `,7,{"id":""}]`, `{"id":"a","event":"undelivered","reason":{"code":1e400}}`,
		`{"id":"a","event":"x","uniqueArgs":"` + strings.Repeat("x", MaxBody-60) + `"}`,
	}
	for _, name := range callbacks {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, string(body))
	}
	for _, body := range bodies {
		for _, contentType := range []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data", "", "?;"} {
			h := open(t)
			if w := h.post(body, "Content-Type", contentType); w.Code != 200 {
				t.Fatalf("%.60q as %q: %d %s", body, contentType, w.Code, w.Body)
			}
			if h.log.size() == 0 {
				t.Fatalf("%.60q as %q is lost", body, contentType)
			}
			for _, u := range h.log.bad {
				if !strings.Contains(body, string(u.Body)) || len(h.log.events) == 0 && len(h.log.bad) == 1 && string(u.Body) != body {
					t.Fatalf("%.60q is quarantined as %.60q", body, u.Body)
				}
			}
		}
	}
}

func TestAnswerCountsWhatIsStoredAndQuarantined(t *testing.T) {
	h := open(t)
	w := h.post(`[` + event + `,7,` + event + `,{"id":""},null]`)
	if w.Body.String() != "{\"stored\":2,\"quarantined\":3}\n" || len(h.log.events) != 2 || len(h.log.bad) != 3 {
		t.Errorf("%s, %d events, %d quarantined", w.Body, len(h.log.events), len(h.log.bad))
	}
	if w = h.post(`[]`); w.Code != 200 || w.Body.String() != "{\"stored\":0,\"quarantined\":0}\n" || h.log.size() != 5 {
		t.Errorf("an empty array: %d %s", w.Code, w.Body)
	}
}

func TestProbesAreAnswered200AndStoreNothing(t *testing.T) {
	h := open(t)
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		for _, path := range []string{"/callbacks/" + token, "/" + token} {
			w := h.do(httptest.NewRequest(method, path, strings.NewReader(event)))
			if w.Code != 200 || h.log.size() != 0 || h.counter.last() != "insider:probed" {
				t.Errorf("%s %s: %d, %d stored, counted %s", method, path, w.Code, h.log.size(), h.counter.last())
			}
		}
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH", "TRACE", "BREW"} {
		w := h.do(httptest.NewRequest(method, "/callbacks/"+token, nil))
		if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD, OPTIONS, POST" || h.counter.last() != "insider:not_allowed" {
			t.Errorf("%s: %d, allow %q, counted %s", method, w.Code, w.Header().Get("Allow"), h.counter.last())
		}
	}
}

func TestAllUnknownTokensGetTheSameAnswer(t *testing.T) {
	h := open(t)
	first := h.do(httptest.NewRequest("POST", "/callbacks/nobodys-token-at-all", strings.NewReader(event)))
	if first.Code != 404 || strings.Contains(first.Body.String(), "nobody") {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	for _, path := range []string{
		"/", "//", "/callbacks", "/callbacks/", "/callbacks//", "/favicon.ico", "/metrics", "/" + token + "x", "/" + token[1:],
		"/" + strings.ToUpper(token), "/callbacks/callbacks/" + token, "/callbacks/" + token + "/x", "/./" + token, "/x/../" + token,
		"/callbacks/%00", "/callbacks/%0a" + token, "/api/v1/status", "/" + strings.Repeat("x", 10_000),
	} {
		for _, method := range []string{"POST", "GET", "OPTIONS", "PUT"} {
			w := h.do(httptest.NewRequest(method, path, strings.NewReader(event)))
			if w.Code != 404 || w.Body.String() != first.Body.String() || fmt.Sprint(w.Header()) != fmt.Sprint(first.Header()) {
				t.Errorf("%s %.60s: %d %s %v", method, path, w.Code, w.Body, w.Header())
			}
			if h.counter.last() != ":unauthorised" {
				t.Errorf("%s %.60s is counted as %s", method, path, h.counter.last())
			}
		}
	}
	if h.log.size() != 0 {
		t.Errorf("%d stored", h.log.size())
	}
}

func TestPostIsNeverRedirected(t *testing.T) {
	h := open(t)
	server := httptest.NewServer(h.Handler())
	defer server.Close()
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return errors.New("redirected") }
	for i, path := range []string{
		"/callbacks/" + token, "/" + token, "/callbacks/" + token + "/", "/" + token + "/", "//callbacks/" + token, "/callbacks//" + token,
		"///callbacks///" + token + "///", "//" + token, "/callbacks/" + token + "?a=b", "/callbacks/%39" + token[1:], "/callbacks%2F" + token,
	} {
		resp, err := client.Post(server.URL+path, "application/json", strings.NewReader(event))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 || h.log.size() != i+1 {
			t.Fatalf("%s: %s, %d stored", path, resp.Status, h.log.size())
		}
	}
}

func TestEveryTokenOfEverySourceIsKnown(t *testing.T) {
	h := open(t)
	const slashed = "Zm9v/YmFy+YmF6/cXV4=/"
	h.SetSources([]Source{source(t, "one", "one-first-token-1", "one-second-token"), source(t, "two", "two-first-token-1", slashed, "", "////")}, nil)
	for name, want := range map[string]string{
		"one-first-token-1": "one", "one-second-token": "one", "two-first-token-1": "two", slashed: "two", token: "", "": "", "////": "",
	} {
		h.do(httptest.NewRequest("POST", "/callbacks/"+name, strings.NewReader(event)))
		if got, _, _ := strings.Cut(h.counter.last(), ":"); got != want {
			t.Errorf("%s is of %q, want %q", name, got, want)
		}
	}
	if h.log.size() != 4 {
		t.Errorf("%d stored, want 4", h.log.size())
	}
}

func TestReplacedSourcesTakeEffectWhileRequestsGoOn(t *testing.T) {
	h := open(t)
	var posting sync.WaitGroup
	for range 4 {
		posting.Go(func() {
			for range 50 {
				if w := h.post(event); w.Code != 200 {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
	other := []Source{source(t, "insider", "a-newer-token-123", token)}
	for range 50 {
		h.SetSources(other, nil)
	}
	posting.Wait()
	h.SetSources(nil, nil)
	if w := h.post(event); w.Code != 404 {
		t.Errorf("a token that is gone: %d", w.Code)
	}
}

func TestCallbackThatIsNotStoredIsAnsweredRetryLater(t *testing.T) {
	h := open(t)
	h.log.fail = func(context.Context) error { return errors.New("the disk is full") }
	for _, body := range []string{event, "broken"} {
		w := h.post(body)
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || h.counter.last() != "insider:unavailable" {
			t.Errorf("%d, retry after %q, counted %s", w.Code, w.Header().Get("Retry-After"), h.counter.last())
		}
	}
	h.log.fail = nil
	if w := h.post(event); w.Code != 200 || h.log.size() != 1 {
		t.Errorf("after that: %d, %d stored", w.Code, h.log.size())
	}
}

func TestErrorsAreLoggedAtALimitedRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		h.log.fail = func(context.Context) error { return errors.New("the disk is full") }
		for range 100 {
			h.post(event)
		}
		time.Sleep(10 * time.Second)
		h.post(event)
		if n := strings.Count(h.written.String(), "the disk is full"); n != 2 {
			t.Errorf("logged %d times:\n%s", n, h.written)
		}
		if !strings.Contains(h.written.String(), "refused=100") {
			t.Errorf("the log does not say how many were refused:\n%s", h.written)
		}
	})
}

func TestErrorsAreLoggedAfterTheClockIsSetBack(t *testing.T) {
	h := open(t)
	clock := time.Now()
	h.config.Now = func() time.Time { return clock }
	h.log.fail = func(context.Context) error { return errors.New("the disk is full") }
	h.post(event)
	clock = clock.Add(-time.Hour)
	h.post(event)
	if n := strings.Count(h.written.String(), "the disk is full"); n != 2 {
		t.Errorf("logged %d times", n)
	}
}

func TestBodyIsStoredEvenIfTheClientIsGone(t *testing.T) {
	h := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	h.log.fail = func(ctx context.Context) error {
		cancel()
		return ctx.Err()
	}
	h.do(httptest.NewRequest("POST", "/"+token, strings.NewReader(event)).WithContext(ctx))
	if ctx.Err() == nil || h.log.size() != 1 {
		t.Errorf("%d stored", h.log.size())
	}
}

func TestPanicIsAnswered500AndLogsNothingOfTheBody(t *testing.T) {
	for _, p := range []any{"panicked over " + event, errors.New(event), struct{ body string }{event}} {
		h := open(t)
		h.log.fail = func(context.Context) error { panic(p) }
		w := h.post(event)
		if w.Code != 500 || h.counter.last() != ":panicked" {
			t.Errorf("%d, counted %s", w.Code, h.counter.last())
		}
		if logged := h.written.String(); strings.Contains(logged, "sms-1") || !strings.Contains(logged, "a request panicked") {
			t.Errorf("logged %s", logged)
		}
	}
}

func TestPanicReleasesItsMemory(t *testing.T) {
	h := open(t)
	h.log.fail = func(context.Context) error { panic("somewhere") }
	large := strings.Repeat("x", MaxBody)
	for range maxLargeBodies/(copies*MaxBody) + 1 {
		if w := h.post(large); w.Code != 500 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
}

func TestNoTokenBodyOrContactIsLogged(t *testing.T) {
	h := open(t)
	h.post(event)
	h.post("broken secret body")
	h.do(httptest.NewRequest("GET", "/"+token, nil))
	h.do(httptest.NewRequest("POST", "/nearly-"+token, strings.NewReader(event)))
	h.log.fail = func(context.Context) error { return errors.New("the disk is full") }
	h.post(event)
	h.log.fail = func(context.Context) error { return make([]error, 0)[len(token)] }
	h.post(event)
	logged := h.written.String()
	for _, secret := range []string{token, token[9:], "sms-1", "ann", "secret"} {
		if strings.Contains(logged, secret) {
			t.Errorf("%q is logged:\n%s", secret, logged)
		}
	}
	for _, said := range []string{"source=insider stored=1 quarantined=0", "stored=0 quarantined=1", "the disk is full", "index out of range"} {
		if !strings.Contains(logged, said) {
			t.Errorf("%q is not logged:\n%s", said, logged)
		}
	}
}
