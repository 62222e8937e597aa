package pages

import (
	"net/http"
	"slices"

	"winnow/internal/console/view"
)

// shownSpans are how many days the page can be asked to show.
var shownSpans = []int{7, 30, view.ShownDays}

// usualSpan is how many days it shows when it is not asked.
const usualSpan = 30

// showOverview shows the state of the daemon.
func (s *server) showOverview(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Overview == nil {
		return errNoPage
	}
	q := overviewQuery(req)
	overview, broken := s.Overview(req.Context(), q)
	status := http.StatusOK
	if broken != nil {
		s.logged(req, broken)
		overview, status = view.Overview{}, http.StatusServiceUnavailable
	}
	page, err := Overview(s.page(req, v), q, overview, broken)
	return send(w, status, page, err)
}

// overviewQuery is what a request asks for. What is not known is the usual.
func overviewQuery(req *http.Request) view.OverviewQuery {
	q := view.OverviewQuery{Days: usualSpan}
	asked := req.URL.Query()
	for _, days := range shownSpans {
		if asked.Get("days") == itoa(days) {
			q.Days = days
		}
	}
	if by := asked.Get("by"); slices.Contains(view.GroupNames, by) {
		q.By = by
	}
	return q
}
