package receiver

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// Server is an HTTP server for the handler, with limits that a provider never
// meets and a slow or hostile client does.
//
// It speaks HTTP/1.1 alone, also over TLS: no provider needs HTTP/2, and its
// state machine has been the way to end a Go server from outside (GO-2026-6617).
func Server(handler http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           handler,
		Protocols:         &protocols,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       silence,          // until the first piece of the body; then as it arrives
		WriteTimeout:      60 * time.Second, // counts from the header on: longer than reading and a commit
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
}

// Handler answers what comes to the public address. Paths are taken as they
// are, with // and a trailing / forgiven: to clean one would be a redirect, and
// a POST that is redirected comes back as a GET without its body.
func (r *Receiver) Handler() http.Handler {
	router := mux.NewRouter().SkipClean(true)
	router.HandleFunc("/healthz", r.health)
	router.PathPrefix("/").HandlerFunc(r.callback)
	router.NotFoundHandler = http.HandlerFunc(r.callback) // a path that is no path is an unknown token
	return r.recovered(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.ProtoMajor != 1 {
			r.otherProtocol(w)
			return
		}
		router.ServeHTTP(w, req)
	}))
}

// otherProtocol answers the preface of an HTTP/2 connection, which net/http hands
// on as a request of its own.
func (r *Receiver) otherProtocol(w http.ResponseWriter) {
	r.config.Counter.Callback("", AnswerOtherProtocol, 0)
	w.Header().Set("Connection", "close")
	http.Error(w, "this server speaks HTTP/1.1: set the proxy in front of it to HTTP/1.1", http.StatusHTTPVersionNotSupported)
}

// callback finds whose token it is, answers and counts.
func (r *Receiver) callback(w http.ResponseWriter, req *http.Request) {
	began := r.config.Now()
	name, answer := "", AnswerUnauthorised
	if source := r.keyring.Load().find(tokenIn(req.URL.Path)); source != nil {
		name, answer = source.Name, r.answerTo(w, req, source)
	} else {
		http.Error(w, "not found", http.StatusNotFound)
	}
	r.config.Counter.Callback(name, answer, r.config.Now().Sub(began))
}

// tokenIn is the token in /callbacks/{token} and /{token}. Whatever stands
// there is one: whether it is known, the keyring says.
func tokenIn(path string) string {
	path = strings.TrimLeft(path, "/")
	return strings.TrimPrefix(path, "callbacks/")
}

// recovered answers 500 when a request panics. What is logged is where, and of
// the panic only what the Go runtime said: another's words could hold a body.
func (r *Receiver) recovered(next http.Handler) http.Handler {
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
			r.config.Logger.Error("a request panicked", "panic", what, "stack", string(debug.Stack()))
			r.config.Counter.Callback("", AnswerPanicked, 0)
			http.Error(w, "this went wrong: come again", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, req)
	})
}
