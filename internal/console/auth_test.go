package console

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"winnow/hygiene/provider"
	"winnow/internal/console/pages"
	"winnow/internal/console/view"
)

func logTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func emptyPage(context.Context, view.OverviewQuery) (view.Overview, error) {
	return view.Overview{}, nil
}

func TestAPIRequiresTheBearerToken(t *testing.T) {
	c := Config{Status: status}
	for _, path := range []string{"/api/v1/status", "/api/v1/openapi.yaml", "/metrics"} {
		for _, wrong := range []string{"", "Bearer", "Bearer ", "Bearer " + token + "x", "Bearer " + token[1:], token, "Basic " + token, "Basic OmEtdG9rZW4tb2Ytc29tZS1sZW5ndGg="} {
			w := ask(c, "GET", path, "", "Authorization", wrong)
			wantProblem(t, w, 401, "admin token")
			if got := w.Header().Get("WWW-Authenticate"); got != `Bearer realm="winnow"` && got != `Bearer realm="winnow", error="invalid_token"` {
				t.Errorf("%s with %q: challenge %q", path, wrong, got)
			}
		}
		for _, right := range []string{"Bearer " + token, "bearer " + token, "Bearer  " + token} {
			if w := ask(c, "GET", path, "", "Authorization", right); w.Code != 200 {
				t.Errorf("%s with %q is answered %d", path, right, w.Code)
			}
		}
	}
}

func TestTheTokenIsCheckedBeforeAnythingIsDone(t *testing.T) {
	c := Config{
		RunExport: func(context.Context, string) (view.Run, error) { t.Error("a run was made"); return view.Run{}, nil },
		Instruct: func(context.Context, view.Instruction) (*view.Explanation, error) {
			t.Error("a contact was changed")
			return nil, nil
		},
	}
	for _, path := range []string{"/api/v1/exports/nightly/run", "/api/v1/contacts/ann/suppress", "/api/v1/messages", "/api/v1/check"} {
		wantProblem(t, ask(c, "POST", path, `{"reason":"r"}`, "Authorization", ""), 401, "admin token")
	}
}

// A name that a page elsewhere pointed here gains nothing: the browser has neither a
// token nor a session under it.
func TestAnyHostIsAnsweredAndNoneWithoutTheToken(t *testing.T) {
	c := Config{Status: status, Pages: pages.Config{Overview: emptyPage}}
	for _, host := range []string{"127.0.0.1:8081", "127.0.0.1", "[::1]:8081", "[::1]", "localhost:8081", "LOCALHOST", "", "winnow.example",
		"evil.example:8081", "localhost.evil.example", "127.0.0.1.evil.example:8081"} {
		if got := ask(c, "GET", "/api/v1/status", "", "Host", host).Code; got != 200 {
			t.Errorf("host %q with the token is answered %d", host, got)
		}
		if got := ask(c, "GET", "/api/v1/status", "", "Host", host, "Authorization", "").Code; got != 401 {
			t.Errorf("host %q without the token is answered %d", host, got)
		}
		wantLoginForm(t, ask(c, "GET", "/", "", "Host", host, "Authorization", ""), 200)
	}
}

func TestNothingButReadinessAndTheLoginFormIsAnsweredWithoutTheToken(t *testing.T) {
	c := everythingFails(t)
	for _, route := range described() {
		method, path, _ := strings.Cut(route, " ")
		path = strings.NewReplacer("{name}", "nightly", "{run}", "r", "{key}", "ann").Replace(path)
		w := ask(c, method, path, "{}", "Authorization", "")
		switch route {
		case "GET /readyz":
			if w.Code != 200 {
				t.Errorf("%s is answered %d", route, w.Code)
			}
		case "GET /":
			wantLoginForm(t, w, 200)
		case "GET /login":
			if w.Code != 303 || w.Header().Get("Location") != "/" {
				t.Errorf("%s is answered %d", route, w.Code)
			}
		case "POST /login":
			wantLoginForm(t, w, 403)
		case "POST /logout":
			wantLoginForm(t, w, 401)
		default:
			wantProblem(t, w, 401, "the admin token is required")
		}
	}
}

