package console

import (
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"winnow/internal/console/pages"
)

// wantLoginForm demands an answer of that status with the login form: one field for the
// token, one for the name, one hidden field, and no script.
func wantLoginForm(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	page := w.Body.String()
	if w.Code != status || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(page, `<form class="login" method="post" action="/login">`) ||
		strings.Count(page, "<input") != 3 || strings.Count(page, `type="password"`) != 1 || hiddenIn(page) == "" || strings.Contains(page, "<script") {
		t.Errorf("answer %d %s, want the login form with %d", w.Code, page, status)
	}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="form" value="([^"]+)"`)

// hiddenIn is the hidden token of a page's form; empty for none.
func hiddenIn(page string) string {
	if m := hiddenField.FindStringSubmatch(page); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// browser keeps cookies and shows one page after another.
type browser struct {
	t       *testing.T
	handler http.Handler
	origin  *url.URL
	jar     *cookiejar.Jar
}

func newBrowser(t *testing.T, h http.Handler) *browser {
	jar, _ := cookiejar.New(nil)
	origin, _ := url.Parse("http://127.0.0.1:8081")
	return &browser{t, h, origin, jar}
}

func (b *browser) do(req *http.Request) *httptest.ResponseRecorder {
	req.Host = b.origin.Host
	for _, cookie := range b.jar.Cookies(b.origin) {
		req.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, req)
	b.jar.SetCookies(b.origin, w.Result().Cookies())
	return w
}

func (b *browser) get(path string) *httptest.ResponseRecorder {
	return b.do(httptest.NewRequest("GET", path, nil))
}

// post sends a form: names and values in turn.
func (b *browser) post(path string, fields ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	req := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

// logIn fills in the login form.
func (b *browser) logIn(token string) *httptest.ResponseRecorder {
	return b.post("/login", "form", hiddenIn(b.get("/").Body.String()), "token", token)
}

func (b *browser) mustLogIn() {
	b.t.Helper()
	if w := b.logIn(token); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" {
		b.t.Fatalf("the login is answered %d %s", w.Code, w.Body)
	}
	b.mustSeePage()
}

func (b *browser) mustSeePage() {
	b.t.Helper()
	if w := b.get("/"); w.Code != 200 || !strings.Contains(w.Body.String(), "<h2>Setting up</h2>") {
		b.t.Errorf("the page is answered %d %s", w.Code, w.Body)
	}
}

func (b *browser) mustSeeLoginForm(words string) {
	b.t.Helper()
	w := b.get("/")
	wantLoginForm(b.t, w, 200)
	if !strings.Contains(w.Body.String(), words) {
		b.t.Errorf("the form does not say %q: %s", words, w.Body)
	}
}

func TestTheTokenIsEnteredOnce(t *testing.T) {
	b := newBrowser(t, handlerOf(Config{Pages: pages.Config{Overview: emptyPage}}))
	b.mustSeeLoginForm("")
	b.mustLogIn()
	b.mustSeePage()
	if w := b.get("/login"); w.Code != 303 || w.Header().Get("Location") != "/" {
		t.Errorf("GET /login is answered %d", w.Code)
	}
}

// A token is often pasted with the line end of its file.
func TestSpaceAroundATokenIsLeftOut(t *testing.T) {
	b := newBrowser(t, handlerOf(Config{Pages: pages.Config{Overview: emptyPage}}))
	if w := b.logIn(" " + token + "\r\n"); w.Code != 303 {
		t.Errorf("answered %d", w.Code)
	}
}

func TestTheCookieIsForThisServerAlone(t *testing.T) {
	for name, q := range map[string]struct {
		proto  string
		target string
		secure bool
	}{
		"plain HTTP": {"", "/login", false}, "TLS": {"", "https://127.0.0.1:8081/login", true}, "a proxy that ends TLS": {"https", "/login", true},
	} {
		h := handlerOf(Config{Pages: pages.Config{Overview: emptyPage}})
		b := newBrowser(t, h)
		body := url.Values{"form": {hiddenIn(b.get("/").Body.String())}, "token": {token}}.Encode()
		req := httptest.NewRequest("POST", q.target, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("X-Forwarded-Proto", q.proto)
		cookies := b.do(req).Result().Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%s: %d cookies", name, len(cookies))
		}
		c := cookies[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 12*60*60 || c.Secure != q.secure || strings.Contains(c.Value, token) {
			t.Errorf("%s: cookie %s", name, c)
		}
	}
}

func TestTwoWinnowsOnOneHostKeepTheirSessions(t *testing.T) {
	first, second := httptest.NewRequest("GET", "http://localhost:8081/", nil), httptest.NewRequest("GET", "http://localhost:8082/", nil)
	if a, b := cookieName(first), cookieName(second); a == b {
		t.Errorf("both cookies are named %s", a)
	}
	for _, host := range []string{"winnow.example", "", "h:x", "h:-1", "h:99999", "h:80; x=y"} {
		req := httptest.NewRequest("GET", "/", nil)
		req.Host = host
		if got := cookieName(req); got != "winnow" {
			t.Errorf("the cookie of %q is named %q", host, got)
		}
	}
}

func TestAWrongLoginIsToldWhatIsWrong(t *testing.T) {
	b := newBrowser(t, handlerOf(everythingFails(t)))
	for given, words := range map[string]string{"": "Enter the admin token.", "  ": "Enter the admin token.", "x" + token: "This is not the admin token.", token[1:]: "This is not the admin token."} {
		w := b.logIn(given)
		wantLoginForm(t, w, 401)
		if !strings.Contains(w.Body.String(), words) || len(w.Result().Cookies()) > 0 || w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%q is answered %s", given, w.Body)
		}
		if given = strings.TrimSpace(given); given != "" && strings.Contains(w.Body.String(), given) {
			t.Errorf("the answer repeats %q", given)
		}
	}
	b.mustSeeLoginForm("")
}

func TestAChangedTokenEndsAllSessions(t *testing.T) {
	current := token
	b := newBrowser(t, handlerOf(Config{Token: func() string { return current }, Pages: pages.Config{Overview: emptyPage}}))
	b.mustLogIn()
	old := b.jar.Cookies(b.origin)
	current = "another-token-of-some-length"
	b.mustSeeLoginForm("Your session has ended.")
	if len(b.jar.Cookies(b.origin)) > 0 {
		t.Error("the browser keeps the cookie")
	}
	b.jar.SetCookies(b.origin, old)
	wantLoginForm(t, b.post("/logout", "form", "x"), 401)
	if w := b.logIn(token); w.Code != 401 {
		t.Errorf("the old token is answered %d", w.Code)
	}
	if w := b.logIn(current); w.Code != 303 {
		t.Errorf("the new token is answered %d", w.Code)
	}
	b.mustSeePage()
}

func TestASessionLastsTwelveHoursAndARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBrowser(t, handlerOf(Config{Pages: pages.Config{Overview: emptyPage}}))
		b.mustLogIn()
		cookies := b.jar.Cookies(b.origin)
		time.Sleep(12*time.Hour - time.Second)
		b.handler = handlerOf(Config{Pages: pages.Config{Overview: emptyPage}})
		b.mustSeePage()
		time.Sleep(time.Second)
		b.jar.SetCookies(b.origin, cookies) // a browser would have dropped it
		b.mustSeeLoginForm("Your session has ended. Log in again.")
		b.mustSeeLoginForm("")
	})
}

