package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
)

const token = "a-token-of-some-length"

// ask sends one request to a door; headers are names and values in turn.
func ask(c Config, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Host = "127.0.0.1:8081"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	return serve(c, req)
}

func requestOf(method, path string) *http.Request {
	req := httptest.NewRequest(method, path, nil)
	req.Host = "127.0.0.1:8081"
	return req
}

func serve(c Config, req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	New(c).ServeHTTP(w, req)
	return w
}

var errBroken = errors.New("the store is broken")

// logged is what was logged.
type logged struct{ strings.Builder }

func (l *logged) mustHave(t *testing.T, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(l.String(), word) {
			t.Errorf("not logged: %q in %s", word, l)
		}
	}
}

func (l *logged) mustNotHave(t *testing.T, words ...string) {
	t.Helper()
	for _, word := range words {
		if strings.Contains(l.String(), word) {
			t.Errorf("logged: %q in %s", word, l)
		}
	}
}

// wantProblem demands an answer of that status whose detail has the words.
func wantProblem(t *testing.T, w *httptest.ResponseRecorder, status int, words string) {
	t.Helper()
	var p problem
	err := json.Unmarshal(w.Body.Bytes(), &p)
	if w.Code != status || err != nil || p.Status != status || p.Title == "" || p.Type != "about:blank" ||
		w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(p.Detail, words) {
		t.Errorf("answer %d %q, want a problem %d with %q", w.Code, w.Body, status, words)
	}
}

func wantJSON(t *testing.T, w *httptest.ResponseRecorder, want string) {
	t.Helper()
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" || strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("answer %d %s, want 200 %s", w.Code, w.Body, want)
	}
}

func status(context.Context) (any, error) { return map[string]int{"events": 3}, nil }

func TestReadingRoutesAnswerWithWhatTheyAreGiven(t *testing.T) {
	c := Config{Status: status, Segments: status, Exports: status}
	for _, path := range []string{"/api/v1/status", "/api/v1/segments", "/api/v1/exports"} {
		wantJSON(t, ask(c, "GET", path, ""), `{"events":3}`)
		wantProblem(t, ask(Config{}, "GET", path, ""), 404, "nothing here")
	}
}

func TestARouteWithoutItsFunctionIsNotThere(t *testing.T) {
	for _, path := range []string{"/api/v1/contacts/ann/suppress", "/api/v1/contacts/ann/allow", "/api/v1/check", "/api/v1/messages", "/api/v1/exports/nightly/run"} {
		wantProblem(t, ask(Config{}, "POST", path, `{}`), 404, "nothing here")
	}
	wantProblem(t, ask(Config{}, "GET", "/api/v1/contacts/ann", ""), 404, "nothing here")
	wantProblem(t, ask(Config{}, "GET", "/", ""), 404, "nothing here")
	wantProblem(t, ask(Config{}, "GET", "/elsewhere", ""), 404, "nothing here")
}

func TestAnotherMethodIsToldWhichOnesThereAre(t *testing.T) {
	for path, allow := range map[string]string{
		"/":                             "GET, HEAD",
		"/api/v1/status":                "GET, HEAD",
		"/api/v1/contacts/a%2Fb":        "GET, HEAD",
		"/api/v1/contacts/ann/suppress": "POST",
		"/api/v1/check":                 "POST",
	} {
		w := ask(Config{Status: status}, "DELETE", path, "")
		wantProblem(t, w, 405, "DELETE")
		if got := w.Header().Get("Allow"); got != allow {
			t.Errorf("%s: Allow %q, want %q", path, got, allow)
		}
	}
	if w := ask(Config{Status: status}, "HEAD", "/api/v1/status", ""); w.Code != 200 {
		t.Errorf("HEAD is answered %d", w.Code)
	}
}

func TestKeyIsReadFromTheEscapedPath(t *testing.T) {
	for path, want := range map[string]string{
		"ann":               "ann",
		"a%2Fb":             "a/b",
		"+905551234567":     "+905551234567",
		"%2B905551234567":   "+905551234567",
		"a%20b":             "a b",
		"%C3%A9":            "é",
		"100%25":            "100%",
		"..%2F..%2Fmetrics": "../../metrics",
		"..":                "..",
		"a%3Fb%23c":         "a?b#c",
	} {
		var got string
		c := Config{Explain: func(_ context.Context, key string) (any, bool, error) {
			got = key
			return "known", true, nil
		}}
		wantJSON(t, ask(c, "GET", "/api/v1/contacts/"+path, ""), `"known"`)
		if got != want {
			t.Errorf("%s is the key %q, want %q", path, got, want)
		}
	}
}

