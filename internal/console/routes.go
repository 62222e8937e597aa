package console

import (
	"cmp"
	_ "embed"
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"

	"winnow/hygiene"
	"winnow/internal/console/pages"
)

// addRoutes adds every route. Paths are matched as they are escaped, so that a key
// may hold a slash. They are never cleaned: that would answer with a redirect.
func (s *server) addRoutes() {
	get, post := []string{http.MethodGet, http.MethodHead}, []string{http.MethodPost}
	add := func(methods []string, path string, h http.Handler) {
		s.router.Handle(path, h).Methods(methods...)
		s.Metrics.adminRefused.WithLabelValues(path)
	}
	api := func(methods []string, path string, enabled bool, h handler) {
		add(methods, "/api/v1"+path, s.api("/api/v1"+path, enabled, h))
	}

	if !s.LogAlone {
		s.addPages()
		add(get, "/login", s.errHandler(func(w http.ResponseWriter, _ *http.Request) error { return seeFirstPage(w) }))
		add(post, "/login", s.errHandler(s.login))
		add(post, "/logout", s.form(s.logout))
	}
	add(get, "/readyz", s.errHandler(s.ready))
	add(get, "/metrics", s.errHandler(s.metrics))
	add(get, "/api/v1/openapi.yaml", s.errHandler(s.openAPI))

	add(get, "/api/v1/log", s.logRoute("/api/v1/log"))
	api(get, "/status", s.Status != nil, s.status)
	api(get, "/segments", s.Segments != nil, s.segments)
	api(get, "/rules", s.Rules != nil, s.rules)
	api(get, "/exports", s.Exports != nil, s.exports)
	api(get, "/exports/{name}", s.Export != nil, s.export)
	api(post, "/exports/{name}/run", s.RunExport != nil, s.runExport)
	api(post, "/exports/{name}/runs/{run}/release", s.Release != nil, s.release)
	api(get, "/contacts/{key}", s.Explain != nil, s.explain)
	api(get, "/contacts/{key}/export", s.ExportPerson != nil, s.exportPerson)
	api(post, "/contacts/{key}/suppress", s.Instruct != nil, s.instruct(hygiene.Suppress))
	api(post, "/contacts/{key}/allow", s.Instruct != nil, s.instruct(hygiene.Allow))
	api(post, "/contacts/{key}/merge", s.Merge != nil, s.merge)
	api([]string{http.MethodDelete}, "/contacts/{key}", s.Forget != nil, s.forget)
	api(post, "/check", s.Check != nil, s.check)
	api(post, "/messages", s.Register != nil, s.register)

	s.router.NotFoundHandler = s.errHandler(func(w http.ResponseWriter, req *http.Request) error {
		if session, err := s.session(req); err == nil && !s.LogAlone {
			return s.sendProblem(w, session, errNoPage)
		}
		return errNotFound
	})
	s.router.MethodNotAllowedHandler = s.errHandler(s.methodNotAllowed)
}

// addPages adds the pages and what their forms do. They are for people, so the
// description of the API has none of them but the first.
func (s *server) addPages() {
	for _, route := range pages.Routes(s.Pages) {
		h := func(w http.ResponseWriter, req *http.Request, session string) error {
			for name := range mux.Vars(req) {
				req.SetPathValue(name, pathParam(req, name))
			}
			return route.Handle(w, req, s.visit(session))
		}
		handler, methods := s.pageOf(h), []string{http.MethodGet, http.MethodHead}
		if route.Act {
			handler, methods = s.largeForm(cmp.Or(route.MaxForm, maxForm), h), []string{http.MethodPost}
		}
		s.router.Handle(route.Path, handler).Methods(methods...)
		s.pagePaths = append(s.pagePaths, route.Path)
	}
}

// pathParam is a part of the path, unescaped. The server has already refused paths
// that are escaped incorrectly.
func pathParam(req *http.Request, name string) string {
	text, _ := url.PathUnescape(mux.Vars(req)[name])
	return text
}

// methodNotAllowed answers which methods there are.
func (s *server) methodNotAllowed(w http.ResponseWriter, req *http.Request) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
		other, match := *req, mux.RouteMatch{}
		other.Method = method
		if s.router.Match(&other, &match) && match.MatchErr == nil {
			allowed = append(allowed, method)
		}
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	if session, err := s.session(req); err == nil && !s.LogAlone {
		return s.sendProblem(w, session, errFormPath)
	}
	return apiErrorf(http.StatusMethodNotAllowed, "method %s is not allowed; use %s", req.Method, strings.Join(allowed, " or "))
}

//go:embed openapi.yaml
var openAPI []byte

// openAPI answers with the OpenAPI description of the server.
func (s *server) openAPI(w http.ResponseWriter, req *http.Request) error {
	if err := s.requireBearer(w, req); err != nil {
		return err
	}
	send(w, http.StatusOK, "application/yaml", openAPI)
	return nil
}

// ready answers whether winnow can work. It requires no token, but only callers
// that have access learn why not.
func (s *server) ready(w http.ResponseWriter, req *http.Request) error {
	switch err := s.Ready(); {
	case err == nil:
		send(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ready\n"))
		return nil
	case s.isToken(bearerOf(req)):
		return apiErrorf(http.StatusServiceUnavailable, "not ready: %w", err)
	default:
		if bearerOf(req) != "" {
			s.refuse(w, req) // that no reason is given shows that the token is wrong
		}
		return apiErrorf(http.StatusServiceUnavailable, "not ready")
	}
}

// metrics answers with the metrics in the format of Prometheus.
func (s *server) metrics(w http.ResponseWriter, req *http.Request) error {
	if err := s.requireBearer(w, req); err != nil {
		return err
	}
	s.Metrics.handler.ServeHTTP(w, req)
	return nil
}

func (s *server) status(_ http.ResponseWriter, req *http.Request) (any, error) {
	return s.Status(req.Context())
}

func (s *server) segments(_ http.ResponseWriter, req *http.Request) (any, error) {
	return s.Segments(req.Context())
}

func (s *server) rules(_ http.ResponseWriter, req *http.Request) (any, error) {
	return s.Rules(req.Context())
}
