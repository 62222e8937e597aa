// Package console is the admin server: an API for the CRM and for scripts, a page
// and metrics for the engineer on call.
//
// It knows how to ask and how to answer, but not what: data and actions come in as
// the functions of [Config], so the command line and the API give the same answers.
// What they return are the types of package view, written as JSON. Every error is a
// problem of RFC 9457 with one plain sentence. An answer is complete before its
// first byte is sent, but for what is too long: all of a person, and the log.
//
// Access: there is always a token. The API and the metrics require it as a bearer
// token. A page requires a session, which begins when the token is entered in the
// login form. Without either, /readyz and the login form are all that is answered;
// that a route is unknown is said to everyone. A loopback address does not protect:
// other users of the machine, a proxy and any program that can be made to fetch an
// address reach it too. Wrong tokens are counted, logged and slowed down, and never
// delay the right one.
//
// Where to change what:
//
//   - a new route: a line in routes.go, its function in Config, its data in view, a
//     path in openapi.yaml (tests compare all of these)
//   - a new field of an answer: a line in view, a line in openapi.yaml
//   - a new metric: its field and its line in NewMetrics, both in metrics.go; a
//     number read from the store: a field of Totals and a line of storeMetrics, both
//     in storemetrics.go
//   - pages: package pages, and package pagedata for what they show
//   - who may ask, and headers of every answer: auth.go; wrong tokens: wrongtokens.go
//   - the login, sessions and forms against forgery: session.go; the token that winnow
//     makes: token.go
//   - the log for other hosts: package logs, and the token that opens it alone: auth.go
//   - errors: apierror.go
package console

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gorilla/mux"
)

// New returns the handler of the admin server. It returns an error if there is no
// token.
func New(c Config) (http.Handler, error) {
	if c.Token == nil || c.Token() == "" {
		return nil, errors.New("the admin server needs a token; set admin.token, or make one with MakeToken")
	}
	s := newServer(c)
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(s.errHandler(func(http.ResponseWriter, *http.Request) error { return errCrossOrigin }))
	return s.recoverPanics(s.protect(crossOrigin.Handler(s.router))), nil
}

func newServer(c Config) *server {
	if c.Metrics == nil {
		c.Metrics = NewMetrics(c.Version, nil)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Ready == nil {
		c.Ready = func() error { return nil }
	}
	s := &server{
		Config: c, router: mux.NewRouter().UseEncodedPath().SkipClean(true),
		wrong: newWrongTokens(c.Logger), ended: endedSessions{made: map[string]time.Time{}}, loginKey: rand.Text(),
	}
	s.addRoutes()
	return s
}

// recoverPanics answers 500 when a request panics. It logs where, and of the
// panic's value only a Go runtime error: any other text could hold a contact.
func (s *server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			what := fmt.Sprintf("%T", p)
			if err, ok := p.(interface{ RuntimeError() }); ok {
				what = fmt.Sprint(err)
			}
			s.Logger.Error("a request panicked", "panic", what, "stack", string(debug.Stack()))
			s.Metrics.apiPanics.Inc()
			s.fail(w, req, errPanicked)
		}()
		next.ServeHTTP(w, req)
	})
}