// everythingFails is a config whose functions must not be called.
func everythingFails(t *testing.T) Config {
	called := func() { t.Error("something was done") }
	return Config{
		Pages: pages.Config{Overview: func(context.Context, view.OverviewQuery) (view.Overview, error) {
			called()
			return view.Overview{}, nil
		}},
		Status:   func(context.Context) (*view.Status, error) { called(); return nil, nil },
		Segments: func(context.Context) ([]view.Segment, error) { called(); return nil, nil },
		Rules:    func(context.Context) (*view.Rules, error) { called(); return nil, nil },
		Exports:  func(context.Context) ([]view.Export, error) { called(); return nil, nil },
		Explain:  func(context.Context, string) ([]*view.Explanation, error) { called(); return nil, nil },
		Check: func(context.Context, []string, []string, []string) ([]view.Sendable, error) {
			called()
			return nil, nil
		},
		Register: func(context.Context, []provider.Registration) (RegisterResult, error) {
			called()
			return RegisterResult{}, nil
		},
		Export:    func(context.Context, string) (view.ExportRuns, error) { called(); return view.ExportRuns{}, nil },
		RunExport: func(context.Context, string) (view.Run, error) { called(); return view.Run{}, nil },
		Release: func(context.Context, string, string, bool) (view.Released, error) {
			called()
			return view.Released{}, nil
		},
		Instruct: func(context.Context, view.Instruction) (*view.Explanation, error) { called(); return nil, nil },
	}
}

func TestTheServerIsNotMadeWithoutAToken(t *testing.T) {
	for name, of := range map[string]func() string{"none": nil, "an empty one": func() string { return "" }} {
		if _, err := New(Config{Token: of}); err == nil || !strings.Contains(err.Error(), "admin.token") {
			t.Errorf("with %s: %v", name, err)
		}
	}
}

func TestATokenThatBecomesEmptyOpensNothing(t *testing.T) {
	current := token
	h := handlerOf(Config{Token: func() string { return current }, Status: status, Pages: pages.Config{Overview: emptyPage}})
	current = ""
	s := newServer(Config{Token: func() string { return "" }})
	for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer " + token} {
		req := requestOf("GET", "/api/v1/status", "")
		req.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		wantProblem(t, w, 401, "admin token")
	}
	req := requestOf("GET", "/", "")
	req.AddCookie(&http.Cookie{Name: cookieName(req), Value: s.newSession(time.Now(), "")})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	wantLoginForm(t, w, 200)
}

func TestAChangedTokenActsImmediately(t *testing.T) {
	current := token
	h := handlerOf(Config{Token: func() string { return current }, Status: status})
	answered := func(bearer string) int {
		req := requestOf("GET", "/api/v1/status", "")
		req.Header.Set("Authorization", "Bearer "+bearer)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		return w.Code
	}
	if got := answered(token); got != 200 {
		t.Errorf("the token is answered %d", got)
	}
	current = "another-token-of-some-length"
	if old, now := answered(token), answered(current); old != 401 || now != 200 {
		t.Errorf("after the change the old token is answered %d, the new one %d", old, now)
	}
}

func TestAMissingAndAWrongTokenAreToldApart(t *testing.T) {
	c := Config{Status: status}
	for authorization, words := range map[string]string{
		"": "is required; send the header", "Basic OnNlY3JldA==": "is required; send the header", "Bearer": "is required; send the header",
		"Bearer nearly-" + token: "is wrong; winnow uses admin.token of its config or, without one, the text of winnow-admin.token beside its store",
	} {
		for _, path := range []string{"/api/v1/status", "/metrics", "/api/v1/openapi.yaml"} {
			wantProblem(t, ask(c, "GET", path, "", "Authorization", authorization), 401, words)
		}
	}
}

