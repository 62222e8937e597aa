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
	"time"

	"winnow/hygiene"
	"winnow/internal/console/pages"
	"winnow/internal/console/view"
	"winnow/segments"
)

const token = "a-token-of-some-length"

func rightToken() string { return token }

// ask sends one request with the token to a server; headers are names and values in
// turn, and a value of "" takes the header away.
func ask(c Config, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	req := requestOf(method, path, body)
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	return serve(c, req)
}

// requestOf is a request with the token.
func requestOf(method, path, body string) *http.Request {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Host = "127.0.0.1:8081"
	req.Header.Set("Authorization", "Bearer "+token)
	return req
}

// handlerOf is a server; its token is the right one if the config has none.
func handlerOf(c Config) http.Handler {
	if c.Token == nil {
		c.Token = rightToken
	}
	h, err := New(c)
	if err != nil {
		panic(err)
	}
	return h
}

func serve(c Config, req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handlerOf(c).ServeHTTP(w, req)
	return w
}

// askInSession asks for a page as a browser that has logged in.
func askInSession(c Config, method, path string) *httptest.ResponseRecorder {
	req := requestOf(method, path, "")
	req.Header.Del("Authorization")
	s := newServer(Config{Token: rightToken})
	req.AddCookie(&http.Cookie{Name: cookieName(req), Value: s.newSession(time.Now(), "")})
	return serve(c, req)
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

// Views that answers are made of, and the JSON they are written as.
var (
	aStatus      = &view.Status{Totals: view.Totals{Events: 3}, Runs: []view.Run{}}
	aSegment     = view.Segment{Name: "staff", List: "staff", Suppressed: "exclude", Columns: []string{"contact"}}
	aRun         = view.Run{Export: "nightly", Name: "2026-11-23T020000Z", Status: "held", ScheduledAt: 1795399200000000, AsOf: 1795399201000000, ThroughSeq: 7, Policy: "0123456789ab", Error: "3 > 2"}
	aShare       = 0.25
	someRules    = view.Rules{Policy: "9c56", Rules: []view.RuleRegret{{Rule: "hard", Acted: 9, Right: 3, Regretted: 1, Unmeasured: 5, Share: &aShare}, {Rule: "soft", Former: true}}}
	anExport     = view.Export{Name: "nightly", Schedule: "0 2 * * *", Segments: []string{"staff"}, Formats: []segments.Format{"csv"}, To: []string{"exports"}, LastRun: &aRun}
	aContact     = &view.Explanation{Contact: "ann", Status: "active", AsOf: 1795399200000000, Why: "ann is active"}
	aStatusJSON  = `{"events":3,"last_seq":0,"repeats":0,"quarantined":0,"unmatched":0,"contacts":0,"statuses":null,"sweep":{"cursor":0,"lag":0},"policy":"","runs":[]}`
	aSegmentJSON = `{"name":"staff","list":"staff","suppressed":"exclude","columns":["contact"]}`
	aRunJSON     = `{"export":"nightly","run":"2026-11-23T020000Z","status":"held","scheduled_at":"2026-11-23T02:00:00Z","as_of":"2026-11-23T02:00:01Z","finished_at":null,"through_seq":7,"policy":"0123456789ab","error":"3 > 2"}`
	anExportJSON = `{"name":"nightly","schedule":"0 2 * * *","segments":["staff"],"formats":["csv"],"to":["exports"],"last_run":` + aRunJSON + `}`
	aContactJSON = `{"contact":"ann","status":"active","as_of":"2026-11-23T02:00:00Z","why":"ann is active"}`
)

func status(context.Context) (*view.Status, error) { return aStatus, nil }

func TestGetRoutesAnswerWithTheirView(t *testing.T) {
	c := Config{
		Status:   status,
		Segments: func(context.Context) ([]view.Segment, error) { return []view.Segment{aSegment}, nil },
		Rules:    func(context.Context) (*view.Rules, error) { return &someRules, nil },
		Exports:  func(context.Context) ([]view.Export, error) { return []view.Export{anExport}, nil },
	}
	for path, want := range map[string]string{"/api/v1/status": aStatusJSON, "/api/v1/segments": "[" + aSegmentJSON + "]", "/api/v1/exports": "[" + anExportJSON + "]"} {
		wantJSON(t, ask(c, "GET", path, ""), want)
		wantProblem(t, ask(Config{}, "GET", path, ""), 404, "no such route")
	}
}

func TestARouteWithoutItsFunctionIsNotFound(t *testing.T) {
	for _, path := range []string{"/api/v1/contacts/ann/suppress", "/api/v1/contacts/ann/allow", "/api/v1/contacts/ann/merge", "/api/v1/check", "/api/v1/messages", "/api/v1/exports/nightly/run"} {
		wantProblem(t, ask(Config{}, "POST", path, `{}`), 404, "no such route")
	}
	wantProblem(t, ask(Config{}, "GET", "/api/v1/contacts/ann", ""), 404, "no such route")
	wantProblem(t, ask(Config{}, "DELETE", "/api/v1/contacts/ann", ""), 404, "no such route")
	if w := askInSession(Config{}, "GET", "/"); w.Code != 404 || !strings.Contains(w.Body.String(), "no such page") {
		t.Errorf("the first page: answer %d", w.Code)
	}
	wantProblem(t, ask(Config{}, "GET", "/elsewhere", ""), 404, "no such route")
}

func TestAnotherMethodIsAnsweredWithTheAllowedOnes(t *testing.T) {
	for path, allow := range map[string]string{
		"/":                             "GET, HEAD",
		"/login":                        "GET, HEAD, POST",
		"/api/v1/status":                "GET, HEAD",
		"/api/v1/contacts/ann/suppress": "POST",
		"/api/v1/check":                 "POST",
	} {
		w := ask(Config{Status: status}, "DELETE", path, "")
		wantProblem(t, w, 405, "DELETE")
		if got := w.Header().Get("Allow"); got != allow {
			t.Errorf("%s: Allow %q, want %q", path, got, allow)
		}
	}
	w := ask(Config{Status: status}, "PUT", "/api/v1/contacts/a%2Fb", "")
	wantProblem(t, w, 405, "PUT")
	if got := w.Header().Get("Allow"); got != "GET, HEAD, DELETE" {
		t.Errorf("of a contact: Allow %q", got)
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
		c := Config{Explain: func(_ context.Context, key string) ([]*view.Explanation, error) {
			got = key
			return []*view.Explanation{aContact}, nil
		}}
		wantJSON(t, ask(c, "GET", "/api/v1/contacts/"+path, ""), aContactJSON)
		if got != want {
			t.Errorf("%s is the key %q, want %q", path, got, want)
		}
	}
}

func TestExplainAnswersSeveralContactsOfANumberAnd404ForAnUnknownOneAnd400ForAnInvalidKey(t *testing.T) {
	c := Config{Explain: func(_ context.Context, key string) ([]*view.Explanation, error) {
		switch key {
		case "nobody":
			return nil, nil
		case "+905551234567":
			return []*view.Explanation{aContact, aContact}, nil
		}
		return nil, NewAPIError(400, errors.New("no phone number"))
	}}
	wantJSON(t, ask(c, "GET", "/api/v1/contacts/+905551234567", ""), "["+aContactJSON+","+aContactJSON+"]")
	wantProblem(t, ask(c, "GET", "/api/v1/contacts/nobody", ""), 404, "unknown contact")
	wantProblem(t, ask(c, "GET", "/api/v1/contacts/x", ""), 400, "no phone number")
}

func TestCheckAnswersInOrderAndTakesNumbersAsIntegers(t *testing.T) {
	c := Config{Check: func(_ context.Context, contacts, phones, _ []string) ([]view.Sendable, error) {
		var answers []view.Sendable
		for _, c := range contacts {
			answers = append(answers, view.Sendable{Contact: c, Status: "active", Sendable: true})
		}
		for _, p := range phones {
			answers = append(answers, view.Sendable{Contact: p, Phone: "+90", Status: "suppressed", Reasons: []string{"opted_out"}})
		}
		return answers, nil
	}}
	wantJSON(t, ask(c, "POST", "/api/v1/check", `{"contacts":["b","a",1.0]}`),
		`{"results":[{"contact":"b","status":"active","sendable":true,"reasons":[]},{"contact":"a","status":"active","sendable":true,"reasons":[]},{"contact":"1","status":"active","sendable":true,"reasons":[]}]}`)
	wantJSON(t, ask(c, "POST", "/api/v1/check", `{"phones":["+90 5"],"contacts":["a"]}`),
		`{"results":[{"contact":"a","status":"active","sendable":true,"reasons":[]},{"contact":"+90 5","phone":"+90","status":"suppressed","sendable":false,"reasons":["opted_out"]}]}`)
	wantJSON(t, ask(c, "POST", "/api/v1/check", `{"contacts":[]}`), `{"results":[]}`)
	wantJSON(t, ask(c, "POST", "/api/v1/check", `{"phones":[]}`), `{"results":[]}`)
}

func TestCheckSaysWhatIsWrongWithItsBody(t *testing.T) {
	c := Config{Check: func(context.Context, []string, []string, []string) ([]view.Sendable, error) { return nil, nil }}
	many := func(n int) string { return `{"contacts":["a"` + strings.Repeat(`,"a"`, n-1) + `]}` }
	if w := ask(c, "POST", "/api/v1/check", many(maxContacts)); w.Code != 200 {
		t.Errorf("%d contacts are answered %d", maxContacts, w.Code)
	}
	wantProblem(t, ask(c, "POST", "/api/v1/check", many(maxContacts+1)), 413, "10001 contacts")
	wantProblem(t, ask(c, "POST", "/api/v1/check", strings.TrimSuffix(many(maxContacts), "}")+`,"phones":["+90"]}`), 413, "10001 contacts")
	wantProblem(t, ask(c, "POST", "/api/v1/check", `{"contacts":["`+strings.Repeat("a", maxBody)+`"]}`), 413, "larger than")
	for _, body := range []string{``, `{}`, `{"contacts":null}`, `{"contacts":null,"phones":null}`} {
		wantProblem(t, ask(c, "POST", "/api/v1/check", body), 400, "no contacts")
	}
	for _, body := range []string{`["a"]`, `{"contacts":["a"]} {}`, `{"contact":["a"]}`, `{"contacts":[null]}`, `{"contacts":[["a"]]}`, `{"contacts":"a"}`, `{"phones":[905551234567]}`, `nonsense`, `{"contacts":["a"]`} {
		wantProblem(t, ask(c, "POST", "/api/v1/check", body), 400, "send JSON like")
	}
	wantProblem(t, ask(c, "POST", "/api/v1/check", many(1), "Content-Encoding", "gzip"), 415, "compressed")
}

func TestInstructionsArePassedOnAsWritten(t *testing.T) {
	var got view.Instruction
	c := Config{Instruct: func(_ context.Context, in view.Instruction) (*view.Explanation, error) {
		got = in
		return aContact, nil
	}}
	wantJSON(t, ask(c, "POST", "/api/v1/contacts/%2B90/suppress", `{"reason":"complaint","note":"called","until":"2026-01-01T01:00:00+01:00"}`), aContactJSON)
	if want := (view.Instruction{Contact: "+90", Kind: hygiene.Suppress, Reason: "complaint", Note: "called", Until: 1767225600000000, By: "admin"}); got != want {
		t.Errorf("passed on %+v, want %+v", got, want)
	}
	wantJSON(t, ask(c, "POST", "/api/v1/contacts/ann/allow", ``), aContactJSON)
	if want := (view.Instruction{Contact: "ann", Kind: hygiene.Allow, By: "admin"}); got != want {
		t.Errorf("passed on %+v, want %+v", got, want)
	}
	wantProblem(t, ask(c, "POST", "/api/v1/contacts/ann/suppress", `{}`), 400, "needs a reason")
	wantProblem(t, ask(c, "POST", "/api/v1/contacts/ann/suppress", `{"reason":"r","until":"tomorrow"}`), 400, "is not a time")
	for _, until := range []string{"1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1969-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00"} {
		wantProblem(t, ask(c, "POST", "/api/v1/contacts/ann/suppress", `{"reason":"r","until":"`+until+`"}`), 400, "write a year from 1971 to 9999")
	}
	wantProblem(t, ask(c, "POST", "/api/v1/contacts/ann/suppress", `{"reason":"r","untill":""}`), 400, "send JSON like")
	wantProblem(t, ask(c, "POST", "/api/v1/contacts/ann/allow", `{"until":"2026-01-01T00:00:00Z"}`), 400, "end of a suppression")
}

func TestMergesArePassedOnAsWritten(t *testing.T) {
	var got view.Merge
	c := Config{Merge: func(_ context.Context, m view.Merge) (view.Merged, error) {
		got = m
		return view.Merged{Old: "ann", New: "7", Merged: true, Batch: 3, Status: "active", Reasons: []string{}}, nil
	}}
	wantJSON(t, ask(c, "POST", "/api/v1/contacts/ann/merge", `{"into":7.0,"note":"same person"}`), `{"old":"ann","new":"7","merged":true,"batch":3,"status":"active","reasons":[]}`)
	if want := (view.Merge{Contact: "ann", Into: "7", Note: "same person", By: "admin"}); got != want {
		t.Errorf("passed on %+v, want %+v", got, want)
	}
	for _, body := range []string{``, `{}`, `{"into":""}`} {
		wantProblem(t, ask(c, "POST", "/api/v1/contacts/ann/merge", body), 400, "")
	}
	wantProblem(t, ask(c, "POST", "/api/v1/contacts/ann/merge", `{"to":"bob"}`), 400, "send JSON like")
}

func TestErrorsAreProblems(t *testing.T) {
	broken := func(err error) Config {
		return Config{RunExport: func(context.Context, string) (view.Run, error) { return view.Run{}, err }}
	}
	wantProblem(t, ask(broken(errors.New("the disk is full")), "POST", "/api/v1/exports/x/run", ""), 500, "the disk is full")
	wantProblem(t, ask(broken(NewAPIError(409, errors.New("it runs already"))), "POST", "/api/v1/exports/x/run", ""), 409, "it runs already")
	w := ask(broken(NewAPIError(503, errors.New("winnow stops"))), "POST", "/api/v1/exports/x/run", "")
	wantProblem(t, w, 503, "winnow stops")
	if w.Header().Get("Retry-After") == "" {
		t.Error("a 503 does not say when to retry")
	}
	unmarshable := Config{Explain: func(context.Context, string) ([]*view.Explanation, error) {
		return []*view.Explanation{{Timeline: []view.Event{{Code: func() {}}}}}, nil
	}}
	if w := ask(unmarshable, "GET", "/api/v1/contacts/ann", ""); w.Code != 500 {
		t.Errorf("what can't be written is answered %d", w.Code)
	}
}

func TestAPanicIsAnsweredAndLogsNoContact(t *testing.T) {
	var log logged
	c := Config{Logger: logTo(&log), Explain: func(_ context.Context, key string) ([]*view.Explanation, error) { panic("about " + key) }}
	wantProblem(t, ask(c, "GET", "/api/v1/contacts/secret-contact", ""), 500, "internal error")
	log.mustHave(t, "panicked")
	log.mustNotHave(t, "secret-contact")
}

func TestReadySaysWhyNotOnlyWithTheToken(t *testing.T) {
	c := Config{}
	if w := ask(c, "GET", "/readyz", "", "Authorization", ""); w.Code != 200 {
		t.Errorf("ready is answered %d", w.Code)
	}
	c.Ready = func() error { return errors.New("the disk is full") }
	wantProblem(t, ask(c, "GET", "/readyz", "", "Authorization", "Bearer "+token), 503, "the disk is full")
	for _, authorization := range []string{"", "Bearer wrong-" + token} {
		w := ask(c, "GET", "/readyz", "", "Authorization", authorization)
		wantProblem(t, w, 503, "not ready")
		if strings.Contains(w.Body.String(), "disk") {
			t.Errorf("without the token it says %s", w.Body)
		}
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

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	for _, path := range []string{"/", "/elsewhere", "/metrics", "/api/v1/status", "/login"} {
		h := ask(Config{Pages: pages.Config{Overview: emptyPage}}, "GET", path, "", "Authorization", "").Header()
		if got := h.Get("Cross-Origin-Resource-Policy"); got != "same-origin" {
			t.Errorf("%s has the resource policy %q", path, got)
		}
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
	var mayBeStale bool
	c := Config{Release: func(_ context.Context, export, run string, stale bool) (view.Released, error) {
		mayBeStale = stale
		return view.Released{Run: view.Run{Export: export, Name: run, Status: "released"}, Discarded: []string{}}, nil
	}}
	wantJSON(t, ask(c, "POST", "/api/v1/exports/night%2Fly/runs/2026-11-23T020000Z/release", ""),
		`{"export":"night/ly","run":"2026-11-23T020000Z","status":"released","scheduled_at":null,"as_of":null,"finished_at":null,"through_seq":0,"policy":"","error":"","discarded":[]}`)
	if mayBeStale {
		t.Error("a stale run is released without being asked for")
	}
	if ask(c, "POST", "/api/v1/exports/nightly/runs/2026-11-23T020000Z/release?stale=true", ""); !mayBeStale {
		t.Error("a stale run is not released although it is asked for")
	}
	wantProblem(t, ask(c, "POST", "/api/v1/exports/nightly/runs/2026-11-23T020000Z/release?stale=maybe", ""), 400, "write true")
	wantProblem(t, ask(c, "GET", "/api/v1/exports/nightly/runs/2026-11-23T020000Z/release", ""), 405, "POST")
	wantProblem(t, ask(Config{}, "POST", "/api/v1/exports/nightly/runs/2026-11-23T020000Z/release", ""), 404, "no such route")
	wantProblem(t, ask(c, "POST", "/api/v1/exports/nightly/runs/r/release", "", "Origin", "https://evil.example"), 403, "cross-origin")
}

func TestAnExportIsFoundByItsName(t *testing.T) {
	c := Config{Export: func(_ context.Context, name string) (view.ExportRuns, error) {
		return view.ExportRuns{Export: view.Export{Name: name}, Runs: []view.Run{aRun}}, nil
	}}
	wantJSON(t, ask(c, "GET", "/api/v1/exports/nightly", ""), `{"name":"nightly","schedule":"","segments":null,"formats":null,"to":null,"runs":[`+aRunJSON+`]}`)
	wantProblem(t, ask(Config{}, "GET", "/api/v1/exports/nightly", ""), 404, "no such route")
}
