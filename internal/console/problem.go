package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"
)

// Refusal is an error that says what is wrong with a request. Any other error
// says what is wrong with winnow.
type Refusal struct {
	Status int   // of HTTP: 400 and above
	Err    error // one plain sentence for whoever asked

	more any // what the problem tells beside, an object as JSON; nil for nothing
}

// Refuse makes a refusal of an error: 400 of what is asked wrongly, 404 of a name
// that nothing has, 409 of what can't be done now.
func Refuse(status int, err error) error { return &Refusal{Status: status, Err: err} }

func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap gives what the refusal was made of.
func (r *Refusal) Unwrap() error { return r.Err }

func refuse(status int, format string, args ...any) error {
	return Refuse(status, fmt.Errorf(format, args...))
}

var errNothingHere = refuse(http.StatusNotFound, "there is nothing here: GET /api/v1/openapi.yaml lists what there is")

// problem is an error as RFC 9457 has it.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// fail answers with an error as a problem and gives the status. An error that is
// no refusal is also logged.
func (d *door) fail(w http.ResponseWriter, req *http.Request, err error) int {
	refusal := &Refusal{Status: http.StatusInternalServerError, Err: err}
	errors.As(err, &refusal)
	if refusal.Status >= http.StatusInternalServerError {
		d.Logger.ErrorContext(req.Context(), "a request failed", "method", req.Method, "route", routeOf(req), "status", refusal.Status, "error", err)
	}
	p := problem{Type: "about:blank", Title: http.StatusText(refusal.Status), Status: refusal.Status, Detail: err.Error()}
	body, err := json.Marshal(p)
	if err == nil && refusal.more != nil {
		body, err = joined(body, refusal.more)
	}
	if err != nil {
		panic(err) // plain data always marshals
	}
	if refusal.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	return send(w, refusal.Status, "application/problem+json", append(body, '\n'))
}

// joined puts the members of more behind those of an object.
func joined(object []byte, more any) ([]byte, error) {
	rest, err := json.Marshal(more)
	if err != nil || bytes.Equal(rest, []byte("{}")) {
		return object, err
	}
	return append(append(object[:len(object)-1], ','), rest[1:]...), nil
}

// send writes a whole answer and gives its status. The time to write it counts
// from now, as it may have taken long to make.
func send(w http.ResponseWriter, status int, contentType string, body []byte) int {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)) // a recorder has none
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who has hung up needs no answer
	return status
}

// recovered answers 500 when a request panics. What is logged is where, and of
// the panic only what the Go runtime said: another's words could hold a contact.
func (d *door) recovered(next http.Handler) http.Handler {
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
			d.Logger.Error("a request panicked", "panic", what, "stack", string(debug.Stack()))
			d.Metrics.panicked.Inc()
			d.fail(w, req, errors.New("this went wrong inside winnow: its log says where"))
		}()
		next.ServeHTTP(w, req)
	})
}