func TestALogoutEndsTheSession(t *testing.T) {
	b := newBrowser(t, handlerOf(Config{Pages: pages.Config{Overview: emptyPage}}))
	b.mustLogIn()
	copied := b.jar.Cookies(b.origin)
	page := b.get("/").Body.String()
	if !strings.Contains(page, `action="/logout"`) {
		t.Fatalf("the page has no button to log out:\n%s", page)
	}
	if w := b.post("/logout", "form", hiddenIn(page)); w.Code != 303 || w.Header().Get("Location") != "/" {
		t.Errorf("answered %d", w.Code)
	}
	if len(b.jar.Cookies(b.origin)) > 0 {
		t.Error("the browser keeps the cookie")
	}
	b.mustSeeLoginForm("")
	b.jar.SetCookies(b.origin, copied)
	b.mustSeeLoginForm("Your session has ended.")
	b.mustLogIn()
}

func TestAForgedFormIsRefused(t *testing.T) {
	c := Config{Pages: pages.Config{Overview: emptyPage}}
	b, other := newBrowser(t, handlerOf(c)), newBrowser(t, handlerOf(c))
	b.mustLogIn()
	other.mustLogIn()
	for name, hidden := range map[string]string{
		"none": "", "any": "x", "that of the login form": hiddenIn(ask(c, "GET", "/", "", "Authorization", "").Body.String()),
		"that of another session": hiddenIn(other.get("/").Body.String()), "the session": b.jar.Cookies(b.origin)[0].Value, "the token": token,
	} {
		w := b.post("/logout", "form", hidden)
		if w.Code != 403 || !strings.Contains(w.Body.String(), "Nothing was done: this form is forged or out of date.") || !strings.Contains(w.Body.String(), `<a href="/">`) {
			t.Errorf("%s is answered %d %s", name, w.Code, w.Body)
		}
		b.mustSeePage() // still logged in
	}
	inURL := b.post("/logout?form=" + url.QueryEscape(hiddenIn(b.get("/").Body.String())))
	if inURL.Code != 403 {
		t.Errorf("a hidden token in the address is answered %d", inURL.Code)
	}
	for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		req := httptest.NewRequest("POST", "/logout", strings.NewReader(url.Values{"form": {hiddenIn(b.get("/").Body.String())}}.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set(header[0], header[1])
		wantProblem(t, b.do(req), 403, "cross-origin")
		b.mustSeePage()
	}
}

func TestAForgedLoginIsRefused(t *testing.T) {
	b := newBrowser(t, handlerOf(everythingFails(t)))
	other := newBrowser(t, handlerOf(Config{Pages: pages.Config{Overview: emptyPage}}))
	for name, hidden := range map[string]string{"none": "", "any": "x", "that of another process": hiddenIn(other.get("/").Body.String())} {
		w := b.post("/login", "form", hidden, "token", token)
		wantLoginForm(t, w, 403)
		if !strings.Contains(w.Body.String(), "out of date") || len(w.Result().Cookies()) > 0 {
			t.Errorf("%s is answered %s", name, w.Body)
		}
	}
	for _, contentType := range []string{"text/plain", "multipart/form-data; boundary=x", "application/json", ""} {
		req := httptest.NewRequest("POST", "/login", strings.NewReader("form=x&token="+token))
		req.Header.Set("Content-Type", contentType)
		if w := b.do(req); w.Code != 403 {
			t.Errorf("a form as %q is answered %d", contentType, w.Code)
		}
	}
	if w := b.post("/login", "token", strings.Repeat("x", maxForm+1)); w.Code != 413 {
		t.Errorf("a long form is answered %d", w.Code)
	}
}

// Anything made from the token and shown to strangers would let them guess it.
func TestTheLoginFormShowsNothingMadeFromTheToken(t *testing.T) {
	c := Config{Pages: pages.Config{Overview: emptyPage}}
	h := handlerOf(c)
	first, again, other := newBrowser(t, h).get("/"), newBrowser(t, h).get("/"), newBrowser(t, handlerOf(c)).get("/")
	if first.Body.String() != again.Body.String() || hiddenIn(first.Body.String()) == hiddenIn(other.Body.String()) {
		t.Error("the hidden token is not one of the process")
	}
	if len(first.Result().Cookies()) > 0 {
		t.Error("a stranger gets a cookie")
	}
}

func TestACookieThatWasMadeUpIsNoSession(t *testing.T) {
	s, now := newServer(Config{Token: rightToken}), time.Now()
	good := s.newSession(now, "")
	later := strings.Replace(good, good[:10], "9999999999", 1)
	endless := "never." + good[11:strings.LastIndex(good, ".")]
	for name, value := range map[string]string{
		"nothing": "", "a word": "x", "dots": "..", "a token": token, "a later end": later, "a form's token": good[:strings.LastIndex(good, ".")+1] + s.formToken(good),
		"no end": endless + "." + sign(token, "session", endless), "another token's": newServer(Config{Token: func() string { return "x" + token }}).newSession(now, ""), "cut": good[:len(good)-1],
	} {
		req := requestOf("GET", "/", "")
		req.AddCookie(&http.Cookie{Name: cookieName(req), Value: value})
		wantLoginForm(t, serve(everythingFails(t), req), 200)
		if name == "nothing" {
			continue
		}
		api := requestOf("GET", "/api/v1/status", "")
		api.Header.Del("Authorization")
		api.AddCookie(&http.Cookie{Name: cookieName(req), Value: good})
		wantProblem(t, serve(everythingFails(t), api), 401, "is required")
	}
}

// A link elsewhere comes without the cookie. The browser asks again, and only once.
func TestALinkFromElsewhereFindsTheSession(t *testing.T) {
	link := func(site string) string {
		return ask(Config{Pages: pages.Config{Overview: emptyPage}}, "GET", "/", "", "Authorization", "", "Sec-Fetch-Site", site, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document").Body.String()
	}
	const again = `<meta http-equiv="refresh" content="0;url=/">`
	if page := link("cross-site"); !strings.Contains(page, again) {
		t.Errorf("the page does not ask again:\n%s", page)
	}
	for _, site := range []string{"same-origin", "none", ""} {
		if page := link(site); strings.Contains(page, again) {
			t.Errorf("after %q it asks again:\n%s", site, page)
		}
	}
}

// A browser omits the origin with a form of a page with the policy no-referrer, and
// without an origin the form is refused.
func TestABrowserSendsTheOriginOfAForm(t *testing.T) {
	b := newBrowser(t, handlerOf(Config{Pages: pages.Config{Overview: emptyPage}}))
	pages := []*httptest.ResponseRecorder{b.get("/"), b.logIn("wrong-" + token)}
	b.mustLogIn()
	for _, w := range append(pages, b.get("/")) {
		if got := w.Header().Get("Referrer-Policy"); got != "same-origin" {
			t.Errorf("the referrer policy is %q", got)
		}
		if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "form-action 'self'") {
			t.Errorf("the policy is %q", got)
		}
	}
}

func TestEndedSessionsAreBounded(t *testing.T) {
	e, now := endedSessions{made: map[string]time.Time{}}, time.Now()
	for i := range maxEnded + 10 {
		e.add(time.Duration(i).String(), now.Add(time.Duration(i)))
	}
	if len(e.made) != maxEnded || e.has("9ns") || !e.has("10ns") || !e.has("1.009µs") {
		t.Errorf("%d are known", len(e.made))
	}
	e.add("later", now.Add(sessionLength+time.Hour))
	if len(e.made) != 1 {
		t.Errorf("%d are known after they have all ended", len(e.made))
	}
}
