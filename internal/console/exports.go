package console

import (
	"context"
	"net/http"
)

// export tells of one export and its recent runs.
func (d *door) export(_ http.ResponseWriter, req *http.Request) (any, error) {
	if d.Export == nil {
		return nil, errNothingHere
	}
	name, err := segment(req, "name")
	if err != nil {
		return nil, err
	}
	return d.Export(req.Context(), name)
}

// runExport makes a run. It goes on when whoever asked has hung up: a run that
// was begun is better ended.
func (d *door) runExport(_ http.ResponseWriter, req *http.Request) (any, error) {
	if d.RunExport == nil {
		return nil, errNothingHere
	}
	name, err := segment(req, "name")
	if err != nil {
		return nil, err
	}
	return d.RunExport(context.WithoutCancel(req.Context()), name)
}

// release publishes a held run. It is not given up half-way when whoever asked
// has hung up.
func (d *door) release(_ http.ResponseWriter, req *http.Request) (any, error) {
	if d.Release == nil {
		return nil, errNothingHere
	}
	name, err := segment(req, "name")
	if err != nil {
		return nil, err
	}
	run, err := segment(req, "run")
	if err != nil {
		return nil, err
	}
	return d.Release(context.WithoutCancel(req.Context()), name, run)
}
