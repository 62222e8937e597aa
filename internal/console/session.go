package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"winnow/internal/connlimit"
	"winnow/internal/console/pages"
	"winnow/internal/ui"
)

// A session is a cookie that winnow can check without having kept it:
//
//	EXPIRY.NONCE.NAME.HMAC(token, EXPIRY.NONCE.NAME)
//
// NAME is what the user entered, in base64; empty for nothing. A session survives a restart. It ends after sessionLength, by a logout, and with the token:
// a changed token ends all sessions.
//
// Forms carry a token of their own, made from the session, which a page elsewhere
// can't know. The login form comes before a session; its token is made from a key of
// this process, because anything made from the admin token and shown to strangers
// would let them guess that token without asking winnow.

// sessionLength is how long a login lasts.
const sessionLength = 12 * time.Hour

// Why a request has no session.
var (
	errNoSession    = errors.New("no session")
	errSessionEnded = errors.New("the session has ended")
	errForgedCookie = errors.New("the session was not made with this token")
)

// errForgedForm is the error of a form without the right hidden token.
var errForgedForm = errors.New("the form is forged or out of date")

// newSession returns the cookie's value of a new session of a user; the name may be empty.
func (s *server) newSession(now time.Time, name string) string {
	text := strconv.FormatInt(now.Add(sessionLength).Unix(), 10) + "." + rand.Text() + "." + base64.RawURLEncoding.EncodeToString([]byte(name))
	return text + "." + sign(s.Token(), "session", text)
}

// session returns the session of a request, or why it has none.
func (s *server) session(req *http.Request) (string, error) {
	cookie, err := req.Cookie(cookieName(req))
	if err != nil {
		return "", errNoSession
	}
	dot := strings.LastIndexByte(cookie.Value, '.')
	if dot < 0 {
		return "", errNoSession
	}
	text, mac := cookie.Value[:dot], cookie.Value[dot+1:]
	token := s.Token()
	if token == "" || !hmac.Equal([]byte(mac), []byte(sign(token, "session", text))) {
		return "", errForgedCookie
	}
	expiry, _, _ := strings.Cut(text, ".")
	until, err := strconv.ParseInt(expiry, 10, 64)
	if err != nil || time.Now().Unix() >= until || s.ended.has(cookie.Value) {
		return "", errSessionEnded
	}
	connlimit.Hold(req.Context())
	return cookie.Value, nil
}

// userOf is the name that the user of a session entered; empty for none.
func userOf(session string) string {
	if parts := strings.Split(session, "."); len(parts) == 4 {
		name, _ := base64.RawURLEncoding.DecodeString(parts[2]) // winnow wrote it
		return string(name)
	}
	return ""
}

// visit is a visit of a page in a session.
func (s *server) visit(session string) pages.Visit {
	v := pages.Visit{Session: session, User: userOf(session), By: tokenName, Form: s.formToken(session)}
	if v.User != "" {
		v.By = "console:" + v.User
	}
	return v
}

// maxName is how much of a user's name is kept, in bytes.
const maxName = 80

// sign is a message authentication code of a text. purpose keeps the code of one kind
// of text from being taken for that of another.
func sign(key, purpose, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(purpose + "\n" + text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// cookieName is the name of the session's cookie. It has the port, because a browser
// shares the cookies of a host between all its ports, and two winnows that are reached
// by tunnels through localhost must not end each other's sessions.
func cookieName(req *http.Request) string {
	if _, port, err := net.SplitHostPort(req.Host); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			return "winnow_" + strconv.FormatUint(n, 10)
		}
	}
	return "winnow"
}

// setCookie gives the browser a session; an empty one takes it away. A browser that
// reached winnow through TLS must not send the cookie without it. That a proxy ended
// the TLS is the proxy's word; nobody gains by a false one.
func setCookie(w http.ResponseWriter, req *http.Request, session string) {
	age := int(sessionLength / time.Second)
	if session == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName(req), Value: session, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: req.TLS != nil || req.Header.Get("X-Forwarded-Proto") == "https"})
}

// endedSessions are the sessions that a logout ended before their time. A restart
// forgets them. If a cookie may have been copied, change the token.
type endedSessions struct {
	mu   sync.Mutex
	made map[string]time.Time // when each was ended
}

// maxEnded is how many ended sessions are known. Strangers can't fill it: they have
// no session to end.
const maxEnded = 1000

func (e *endedSessions) add(session string, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	oldest := session
	e.made[session] = now
	for other, at := range e.made {
		if now.Sub(at) > sessionLength {
			delete(e.made, other)
		} else if at.Before(e.made[oldest]) {
			oldest = other
		}
	}
	if len(e.made) > maxEnded {
		delete(e.made, oldest)
	}
}

func (e *endedSessions) has(session string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, ok := e.made[session]
	return ok
}

// formToken is the hidden token of the forms of a session; of an empty session it is
// that of the login form.
func (s *server) formToken(session string) string {
	if session == "" {
		return sign(s.loginKey, "form", "login")
	}
	return sign(s.Token(), "form", session)
}

// formField is the name of the hidden field.
const formField = "form"

// maxForm is the largest form, in bytes.
const maxForm = 64 << 10