func TestThePasswordOfABrowserOpensNothing(t *testing.T) {
	for _, path := range []string{"/", "/metrics", "/api/v1/status"} {
		req := requestOf("GET", path, "")
		req.SetBasicAuth("anyone", token)
		if w := serve(Config{Pages: pages.Config{Overview: emptyPage}, Status: status}, req); path == "/" {
			wantLoginForm(t, w, 200)
		} else {
			wantProblem(t, w, 401, "admin token")
		}
	}
}

func TestRequestsThatOtherSitesMakeAreRefused(t *testing.T) {
	c := Config{Pages: pages.Config{Overview: emptyPage}, Status: status}
	for _, q := range []struct {
		method, path, site, mode, dest string
		want                           int
	}{
		{"GET", "/", "cross-site", "navigate", "document", 200}, // a link
		{"HEAD", "/", "cross-site", "navigate", "document", 200},
		{"GET", "/", "cross-site", "navigate", "iframe", 403},
		{"GET", "/", "cross-site", "no-cors", "image", 403},
		{"GET", "/api/v1/status", "cross-site", "navigate", "document", 403},
		{"GET", "/api/v1/status", "cross-site", "no-cors", "script", 403},
		{"GET", "/api/v1/status", "cross-site", "cors", "empty", 403},
		{"GET", "/metrics", "cross-site", "no-cors", "image", 403},
		{"GET", "/elsewhere", "cross-site", "no-cors", "image", 403},
		{"POST", "/login", "cross-site", "navigate", "document", 403},
		{"GET", "/", "same-site", "navigate", "document", 200}, // another port of this host
		{"GET", "/api/v1/status", "same-site", "navigate", "document", 200},
		{"GET", "/api/v1/status", "same-site", "cors", "empty", 403},
		{"POST", "/logout", "same-site", "navigate", "document", 403},
		{"GET", "/", "bogus", "navigate", "iframe", 403},
		{"GET", "/api/v1/status", "same-origin", "cors", "empty", 200},
		{"GET", "/api/v1/status", "none", "navigate", "document", 200}, // an address that was typed
		{"GET", "/api/v1/status", "", "", "", 200},                     // not a browser
	} {
		w := ask(c, q.method, q.path, "", "Sec-Fetch-Site", q.site, "Sec-Fetch-Mode", q.mode, "Sec-Fetch-Dest", q.dest)
		if w.Code != q.want {
			t.Errorf("%+v is answered %d", q, w.Code)
		}
		if q.want == 403 {
			wantProblem(t, w, 403, "cross-origin")
		}
	}
}

func TestCrossOriginPostsAreRefused(t *testing.T) {
	c := Config{RunExport: func(context.Context, string) (view.Run, error) { return aRun, nil }}
	wantProblem(t, ask(c, "POST", "/api/v1/exports/nightly/run", "", "Sec-Fetch-Site", "cross-site"), 403, "cross-origin")
	wantProblem(t, ask(c, "POST", "/api/v1/exports/nightly/run", "", "Origin", "https://evil.example"), 403, "cross-origin")
	wantJSON(t, ask(c, "POST", "/api/v1/exports/nightly/run", "", "Sec-Fetch-Site", "same-origin"), aRunJSON)
	wantJSON(t, ask(c, "POST", "/api/v1/exports/nightly/run", ""), aRunJSON)
}

func TestTokensAndContactsAreNotLogged(t *testing.T) {
	var log logged
	c := Config{Logger: logTo(&log), Explain: func(context.Context, string) ([]*view.Explanation, error) { return nil, errBroken }}
	ask(c, "GET", "/api/v1/contacts/%2B905551234567", "", "Authorization", "Bearer "+token)
	ask(c, "GET", "/api/v1/contacts/%2B905551234567", "", "Authorization", "Bearer wrong-"+token)
	log.mustHave(t, "/api/v1/contacts/{key}")
	log.mustNotHave(t, token, "90555")
}
