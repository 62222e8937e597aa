package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/segments"
)

var now = hygiene.InstantOf(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))

func somePage() view.Overview {
	return view.Overview{
		At: now, Policy: "0123456789ab", ConfigReadAt: now.Add(-2 * time.Hour),
		Totals: view.Totals{CountedAt: now.Add(-30 * time.Second), Events: 1234567, Sweep: view.SweepProgress{Lag: 42}, Repeats: 7, Quarantined: 3, Unmatched: 5, Conflicts: map[string]int64{"insider": 8, "globex": 1},
			Statuses: map[string]int64{"active": 750, "cooling": 50, "suppressed": 200}},
		Runs: []segments.Run{
			{Export: "nightly", Name: "2026-11-23T020000Z", Status: segments.Published, FinishedAt: now.Add(-10 * time.Hour)},
			{Export: "weekly", Name: "2026-11-22T020000Z", Status: segments.Held, Error: "reachable changed by 41%"},
			{Export: "hourly", Name: "2026-11-23T110000Z", Status: segments.Failed, Error: "the disk is full"},
		},
		Jobs: []view.Job{
			{Name: "sweep", Kind: "sweep", Last: now.Add(-time.Minute), Took: 1234567 * time.Microsecond, Next: now.Add(30 * time.Second)},
			{Name: "review", Kind: "review", Last: now.Add(-hygiene.Day), Error: "the store is broken"},
		},
	}
}

// made returns a page that was made without an error.
func made(t *testing.T) func([]byte, error) string {
	return func(page []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return string(page)
	}
}

// shown is the page as a browser gets it.
func shown(t *testing.T, page view.Overview) string {
	t.Helper()
	return made(t)(Overview(Page{Version: "1.2.3", Form: "f"}, page, nil))
}

func wantWords(t *testing.T, page string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(page, word) {
			t.Errorf("the page does not show %q:\n%s", word, page)
		}
	}
}

func TestPageShowsTheStateAtAGlance(t *testing.T) {
	wantWords(t, shown(t, somePage()), "1.2.3", "0123456789ab", "2026-11-23 12:00:00 UTC",
		"<dt>all</dt><dd>1,000</dd>", "<dt>active</dt><dd>750</dd>", "<dt>retry</dt><dd>0</dd>", "<dt>suppressed</dt><dd>200</dd>",
		"<dt>stored</dt><dd>1,234,567</dd>", "<dt>not swept yet</dt><dd>42</dd>", "<dt>unmatched</dt><dd>5</dd>", "<dt>contact conflicts</dt><dd>9</dd>", "<dt>in quarantine</dt><dd>3</dd>",
		`<span class="state good">published</span>`, `<span class="state warn">held</span>`, `<span class="state bad">failed</span>`,
		"reachable changed by 41%", "the disk is full", "10 hours ago", "in 30 seconds", "in 1.23s", "the store is broken", "2 hours ago", "in force",
		`<rect class="cooling" x="75" width="5" height="4"/>`)
}

func TestPageBeginsWithProblems(t *testing.T) {
	calm := shown(t, somePage())
	if strings.Contains(calm, "(!)") || strings.Contains(calm, "alert") {
		t.Errorf("a page of a daemon that is well warns:\n%s", calm)
	}
	page := somePage()
	page.ConfigErrors = "winnow.yaml:14:7: unknown key"
	page.Alerts = []view.Alert{{Text: "callbacks are not stored: the disk is full", Command: "df -h"}}
	wantWords(t, shown(t, page), "<title>(!) winnow</title>", "The config was rejected", "winnow.yaml:14:7: unknown key", "Needs attention", "callbacks are not stored", ">rejected<")
}

func TestAnErrorThatAnAlertQuotesIsShownOnce(t *testing.T) {
	page := somePage()
	page.Alerts = []view.Alert{
		{Text: "run weekly/2026-11-22T020000Z is held: reachable changed by 41%", Command: "winnow release weekly/x", Run: "weekly/2026-11-22T020000Z"},
		{Text: "job review failed: the store is broken", Job: "review/review"},
	}
	text := shown(t, page)
	for _, quoted := range []string{"reachable changed by 41%", "the store is broken"} {
		if n := strings.Count(text, quoted); n != 1 {
			t.Errorf("%q is shown %d times", quoted, n)
		}
	}
	wantWords(t, text, "<code>winnow release weekly/x</code>", "the disk is full")
}

func TestAnErrorThatNoAlertNamesStaysBesideItsRun(t *testing.T) {
	page := somePage()
	page.Alerts = []view.Alert{{Text: "the disk is full", Run: "weekly/2026-11-22T020000Z"}}
	if n := strings.Count(shown(t, page), "the disk is full"); n != 2 {
		t.Errorf("the error of another run is shown %d times", n)
	}
}

func TestPageOfAnEmptyDaemonIsWhole(t *testing.T) {
	wantWords(t, shown(t, view.Overview{At: now}), "No export has run yet.", "No job has run since the start.", "Not counted yet", "Nothing needs attention.", "are being counted", "<dt>all</dt><dd>0</dd>")
}

