package console

import (
	"fmt"
	"net/http"
)

func (s *server) exports(_ http.ResponseWriter, req *http.Request) (any, error) {
	return s.Exports(req.Context())
}

func (s *server) export(_ http.ResponseWriter, req *http.Request) (any, error) {
	return s.Export(req.Context(), pathParam(req, "name"))
}

// runExport runs an export. If the caller hangs up before the run starts, it is not
// made: otherwise a caller that retries would queue a run for each try.
func (s *server) runExport(w http.ResponseWriter, req *http.Request) (any, error) {
	if _, err := readBody(w, req); err != nil {
		return nil, err
	}
	return s.RunExport(req.Context(), pathParam(req, "name"))
}

// release publishes a held run, unless the caller hangs up before it starts.
func (s *server) release(w http.ResponseWriter, req *http.Request) (any, error) {
	if _, err := readBody(w, req); err != nil {
		return nil, err
	}
	mayBeStale := false
	switch given := req.URL.Query().Get("stale"); given {
	case "", "false":
	case "true":
		mayBeStale = true
	default:
		return nil, NewAPIError(http.StatusBadRequest, fmt.Errorf("stale is %q; write true, or leave it out", given))
	}
	return s.Release(req.Context(), pathParam(req, "name"), pathParam(req, "run"), mayBeStale)
}
