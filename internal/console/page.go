package console

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/segments"
)

// Page is what the page shows: the state of a daemon at a glance.
type Page struct {
	At      hygiene.Instant // now, from which ages are counted
	Trouble []Trouble       // what needs someone's attention, the worst first; none when all is well

	Events      int64 // stored
	Lag         int64 // events in the log that have not been swept
	Repeats     int64
	Quarantined int64
	Unmatched   int64
	Statuses    map[string]int64 // contacts by status
	CountedAt   hygiene.Instant  // when they were counted; 0 for never

	Policy   string          // the hash of the policy in force
	GoodAt   hygiene.Instant // when a good config was last read
	Rejected string          // what is wrong with the config's file now; empty when it is in force

	Runs []segments.Run // the latest run of each export
	Jobs []Job

	Days   []Day           // one after the other, today last; none when they are not counted yet
	DaysAt hygiene.Instant // when they were counted
	Sizes  []Size
}

// Trouble is something that needs someone's attention.
type Trouble struct {
	What string // one plain sentence
	Do   string // the command that helps; empty when there is none, or What names it
}

// Day is the events that were received on one day, in UTC.
type Day struct {
	Start    hygiene.Instant
	Outcomes map[string]int64 // events by outcome, repeats among them
	// Delivered of Tried messages is the day's deliverability; of 0 there is none.
	Delivered, Tried int64
}

// Size is how many rows a segment had in the runs of an export, the latest last.
type Size struct {
	Export, Segment string
	Runs            []SizeOfRun
}

// SizeOfRun is a segment's rows in one run.
type SizeOfRun struct {
	Run  string
	Rows int64
	Held bool // by the guard: readers do not see it
}

// Job is a scheduled job and what has become of it.
type Job struct {
	Name  string
	Kind  string
	Last  hygiene.Instant // when it last ended; 0 for not since the start
	Took  time.Duration
	Error string          // of the last time; empty when it ended well
	Next  hygiene.Instant // 0 for unknown
}

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	pageStyle string

	pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"number": ui.Number, "state": stateOf, "took": took}).Parse(pageText))

	// pagePolicy lets a browser use the page's own style and nothing else.
	pagePolicy = fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		base64.StdEncoding.EncodeToString(sha256Of(pageStyle)))
)

func sha256Of(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// view is what the template is given.
type view struct {
	Page
	Version string
	Style   template.CSS
	Broken  string // why there is nothing to show; empty when there is
}

// page shows the state of the daemon. When it can't be read the page says so: an
// engineer who looks at it then needs a page most of all.
func (d *door) page(w http.ResponseWriter, req *http.Request) error {
	if d.Page == nil {
		return errNothingHere
	}
	v, status := view{Version: d.Version, Style: template.CSS(pageStyle)}, http.StatusOK
	var err error
	if v.Page, err = d.Page(req.Context()); err != nil {
		d.Logger.ErrorContext(req.Context(), "the page can't be shown", "error", err)
		v, status = view{Version: v.Version, Style: v.Style, Broken: err.Error()}, http.StatusServiceUnavailable
	}
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, v); err != nil {
		return errors.New("the page can't be made: " + err.Error())
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	send(w, status, "text/html; charset=utf-8", body.Bytes())
	return nil
}

// Contacts are the counts by status, in the order of the statuses, each with its
// part of a bar of a hundred.
func (v view) Contacts() []part {
	var (
		parts []part
		from  float64
		total = max(1, float64(v.Total()))
	)
	for _, name := range hygiene.StatusNames() {
		n := v.Statuses[name]
		width := 100 * float64(n) / total
		parts = append(parts, part{name, n, from, width})
		from += width
	}
	return parts
}

type part struct {
	Name        string
	N           int64
	From, Width float64
}

// Total is how many contacts there are.
func (v view) Total() (total int64) {
	for _, n := range v.Statuses {
		total += n
	}
	return total
}

// Why is an error beside a run or a job; empty when a trouble tells it already.
func (v view) Why(text string) string {
	for _, t := range v.Trouble {
		if strings.Contains(t.What, text) {
			return ""
		}
	}
	return text
}

// When is an instant as the page shows it.
func (v view) When(at hygiene.Instant) when {
	if at == 0 {
		return when{}
	}
	return when{Exact: at.Time().Format("2006-01-02 15:04:05"), Machine: at.String(), Ago: ago(v.At.Sub(at))}
}

type when struct{ Exact, Machine, Ago string }

// ago is a time span in the largest unit that fits, as people say it.
func ago(d time.Duration) string {
	word := "%s ago"
	if d < 0 {
		d, word = -d, "in %s"
	}
	for _, u := range []struct {
		size time.Duration
		name string
	}{{hygiene.Day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		n := int64(d / u.size)
		switch {
		case n == 1:
			return fmt.Sprintf(word, "1 "+u.name)
		case n > 1:
			return fmt.Sprintf(word, ui.Number(n)+" "+u.name+"s")
		}
	}
	return "now"
}

// took is a time span to three digits or so.
func took(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}

// stateOf is the class of a run's status: how it should look.
func stateOf(s segments.Status) string {
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
