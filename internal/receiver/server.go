package receiver

import (
	"fmt"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"winnow/internal/connlimit"
)

// Server returns an HTTP server for the handler, with limits that no provider
// reaches and a slow or hostile client does.
//
// It speaks HTTP/1.1 only, also over TLS: no provider needs HTTP/2, and its state
// machine has been a way to crash a Go server from outside (GO-2026-6617).
func Server(handler http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           handler,
		Protocols:         &protocols,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       bodyIdleTimeout,  // until the first piece of the body; then see bodyReader
		WriteTimeout:      60 * time.Second, // counts from the header on: longer than bodyTimeout and a commit
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
}

// Handler returns the handler of the public address. Paths are not cleaned,
// except that // and a trailing / are ignored: cleaning would answer with a
// redirect, and a redirected POST comes back as a GET without its body.
func (r *Receiver) Handler() http.Handler {
	router := mux.NewRouter().SkipClean(true)
	router.HandleFunc("/healthz", r.serveHealth)
	router.PathPrefix("/").HandlerFunc(r.serveCallback)
	router.NotFoundHandler = http.HandlerFunc(r.serveCallback) // a path that mux can't match is an unknown token
	return r.recoverPanics(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.ProtoMajor != 1 {
			r.rejectProtocol(w, req)
			return
		}
		router.ServeHTTP(w, req)
	}))
}

// rejectProtocol answers the preface of an HTTP/2 connection, which net/http
// passes on as a request of its own.
func (r *Receiver) rejectProtocol(w http.ResponseWriter, req *http.Request) {
	r.config.Counter.Callback("", AnswerOtherProtocol, 0)
	if count, ok := r.protocolLog.Allow(r.config.Now()); ok {
		r.config.Logger.Warn(
			"HTTP/2 requests were answered 505; set the proxy in front to HTTP/1.1 for this backend (Caddy: versions 1.1; HAProxy: no proto h2; Envoy: http_protocol_options; AWS: protocol version HTTP1)",
			"address", req.RemoteAddr, "count", count)
	}
	w.Header().Set("Connection", "close")
	http.Error(w, "this server speaks HTTP/1.1 only; set the proxy in front of it to HTTP/1.1", http.StatusHTTPVersionNotSupported)
}

// serveCallback finds the source by the token in the path, answers and counts.
func (r *Receiver) serveCallback(w http.ResponseWriter, req *http.Request) {
	start := r.config.Now()
	name, answer := "", AnswerUnauthorized
	table := r.tokens.Load()
	if source := table.lookup(tokenIn(req.URL.Path)); source == nil {
		notFound(w)
	} else if address, ok := source.isFrom(req, table.proxies); !ok {
		name, answer = source.Name, r.rejectAddress(w, req, source, address)
	} else {
		connlimit.Hold(req.Context())
		name, answer = source.Name, r.answer(w, req, source)
	}
	r.config.Counter.Callback(name, answer, r.config.Now().Sub(start))
}

// notFound is the answer to everything unknown.
func notFound(w http.ResponseWriter) { http.Error(w, "not found", http.StatusNotFound) }

// rejectAddress answers a callback from an address that its source does not allow, like
// one with an unknown token: who has only the token learns nothing.
func (r *Receiver) rejectAddress(w http.ResponseWriter, req *http.Request, source *Source, address netip.Addr) string {
	if count, ok := r.addressLog.Allow(r.config.Now()); ok {
		r.config.Logger.Warn("callbacks were answered 404, because their address is not in from of the source; behind a proxy, set trusted_proxies",
			"source", source.Name, "address", address, "forwarded", len(req.Header["X-Forwarded-For"]) > 0, "count", count)
	}
	notFound(w)
	return AnswerWrongAddress
}

// tokenIn returns the token in /callbacks/{token} and /{token}. Any path is taken
// for one; the token table decides whether it is known.
func tokenIn(path string) string {
	path = strings.TrimLeft(path, "/")
	return strings.TrimPrefix(path, "callbacks/")
}

// serveHealth answers whether callbacks can be stored.
func (r *Receiver) serveHealth(w http.ResponseWriter, req *http.Request) {
	switch {
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "use GET to ask for health", http.StatusMethodNotAllowed)
	case r.config.Healthy() != nil:
		http.Error(w, "callbacks can't be stored", http.StatusServiceUnavailable)
	default:
		_, _ = fmt.Fprintln(w, "ok")
	}
}

// recoverPanics answers 500 when a request panics. It logs where, and of the
// panic's value only a Go runtime error: any other text could hold a body.
func (r *Receiver) recoverPanics(next http.Handler) http.Handler {
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
			http.Error(w, "internal error; retry later", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, req)
	})
}
