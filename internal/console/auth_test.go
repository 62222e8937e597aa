package console

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"winnow/internal/console/view"
)

func logTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func emptyPage(context.Context) (view.Overview, error) { return view.Overview{}, nil }

func TestAPIRequiresTheBearerToken(t *testing.T) {
	c := Config{Token: token, Status: status}
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
		Token:     token,
		RunExport: func(context.Context, string) (view.Run, error) { t.Error("a run was made"); return view.Run{}, nil },
		Instruct: func(context.Context, Instruction) (*view.Explanation, error) {
			t.Error("a contact was changed")
			return nil, nil
		},
	}
	for _, path := range []string{"/api/v1/exports/nightly/run", "/api/v1/contacts/ann/suppress", "/api/v1/messages", "/api/v1/check"} {
		wantProblem(t, ask(c, "POST", path, `{"reason":"r"}`), 401, "admin token")
	}
}

func TestPageAcceptsTheTokenAsPassword(t *testing.T) {
	c := Config{Token: token, Page: emptyPage}
	w := ask(c, "GET", "/", "")
	wantProblem(t, w, 401, "password")
	if got := w.Header().Get("WWW-Authenticate"); got != `Basic realm="winnow", charset="UTF-8"` {
		t.Errorf("challenge %q", got)
	}
	for password, want := range map[string]int{token: 200, token + "x": 401, "": 401} {
		req := requestOf("GET", "/")
		req.SetBasicAuth("anyone", password)
		if got := serve(c, req).Code; got != want {
			t.Errorf("password %q is answered %d, want %d", password, got, want)
		}
	}
}

func TestWithoutATokenAHostNameIsRefused(t *testing.T) {
	for host, want := range map[string]int{
		"127.0.0.1:8081": 200, "127.0.0.1": 200, "[::1]:8081": 200, "[::1]": 200, "localhost:8081": 200, "LOCALHOST": 200, "": 200,
		"evil.example:8081": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example:8081": 421,
	} {
		if got := ask(Config{Status: status}, "GET", "/api/v1/status", "", "Host", host).Code; got != want {
			t.Errorf("host %q is answered %d, want %d", host, got, want)
		}
	}
	if got := ask(Config{Token: token, Status: status}, "GET", "/api/v1/status", "", "Host", "winnow.example", "Authorization", "Bearer "+token).Code; got != 200 {
		t.Errorf("a name with a token is answered %d", got)
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
	c := Config{Token: token, Logger: logTo(&log), Explain: func(context.Context, string) (*view.Explanation, bool, error) { return nil, false, errBroken }}
	ask(c, "GET", "/api/v1/contacts/%2B905551234567", "", "Authorization", "Bearer "+token)
	ask(c, "GET", "/api/v1/contacts/%2B905551234567", "", "Authorization", "Bearer wrong-"+token)
	log.mustHave(t, "/api/v1/contacts/{key}")
	log.mustNotHave(t, token, "90555")
}
