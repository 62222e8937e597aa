package console

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// giver gives what a request is answered with, to be written as JSON.
type giver func(w http.ResponseWriter, req *http.Request) (any, error)

// api answers for one place of the API: token, answer or problem, count.
func (d *door) api(route string, give giver) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		began := time.Now()
		d.Metrics.answered(route, d.answer(w, req, give), time.Since(began))
	})
}

func (d *door) answer(w http.ResponseWriter, req *http.Request, give giver) int {
	if err := d.demandBearer(w, req); err != nil {
		return d.fail(w, req, err)
	}
	what, err := give(w, req)
	if err != nil {
		return d.fail(w, req, err)
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(what); err != nil {
		return d.fail(w, req, err)
	}
	return send(w, http.StatusOK, "application/json", body.Bytes())
}

// plain is a handler whose errors are answered as problems.
func (d *door) plain(h func(w http.ResponseWriter, req *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := h(w, req); err != nil {
			d.fail(w, req, err)
		}
	})
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

// notAllowed says which methods there are.
func (d *door) notAllowed(w http.ResponseWriter, req *http.Request) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		other, match := *req, mux.RouteMatch{}
		other.Method = method
		if d.router.Match(&other, &match) && match.MatchErr == nil {
			allowed = append(allowed, method)
		}
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return refuse(http.StatusMethodNotAllowed, "%s can't be done here: use %s", req.Method, strings.Join(allowed, " or "))
}

//go:embed openapi.yaml
var openapi []byte

// description gives the OpenAPI description of the door.
func (d *door) description(w http.ResponseWriter, req *http.Request) error {
	if err := d.demandBearer(w, req); err != nil {
		return err
	}
	send(w, http.StatusOK, "application/yaml", openapi)
	return nil
}

// ready answers whether winnow can work. Anyone may ask, but only who may come
// in is told why not.
func (d *door) ready(w http.ResponseWriter, req *http.Request) error {
	switch err := d.Ready(); {
	case err == nil:
		send(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ready\n"))
		return nil
	case d.bears(req):
		return refuse(http.StatusServiceUnavailable, "not ready: %w", err)
	default:
		return refuse(http.StatusServiceUnavailable, "not ready")
	}
}

// metrics gives the metrics in the form Prometheus asks for.
func (d *door) metrics(w http.ResponseWriter, req *http.Request) error {
	if err := d.demandBearer(w, req); err != nil {
		return err
	}
	d.Metrics.handler.ServeHTTP(w, req)
	return nil
}

// reading gives what a function without arguments gives.
func reading(read func(context.Context) (any, error)) giver {
	return func(_ http.ResponseWriter, req *http.Request) (any, error) {
		if read == nil {
			return nil, errNothingHere
		}
		return read(req.Context())
	}
}
