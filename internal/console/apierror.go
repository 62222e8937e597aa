package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"winnow/internal/console/view"
)

// APIError is an error that is the caller's: it says what is wrong with the
// request. Any other error is winnow's.
type APIError struct {
	Status int   // of HTTP: 400 and above
	Err    error // one plain sentence for the caller

	registered *view.Registered // of POST messages: what was registered before the error
}

// NewAPIError returns a refusal: 400 for a wrong request, 404 for an unknown name, 409
// for what can't be done now.
func NewAPIError(status int, err error) error { return &APIError{Status: status, Err: err} }

// HTTPStatus is the status of the answer.
func (r *APIError) HTTPStatus() int { return r.Status }

func (r *APIError) Error() string { return r.Err.Error() }

// Unwrap returns the error that the refusal was made of.
func (r *APIError) Unwrap() error { return r.Err }

func apiErrorf(status int, format string, args ...any) error {
	return NewAPIError(status, fmt.Errorf(format, args...))
}

var (
	errNotFound = apiErrorf(http.StatusNotFound, "there is no such route; GET /api/v1/openapi.yaml lists all")
	errPanicked = errors.New("internal error; see the log of winnow")
)

// problem is the JSON of an error, as in RFC 9457.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`

	*view.Registered // its members follow those of the problem
}

// fail answers with an error as a problem and returns the status. An error that is
// winnow's is also logged; a protocol that it does not speak is the caller's.
func (s *server) fail(w http.ResponseWriter, req *http.Request, err error) int {
	refusal := &APIError{Status: http.StatusInternalServerError}
	errors.As(err, &refusal)
	if refusal.Status >= http.StatusInternalServerError && refusal.Status != http.StatusHTTPVersionNotSupported {
		s.Logger.ErrorContext(req.Context(), "a request failed", "method", req.Method, "route", routeOf(req), "status", refusal.Status, "error", err)
	}
	body, marshalErr := json.Marshal(problem{"about:blank", http.StatusText(refusal.Status), refusal.Status, err.Error(), refusal.registered})
	if marshalErr != nil {
		panic(marshalErr) // plain data always marshals
	}
	if refusal.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	return send(w, refusal.Status, "application/problem+json", append(body, '\n'))
}

// routeOf is the pattern of the route that answers, never the path itself.
func routeOf(req *http.Request) string {
	if route := mux.CurrentRoute(req); route != nil {
		if pattern, err := route.GetPathTemplate(); err == nil {
			return pattern
		}
	}
	return ""
}
