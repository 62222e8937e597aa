package console

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/segments"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string

	pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"number": ui.Number, "state": stateClass, "duration": roundedDuration}).Parse(pageHTML))

	// pagePolicy lets a browser use the page's own style and nothing else.
	pagePolicy = fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		base64.StdEncoding.EncodeToString(sha256Of(pageCSS)))
)

func sha256Of(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// pageData is what the template shows.
type pageData struct {
	view.Overview
	Version string
	Style   template.CSS
	Form    string // hidden token of the page's forms
	Broken  string // why there is nothing to show; empty when there is
}

// page shows the state of the daemon. When that can't be read the page says why:
// an engineer who looks at it then needs it most.
func (s *server) page(w http.ResponseWriter, req *http.Request, session string) error {
	if s.Page == nil {
		return errNotFound
	}
	data, status := pageData{Version: s.Version, Style: template.CSS(pageCSS), Form: s.formToken(session)}, http.StatusOK
	if overview, err := s.Page(req.Context()); err == nil {
		data.Overview = overview
	} else {
		s.Logger.ErrorContext(req.Context(), "the page can't be shown", "error", err)
		data.Broken, status = err.Error(), http.StatusServiceUnavailable
	}
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, data); err != nil {
		return fmt.Errorf("render the page: %w", err)
	}
	sendPage(w, status, body.Bytes())
	return nil
}

// sendPage answers with a page, in which no text from outside turns its surroundings
// around or hides in them. With the referrer policy of other answers a browser
// would send the page's forms without their origin, and they would be refused.
func sendPage(w http.ResponseWriter, status int, page []byte) {
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Referrer-Policy", "same-origin")
	send(w, status, "text/html; charset=utf-8", ui.EscapeControls(page))
}

// Swept reports whether all that came in was swept, or a sweep has run since the start.
func (d pageData) Swept() bool {
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
func (d pageData) StatusShares() []statusShare {
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
func (d pageData) ContactCount() (total int64) {
	for _, n := range d.Statuses {
		total += n
	}
	return total
}

// RunError returns the error to show beside a run: none if an alert quotes it.
func (d pageData) RunError(run view.Run) string {
	name := run.Export + "/" + run.Name
	if slices.ContainsFunc(d.Alerts, func(a view.Alert) bool { return a.Run == name }) {
		return ""
	}
	return run.Error
}

// JobError returns the error to show beside a job: none if an alert quotes it.
func (d pageData) JobError(job view.Job) string {
	if slices.ContainsFunc(d.Alerts, func(a view.Alert) bool { return a.Job == job.Key() }) {
		return ""
	}
	return job.Error
}

// pageTime is an instant as the page shows it. The zero pageTime stands for none.
type pageTime struct{ Exact, Machine, Ago string }

// Time returns an instant as the page shows it.
func (d pageData) Time(at hygiene.Instant) pageTime {
	if at == 0 {
		return pageTime{}
	}
	return pageTime{Exact: at.Time().Format("2006-01-02 15:04:05"), Machine: at.String(), Ago: ui.Ago(d.At.Sub(at))}
}

// Past returns an instant of what has happened. One that is later than now, of a command
// with --now or before the clock was set back, has no age; what happened while the page
// was made is of now.
func (d pageData) Past(at hygiene.Instant) pageTime {
	t := d.Time(at)
	switch ahead := at.Sub(d.At); {
	case ahead > time.Minute:
		t.Ago = "as of " + t.Exact + " UTC"
	case ahead > 0:
		t.Ago = "now"
	}
	return t
}

// roundedDuration writes a duration with about three digits.
func roundedDuration(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
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
