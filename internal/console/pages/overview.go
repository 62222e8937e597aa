package pages

import (
	"net/http"
	"slices"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/segments"
)

// overview is what the page Overview shows.
type overview struct {
	view.Overview
	Broken string // why there is nothing to show; empty when there is
}

var overviewPage = parsed("overview.html")

// showOverview shows the state of the daemon.
func (s *server) showOverview(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Overview == nil {
		return errNoPage
	}
	overview, broken := s.Overview(req.Context())
	status := http.StatusOK
	if broken != nil {
		s.logged(req, broken)
		overview, status = view.Overview{}, http.StatusServiceUnavailable
	}
	page, err := Overview(s.page(req, v), overview, broken)
	return send(w, status, page, err)
}

// Overview makes the first page: the state of the daemon. When that can't be read the page
// says why: an engineer who looks at it then needs it most.
func Overview(p Page, o view.Overview, broken error) ([]byte, error) {
	p.Tab, p.At = "Overview", o.At
	p.Urgent = broken != nil || o.ConfigErrors != "" || len(o.Alerts) > 0
	data := overview{Overview: o}
	if broken != nil {
		data.Broken = broken.Error()
	}
	return render(overviewPage, p, "", data)
}

// Swept reports whether all that came in was swept, or a sweep has run since the start.
func (d overview) Swept() bool {
	return d.Events > 0 && d.Sweep.Lag == 0 ||
		slices.ContainsFunc(d.Jobs, func(j view.Job) bool { return j.Kind == "sweep" && j.Last != 0 })
}

// statusShare is the contacts of one status, and their part of a bar that is 100
// wide.
type statusShare struct {
	Name        string
	N           int64
	From, Width float64
}

// StatusShares returns the counts of contacts, in the order of the statuses.
func (d overview) StatusShares() []statusShare {
	var (
		shares []statusShare
		from   float64
		total  = max(1, float64(d.ContactCount()))
	)
	for _, name := range hygiene.StatusNames() {
		n := d.Statuses[name]
		width := 100 * float64(n) / total
		shares = append(shares, statusShare{name, n, from, width})
		from += width
	}
	return shares
}

// ContactCount returns how many contacts there are.
func (d overview) ContactCount() (total int64) {
	for _, n := range d.Statuses {
		total += n
	}
	return total
}

// RunError returns the error to show beside a run: none if an alert quotes it.
func (d overview) RunError(run view.Run) string {
	name := run.Export + "/" + run.Name
	if slices.ContainsFunc(d.Alerts, func(a view.Alert) bool { return a.Run == name }) {
		return ""
	}
	return run.Error
}

// JobError returns the error to show beside a job: none if an alert quotes it.
func (d overview) JobError(job view.Job) string {
	if slices.ContainsFunc(d.Alerts, func(a view.Alert) bool { return a.Job == job.Key() }) {
		return ""
	}
	return job.Error
}

// stateClass is the CSS class of a run's status.
func stateClass(s segments.Status) string {
	switch s {
	case segments.Published, segments.Released:
		return "good"
	case segments.Held:
		return "warn"
	case segments.Failed:
		return "bad"
	}
	return "plain"
}
