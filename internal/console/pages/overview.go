package pages

import (
	"net/url"
	"slices"
	"strconv"

	"winnow/hygiene"
	"winnow/internal/console/pages/plot"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/segments"
)

// overview is what the page Overview shows.
type overview struct {
	view.Overview
	Query  view.OverviewQuery
	Broken string // why there is nothing to show; empty when there is
}

var overviewPage = parsed("overview.html")

// Overview makes the first page: the state of the daemon. When that can't be read the page
// says why: an engineer who looks at it then needs it most.
func Overview(p Page, q view.OverviewQuery, o view.Overview, broken error) ([]byte, error) {
	p.Tab, p.At = "Overview", o.At
	p.Urgent = broken != nil || o.ConfigErrors != "" || len(o.Alerts) > 0
	data := overview{Overview: o, Query: q}
	if broken != nil {
		data.Broken = broken.Error()
	}
	return render(overviewPage, p, "", data)
}

// Empty reports whether there is nothing to count yet.
func (d overview) Empty() bool { return d.Events == 0 && d.ContactCount() == 0 }

// Called reports whether anything came from a provider, so that it has the callback URL.
func (d overview) Called() bool { return d.Received || d.Quarantined > 0 }

// Grave reports whether one of the alerts is.
func (d overview) Grave() bool {
	return slices.ContainsFunc(d.Alerts, func(a view.Alert) bool { return a.Grave })
}

// Swept reports whether all that came in was swept, or a sweep has run since the start.
func (d overview) Swept() bool {
	return d.Events > 0 && d.Sweep.Lag == 0 ||
		slices.ContainsFunc(d.Jobs, func(j view.Job) bool { return j.Kind == "sweep" && j.Last != 0 })
}

// ContactCount returns how many contacts there are.
func (d overview) ContactCount() int64 { return total(d.Statuses) }

func total(statuses map[string]int64) (n int64) {
	for _, of := range statuses {
		n += of
	}
	return n
}

// statusCount is the contacts of one status.
type statusCount struct {
	Name  string
	N     int64
	Share string
}

// StatusCounts returns the counts of contacts, in the order of the statuses.
func (d overview) StatusCounts() (list []statusCount) {
	for _, name := range hygiene.StatusNames() {
		list = append(list, statusCount{name, d.Statuses[name], shareOf(d.Statuses[name], d.ContactCount())})
	}
	return list
}

// shareOf is part of whole as a percentage; empty of nothing.
func shareOf(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return ui.PercentOf(part, whole)
}

// JobError returns the error to show beside a job: none if an alert quotes it.
func (d overview) JobError(job view.Job) string {
	if slices.ContainsFunc(d.Alerts, func(a view.Alert) bool { return a.Job == job.Key() }) {
		return ""
	}
	return job.Error
}

// link is a link to another view of the page.
type link struct {
	Text, Path string
	Current    bool
}

// overviewPath is the path of the page that shows q.
func overviewPath(q view.OverviewQuery) string {
	v := url.Values{}
	if q.Days != usualSpan {
		v.Set("days", itoa(q.Days))
	}
	if q.By != "" {
		v.Set("by", q.By)
	}
	return (&url.URL{Path: "/", RawQuery: v.Encode()}).String()
}

// shown are the days that are asked for.
func (d overview) shown() []view.Day { return d.Days[max(0, len(d.Days)-d.Query.Days):] }

// Deliverability is the plot of the days; nil if nothing was sent on them.
func (d overview) Deliverability() *plot.Days { return plot.DaysOf(d.shown(), d.Marks) }

// Failures are the plots of why messages were not delivered; nil if all were.
func (d overview) Failures() *plot.Failures { return plot.FailuresOf(d.shown()) }

// GroupRows are the plots of campaigns or sources.
func (d overview) GroupRows() []plot.Group { return plot.GroupsOf(d.Groups.Rows) }

// Spans are links to more or fewer days.
func (d overview) Spans() (list []link) {
	for _, days := range shownSpans {
		list = append(list, link{ui.Count(int64(days), "day"), overviewPath(view.OverviewQuery{Days: days, By: d.Query.By}) + "#deliverability", days == d.Query.Days})
	}
	return list
}

// Groupings are links to the failures by day, by campaign and by source.
func (d overview) Groupings() (list []link) {
	for _, by := range append([]string{""}, view.GroupNames...) {
		text := "by " + by
		if by == "" {
			text = "by day"
		}
		list = append(list, link{text, overviewPath(view.OverviewQuery{Days: d.Query.Days, By: by}) + "#failures", by == d.Query.By})
	}
	return list
}

// Several reports whether there are several exports, so that a segment's is to be named.
func (d overview) Several() bool {
	return slices.ContainsFunc(d.InFiles, func(s view.SegmentInFile) bool { return s.Export != d.InFiles[0].Export })
}

func itoa(n int) string { return strconv.Itoa(n) }

// signed writes a change with its sign.
func signed(n int64) string {
	switch {
	case n > 0:
		return "+" + ui.Number(n)
	case n < 0:
		return "−" + ui.Number(-n)
	}
	return "±0"
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
