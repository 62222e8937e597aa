package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"winnow/internal/console/logs"
	"winnow/internal/console/view"
	"winnow/store/lines"
)

// Timeouts of a connection. A body that keeps coming and an answer that takes long
// to make get more time: see slowBody and send.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = time.Minute
	idleTimeout   = 90 * time.Second
)

// Server returns an HTTP server for the handler, with limits that only a slow or
// hostile client reaches. It speaks HTTP/1.1 only, for the reasons of the public
// server.
func Server(h http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           h,
		Protocols:         &protocols,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    16 << 10,

		DisableGeneralOptionsHandler: true, // it would answer OPTIONS * without calling the handler
	}
}

// server answers requests.
type server struct {
	Config
	router *mux.Router
	wrong  *wrongTokens
	ended  endedSessions

	pagePaths []string // the routes of pages and of their forms
	loginKey  string   // of the hidden token of the login form
}

// streamed is the answer of a handler that wrote it.
type streamed struct{}

// handler returns the value that answers a request, to be written as JSON.
type handler func(w http.ResponseWriter, req *http.Request) (any, error)

// api wraps a handler of the API: it requires the token, writes the answer or the
// problem, and counts the request. A handler that is not enabled is not found.
func (s *server) api(route string, enabled bool, h handler) http.Handler {
	if !enabled {
		h = func(http.ResponseWriter, *http.Request) (any, error) { return nil, errNotFound }
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := s.requireBearer(w, req); err != nil {
			s.Metrics.apiAnswered(route, s.fail(w, req, err), 0) // the time that a refusal waited is not work
			return
		}
		start := time.Now()
		status := s.answer(w, req, h)
		s.Metrics.apiAnswered(route, status, time.Since(start))
	})
}

// logRoute wraps the log as api does, but for the token: that of the log opens it too.
func (s *server) logRoute(route string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := s.requireLogToken(w, req); err != nil {
			s.Metrics.apiAnswered(route, s.fail(w, req, err), 0)
			return
		}
		start := time.Now()
		status := s.answer(w, req, s.log)
		s.Metrics.apiAnswered(route, status, time.Since(start))
	})
}

// log answers with the log.
func (s *server) log(w http.ResponseWriter, req *http.Request) (any, error) {
	if s.Log == nil {
		return nil, errNotFound
	}
	answer, err := logs.Ask(s.Log, req.URL.Query())
	switch {
	case errors.Is(err, logs.ErrQuery):
		return nil, NewAPIError(http.StatusBadRequest, err)
	case errors.Is(err, lines.ErrBeyond):
		return nil, NewAPIError(http.StatusConflict, err)
	case err != nil:
		return nil, err
	}
	if err := answer.Write(w, patientWriter{w}, req, s.verified()); err != nil {
		if req.Context().Err() == nil {
			s.Logger.Error("the log could not be sent", "error", err)
		}
		panic(http.ErrAbortHandler) // so that a part is not taken for the whole
	}
	return streamed{}, nil
}

// verified are the sources whose callbacks this host verifies.
func (s *server) verified() []string {
	if s.Verified == nil {
		return nil
	}
	return s.Verified()
}

// patientWriter gives the client the same time for each part.
type patientWriter struct{ http.ResponseWriter }

func (w patientWriter) Write(b []byte) (int, error) {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(writeTimeout)) // a recorder does not support it
	return w.ResponseWriter.Write(b)
}

func (s *server) answer(w http.ResponseWriter, req *http.Request, h handler) (status int) {
	value, err := h(w, req)
	if err != nil {
		return s.fail(w, req, err)
	}
	if _, is := value.(streamed); is {
		return http.StatusOK
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return s.fail(w, req, err)
	}
	status = http.StatusOK
	if f, ok := value.(view.Forgotten); ok && !f.Forgotten {
		status = http.StatusAccepted
	}
	return send(w, status, "application/json", body.Bytes())
}

// errHandler is a handler that writes its own answer; its error is answered as a
// problem.
func (s *server) errHandler(h func(w http.ResponseWriter, req *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := h(w, req); err != nil {
			s.fail(w, req, err)
		}
	})
}

// send writes a complete answer and returns its status. Making the answer may have
// taken long, so the time to write it counts from now.
func send(w http.ResponseWriter, status int, contentType string, body []byte) int {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)) // a recorder does not support it
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has hung up needs no answer
	return status
}