func TestPageThatCannotBeReadSaysWhy(t *testing.T) {
	page := made(t)(Overview(Page{Form: "f"}, view.Overview{}, errors.New("the store is broken")))
	wantWords(t, page, "There is nothing to show", "the store is broken", "</html>", "(!)")
	if strings.Contains(page, "<dd>0</dd>") {
		t.Error("numbers are shown that nobody read")
	}
}

func TestPageEscapesTextFromOutside(t *testing.T) {
	page := somePage()
	page.ConfigErrors, page.Jobs[0].Error = `<script>alert(1)</script>`, `"><img src=x>`
	if text := shown(t, page); strings.Contains(text, "<script>alert") || strings.Contains(text, "<img") {
		t.Errorf("foreign words are part of the page:\n%s", text)
	}
}

func TestPageHasNoControlCharacters(t *testing.T) {
	page := somePage()
	page.Alerts = []view.Alert{{Text: "the server says \x1b[2J\u009b31m\u202edeifitnedi\u200b", Command: "winnow export \u2028"}}
	text := shown(t, page)
	if i := strings.IndexFunc(text, func(r rune) bool { return ui.IsControl(r) && r != '\n' && r != '\t' }); i >= 0 {
		t.Errorf("the page has %q", text[i:min(len(text), i+40)])
	}
	wantWords(t, text, `\u001b[2J\u009b31m\u202edeif`)
}

func TestPageUsesNothingThatItsPolicyForbids(t *testing.T) {
	full := somePage()
	full.Days = someDays()
	page := shown(t, full)
	for _, part := range []string{"style", "script"} {
		text := regexp.MustCompile(`(?s)<` + part + `>(.*)</` + part + `>`).FindStringSubmatch(page)
		if text == nil {
			t.Fatalf("the page has no %s", part)
		}
		sum := sha256.Sum256([]byte(text[1]))
		if !strings.Contains(Policy(), part+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("the policy does not allow the %s: %s", part, Policy())
		}
	}
	if !strings.Contains(Policy(), "default-src 'none'") {
		t.Error(Policy())
	}
	for _, forbidden := range []string{"<script ", " style=", "http://", "https://", " src=", "<link", " onclick"} {
		if strings.Contains(page, forbidden) {
			t.Errorf("the page has %q", forbidden)
		}
	}
	wantWords(t, page, "color-scheme", "viewport", `lang="en"`)
}

func TestPageIsWellFormed(t *testing.T) {
	page := somePage()
	page.ConfigErrors, page.Alerts, page.Days = "x", []view.Alert{{Text: "y", Command: "z"}}, someDays()
	page.Sizes = []view.SegmentSizes{{Export: "nightly", Segment: "<a>", Runs: []view.RunSize{{Run: "r", Rows: 1, Held: true}}}}
	d := xml.NewDecoder(strings.NewReader(shown(t, page)))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta", "rect", "input", "br"}, xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestNothingHasHappenedInTheFuture(t *testing.T) {
	page := somePage()
	later := now.Add(4 * time.Hour)
	page.CountedAt, page.ConfigReadAt, page.Runs[0].FinishedAt, page.Jobs[0].Last = later, later, later, later
	text := shown(t, page)
	if strings.Contains(text, "in 4 hours") || strings.Count(text, ">as of 2026-11-23 16:00:00 UTC</time>") != 4 {
		t.Errorf("shown as\n%s", text)
	}
	page = somePage()
	page.CountedAt = now.Add(2 * time.Second) // while the page was made
	wantWords(t, shown(t, page), `UTC">now</time>, by the last sweep`)
}

func TestAPageAfterTheSweepOfNothingSaysThatThereIsNothing(t *testing.T) {
	for want, page := range map[string]view.Overview{
		"Not counted yet; the first sweep counts them.": {At: now, Totals: view.Totals{Events: 3, Sweep: view.SweepProgress{Lag: 3}}},
		"There are no contacts yet.":                    {At: now, Totals: view.Totals{Events: 3, Unmatched: 3}},
	} {
		wantWords(t, shown(t, page), want)
	}
	wantWords(t, shown(t, view.Overview{At: now, Jobs: []view.Job{{Name: "sweep", Kind: "sweep", Last: now}}}), "There are no contacts yet.")
}

func TestJobsThatHaveNotRunAreSaidToBeThat(t *testing.T) {
	page := somePage()
	page.Statuses, page.CountedAt = nil, 0
	page.Jobs[0].Took = 0
	page.Jobs = append(page.Jobs, view.Job{Name: "nightly", Kind: "export", Next: now.Add(time.Hour)})
	text := shown(t, page)
	wantWords(t, text, "not since the start", "There are no contacts yet.")
	if strings.Contains(text, "in 0s") {
		t.Errorf("a duration that is not known is shown:\n%s", text)
	}
}