// readForm reads the form of a request into req.PostForm. Its error is errForgedForm
// if the hidden token is missing or is not that of the session.
func (s *server) readForm(w http.ResponseWriter, req *http.Request, session string, maxForm int64) error {
	req.Body = http.MaxBytesReader(w, req.Body, maxForm)
	err := req.ParseForm()
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return apiErrorf(http.StatusRequestEntityTooLarge, "nothing was done: the form is larger than %d KiB, the most that is taken", maxForm>>10)
	}
	if err != nil {
		return apiErrorf(http.StatusBadRequest, "nothing was done: the form is incomplete or not encoded as a form")
	}
	if !hmac.Equal([]byte(req.PostForm.Get(formField)), []byte(s.formToken(session))) {
		return errForgedForm
	}
	return nil
}

// sessionHandler is a handler that writes its own answer to a session.
type sessionHandler func(w http.ResponseWriter, req *http.Request, session string) error

// pageOf wraps a page: without a session it answers with the login form.
func (s *server) pageOf(h sessionHandler) http.Handler {
	return s.errHandler(func(w http.ResponseWriter, req *http.Request) error {
		session, err := s.session(req)
		if err != nil {
			return s.askToLogIn(w, req, http.StatusOK, err)
		}
		return h(w, req, session)
	})
}

// form wraps what the form of a page does. It requires a session and the form's hidden
// token. The form is in req.PostForm.
func (s *server) form(h sessionHandler) http.Handler { return s.largeForm(maxForm, h) }

// largeForm is form with another bound, in bytes.
func (s *server) largeForm(maxForm int64, h sessionHandler) http.Handler {
	return s.errHandler(func(w http.ResponseWriter, req *http.Request) error {
		session, err := s.session(req)
		if err != nil {
			return s.askToLogIn(w, req, http.StatusUnauthorized, err)
		}
		if err := s.readForm(w, req, session, maxForm); err == errForgedForm {
			return sendLogin(w, http.StatusForbidden, pages.Login{Sentence: "Nothing was done: this form is forged or out of date. Reload its page and send it again."})
		} else if err != nil {
			return s.sendProblem(w, session, err)
		}
		return h(w, req, session)
	})
}

// What a person sees who has a session.
var (
	errNoPage   = apiErrorf(http.StatusNotFound, "there is no such page")
	errFormPath = apiErrorf(http.StatusMethodNotAllowed, "forms are sent here, so there is nothing to see; go to the page that has the form")
)

// sendProblem answers a session with a page that says what is wrong with the request.
func (s *server) sendProblem(w http.ResponseWriter, session string, err error) error {
	refusal := &APIError{Status: http.StatusInternalServerError}
	errors.As(err, &refusal)
	v := s.visit(session)
	page, failed := pages.Problem(pages.Page{Version: s.Pages.Version, User: v.User, Form: v.Form}, err)
	if failed == nil {
		pages.Send(w, refusal.Status, page)
	}
	return failed
}

// askToLogIn answers a request that has no session with the login form. It says so when what
// a form asked for was not done.
func (s *server) askToLogIn(w http.ResponseWriter, req *http.Request, status int, why error) error {
	data := pages.Login{Form: s.formToken("")}
	switch why {
	case errNoSession:
		// A link on another site comes without the cookie, which is SameSite=Strict.
		// The page that it leads to asks once more, and then the cookie comes along.
		data.Again = req.Header.Get("Sec-Fetch-Site") == "cross-site"
	case errForgedCookie: // which tries a token, as a login does
		s.refuse(w, req)
		fallthrough
	default:
		setCookie(w, req, "")
		data.Sentence = "Your session has ended. Log in again."
	}
	if status == http.StatusUnauthorized { // a form was sent; a browser drops the cookie of a session that has ended
		data.Sentence = "Nothing was done: you are not logged in any more. Log in, and send the form again."
		w.Header().Set("WWW-Authenticate", `Bearer realm="winnow"`)
	}
	return sendLogin(w, status, data)
}

// login begins a session, given the token.
func (s *server) login(w http.ResponseWriter, req *http.Request) error {
	again := func(status int, sentence string) error {
		return sendLogin(w, status, pages.Login{Form: s.formToken(""), Sentence: sentence})
	}
	if err := s.readForm(w, req, "", maxForm); err == errForgedForm {
		return again(http.StatusForbidden, "The login form was out of date. Enter the token again.")
	} else if err != nil {
		return err
	}
	given := strings.TrimSpace(req.PostForm.Get("token"))
	if !s.isToken(given) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="winnow"`)
		if given == "" {
			return again(http.StatusUnauthorized, "Enter the admin token.")
		}
		s.refuse(w, req)
		return again(http.StatusUnauthorized, "This is not the admin token.")
	}
	setCookie(w, req, s.newSession(time.Now(), ui.Shorten(ui.Printable(strings.TrimSpace(req.PostForm.Get("name"))), maxName)))
	return seeFirstPage(w)
}

// logout ends a session.
func (s *server) logout(w http.ResponseWriter, req *http.Request, session string) error {
	s.ended.add(session, time.Now())
	setCookie(w, req, "")
	return seeFirstPage(w)
}

// seeFirstPage sends the browser to the first page, with a GET.
func seeFirstPage(w http.ResponseWriter) error {
	w.Header().Set("Location", "/")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

func sendLogin(w http.ResponseWriter, status int, data pages.Login) error {
	page, err := pages.LogIn(data)
	if err == nil {
		pages.Send(w, status, page)
	}
	return err
}
