package console

import "net/http"

// export tells of one export and its recent runs.
func (d *door) export(_ http.ResponseWriter, req *http.Request) (any, error) {
	if d.Export == nil {
		return nil, errNothingHere
	}
	return d.Export(req.Context(), segment(req, "name"))
}

// runExport makes a run. Who asks and hangs up before it has begun gets none:
// those who try again would find as many runs waiting as they tried.
func (d *door) runExport(w http.ResponseWriter, req *http.Request) (any, error) {
	if d.RunExport == nil {
		return nil, errNothingHere
	}
	if _, err := whole(w, req); err != nil {
		return nil, err
	}
	return d.RunExport(req.Context(), segment(req, "name"))
}

// release publishes a held run, if who asks is still there when its turn comes.
func (d *door) release(w http.ResponseWriter, req *http.Request) (any, error) {
	if d.Release == nil {
		return nil, errNothingHere
	}
	if _, err := whole(w, req); err != nil {
		return nil, err
	}
	return d.Release(req.Context(), segment(req, "name"), segment(req, "run"))
}