func TestExplainOfNobodyIs404AndOfNoKey400(t *testing.T) {
	c := Config{Explain: func(_ context.Context, key string) (any, bool, error) {
		if key == "nobody" {
			return nil, false, nil
		}
		return nil, false, Refuse(400, errors.New("no phone number"))
	}}
	wantProblem(t, ask(c, "GET", "/api/v1/contacts/nobody", ""), 404, "nothing is known of this contact")
	wantProblem(t, ask(c, "GET", "/api/v1/contacts/x", ""), 400, "no phone number")
}

func TestCheckAnswersInOrderAndTakesNumbersAsWritten(t *testing.T) {
	c := Config{Check: func(_ context.Context, contacts []string) ([]Answer, error) {
		var answers []Answer
		for _, c := range contacts {
			answers = append(answers, Answer{Contact: c, Status: "active", Sendable: true})
		}
		return answers, nil
	}}
	wantJSON(t, ask(c, "POST", "/api/v1/check", `{"contacts":["b","a",1.0]}`),
		`{"results":[{"contact":"b","status":"active","sendable":true,"reasons":[]},{"contact":"a","status":"active","sendable":true,"reasons":[]},{"contact":"1.0","status":"active","sendable":true,"reasons":[]}]}`)
	wantJSON(t, ask(c, "POST", "/api/v1/check", `{"contacts":[]}`), `{"results":[]}`)
}

func TestCheckSaysWhatIsWrongWithItsBody(t *testing.T) {
	c := Config{Check: func(context.Context, []string) ([]Answer, error) { return nil, nil }}
	many := func(n int) string { return `{"contacts":["a"` + strings.Repeat(`,"a"`, n-1) + `]}` }
	if w := ask(c, "POST", "/api/v1/check", many(maxContacts)); w.Code != 200 {
		t.Errorf("%d contacts are answered %d", maxContacts, w.Code)
	}
	wantProblem(t, ask(c, "POST", "/api/v1/check", many(maxContacts+1)), 413, "10001 contacts")
	wantProblem(t, ask(c, "POST", "/api/v1/check", `{"contacts":["`+strings.Repeat("a", maxBody)+`"]}`), 413, "larger than")
	for _, body := range []string{``, `{}`, `{"contacts":null}`} {
		wantProblem(t, ask(c, "POST", "/api/v1/check", body), 400, "no contacts")
	}
	for _, body := range []string{`["a"]`, `{"contacts":["a"]} {}`, `{"contact":["a"]}`, `{"contacts":[null]}`, `{"contacts":[["a"]]}`, `{"contacts":"a"}`, `nonsense`, `{"contacts":["a"]`} {
		wantProblem(t, ask(c, "POST", "/api/v1/check", body), 400, "send JSON like")
	}
	wantProblem(t, ask(c, "POST", "/api/v1/check", many(1), "Content-Encoding", "gzip"), 415, "compressed")
}

func TestInstructionsReachTheContactAsTold(t *testing.T) {
	var got Instruction
	c := Config{Instruct: func(_ context.Context, in Instruction) (any, error) {
		got = in
		return "done", nil
	}}
	wantJSON(t, ask(c, "POST", "/api/v1/contacts/%2B90/suppress", `{"reason":"complaint","note":"called","until":"2026-01-01T01:00:00+01:00"}`), `"done"`)
	if want := (Instruction{Contact: "+90", Kind: hygiene.Suppress, Reason: "complaint", Note: "called", Until: 1767225600000000, By: "admin"}); got != want {
		t.Errorf("told %+v, want %+v", got, want)
	}
	wantJSON(t, ask(c, "POST", "/api/v1/contacts/ann/allow", ``), `"done"`)
	if want := (Instruction{Contact: "ann", Kind: hygiene.Allow, By: "admin"}); got != want {
		t.Errorf("told %+v, want %+v", got, want)
	}
	wantProblem(t, ask(c, "POST", "/api/v1/contacts/ann/suppress", `{}`), 400, "needs a reason")
	wantProblem(t, ask(c, "POST", "/api/v1/contacts/ann/suppress", `{"reason":"r","until":"tomorrow"}`), 400, "is no time")
	wantProblem(t, ask(c, "POST", "/api/v1/contacts/ann/suppress", `{"reason":"r","untill":""}`), 400, "send JSON like")
	wantProblem(t, ask(c, "POST", "/api/v1/contacts/ann/allow", `{"until":"2026-01-01T00:00:00Z"}`), 400, "end of a suppression")
}

func TestErrorsAreProblems(t *testing.T) {
	broken := func(err error) Config {
		return Config{RunExport: func(context.Context, string) (any, error) { return nil, err }}
	}
	wantProblem(t, ask(broken(errors.New("the disk is full")), "POST", "/api/v1/exports/x/run", ""), 500, "the disk is full")
	wantProblem(t, ask(broken(Refuse(409, errors.New("it runs already"))), "POST", "/api/v1/exports/x/run", ""), 409, "it runs already")
	w := ask(broken(Refuse(503, errors.New("winnow stops"))), "POST", "/api/v1/exports/x/run", "")
	wantProblem(t, w, 503, "winnow stops")
	if w.Header().Get("Retry-After") == "" {
		t.Error("a 503 does not say when to come again")
	}
	unmarshable := Config{Status: func(context.Context) (any, error) { return func() {}, nil }}
	if w := ask(unmarshable, "GET", "/api/v1/status", ""); w.Code != 500 {
		t.Errorf("what can't be written is answered %d", w.Code)
	}
}

func TestAPanicIsAnsweredAndDoesNotTellOfContacts(t *testing.T) {
	var log logged
	c := Config{Logger: logTo(&log), Explain: func(_ context.Context, key string) (any, bool, error) { panic("about " + key) }}
	wantProblem(t, ask(c, "GET", "/api/v1/contacts/secret-contact", ""), 500, "went wrong inside winnow")
	log.mustHave(t, "panicked")
	log.mustNotHave(t, "secret-contact")
}

func TestReadyTellsWhyNotOnlyToWhoMayKnow(t *testing.T) {
	c := Config{Token: token}
	if w := ask(c, "GET", "/readyz", ""); w.Code != 200 {
		t.Errorf("ready is answered %d", w.Code)
	}
	c.Ready = func() error { return errors.New("the disk is full") }
	wantProblem(t, ask(c, "GET", "/readyz", "", "Authorization", "Bearer "+token), 503, "the disk is full")
	w := ask(c, "GET", "/readyz", "")
	wantProblem(t, w, 503, "not ready")
	if strings.Contains(w.Body.String(), "disk") {
		t.Errorf("a stranger is told %s", w.Body)
	}
}

func TestServerLimitsItsClients(t *testing.T) {
	s := Server(http.NotFoundHandler())
	for name, limit := range map[string]int64{
		"header time": int64(s.ReadHeaderTimeout), "read time": int64(s.ReadTimeout), "write time": int64(s.WriteTimeout),
		"idle time": int64(s.IdleTimeout), "header bytes": int64(s.MaxHeaderBytes),
	} {
		if limit <= 0 {
			t.Errorf("there is no limit of %s", name)
		}
	}
}

func TestEveryAnswerTellsBrowsersToBeCareful(t *testing.T) {
	for _, path := range []string{"/", "/elsewhere", "/metrics", "/api/v1/status"} {
		h := ask(Config{Token: token, Page: emptyPage}, "GET", path, "").Header()
		for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control"} {
			if h.Get(name) == "" {
				t.Errorf("%s has no %s", path, name)
			}
		}
		if strings.Contains(h.Get("Content-Security-Policy"), "unsafe") || !slices.Contains(h.Values("Cache-Control"), "no-store") {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestARunIsReleasedByItsName(t *testing.T) {
	c := Config{Release: func(_ context.Context, export, run string) (any, error) { return export + "/" + run, nil }}
	wantJSON(t, ask(c, "POST", "/api/v1/exports/night%2Fly/runs/2026-11-23T020000Z/release", ""), `"night/ly/2026-11-23T020000Z"`)
	wantProblem(t, ask(c, "GET", "/api/v1/exports/nightly/runs/2026-11-23T020000Z/release", ""), 405, "POST")
	wantProblem(t, ask(Config{}, "POST", "/api/v1/exports/nightly/runs/2026-11-23T020000Z/release", ""), 404, "nothing here")
	wantProblem(t, ask(c, "POST", "/api/v1/exports/nightly/runs/r/release", "", "Origin", "https://evil.example"), 403, "elsewhere")
}

func TestAnExportIsToldByItsName(t *testing.T) {
	c := Config{Export: func(_ context.Context, name string) (any, error) { return name, nil }}
	wantJSON(t, ask(c, "GET", "/api/v1/exports/nightly", ""), `"nightly"`)
	wantProblem(t, ask(Config{}, "GET", "/api/v1/exports/nightly", ""), 404, "nothing here")
}
