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
		At: now, Policy: "0123456789ab", ConfigReadAt: now.Add(-2 * time.Hour), Setup: view.Setup{Received: true, Matched: true, Published: true},
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
	return made(t)(Overview(Page{Version: "1.2.3", Form: "f"}, view.OverviewQuery{Days: 30}, page, nil))
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
		"<dt>contacts</dt><dd>1,000</dd>", `<dt>active</dt><dd>750 <span class="took">75.0 %</span></dd>`, "<dt>retry</dt><dd>0 ",
		"<dt>events stored</dt><dd>1,234,567</dd>", "<dt>not swept yet</dt><dd>42</dd>", "<dt>unmatched</dt><dd>5</dd>", "<dt>contact conflicts</dt><dd>9</dd>", "<dt>in quarantine</dt><dd>3</dd>",
		"in 30 seconds", "in 1.23s", "the store is broken", "2 hours ago", "in force", "Nothing needs attention.")
}

// An operator reads first what follows, then why, and has the button beside it.
func TestAnAlertIsItsConsequenceThenWhyThenWhatMendsIt(t *testing.T) {
	calm := shown(t, somePage())
	if strings.Contains(calm, "(!)") || strings.Contains(calm, `class="alerts`) {
		t.Errorf("a page of a daemon that is well warns:\n%s", calm)
	}
	page := somePage()
	page.Alerts = []view.Alert{{Grave: true, Title: "The CRM has been reading the list of 17 November for 6 days.", Why: "6 runs are held.", Command: "winnow export nightly", Actions: []view.Action{
		{Label: "Who would change", Path: "/runs/nightly/r"}, {Label: "Make a new run", Path: "/runs/make", Post: true, Main: true, Fields: []view.Field{{Name: "export", Value: "nightly"}}}}}}
	text := shown(t, page)
	wantWords(t, text, "<title>(!) winnow</title>", `<a class="button" href="/runs/nightly/r">Who would change</a>`,
		`<form method="post" action="/runs/make"><input type="hidden" name="form" value="f"/><input type="hidden" name="export" value="nightly"/><button class="main">Make a new run</button></form>`)
	at := -1
	for _, part := range []string{`class="alerts bad"`, "<h2>The CRM has been reading the list of 17 November for 6 days.</h2>", "<p>6 runs are held.</p>", "<code>winnow export nightly</code>", "Make a new run", "May be texted"} {
		next := strings.Index(text, part)
		if next < at {
			t.Errorf("%q comes too early, or not at all", part)
		}
		at = next
	}
	if strings.Contains(text, "Nothing needs attention") {
		t.Error("the page says that nothing needs attention")
	}
}

func TestAnErrorThatAnAlertQuotesIsShownOnce(t *testing.T) {
	page := somePage()
	page.Alerts = []view.Alert{{Title: "The job review failed.", Why: "the store is broken", Job: "review/review"}}
	if n := strings.Count(shown(t, page), "the store is broken"); n != 1 {
		t.Errorf("the error is shown %d times", n)
	}
}

// Five zeros say nothing to who has just installed it.
func TestAnEmptyStoreShowsWhatIsToBeSetUp(t *testing.T) {
	page := view.Overview{At: now, Setup: view.Setup{Callbacks: []view.Callback{{Source: "insider", URL: "https://HOST/callbacks/TOKEN", Try: "curl -d x"}}, Export: "nightly"}}
	text := shown(t, page)
	wantWords(t, text, "Setting up", `<code class="copy">https://HOST/callbacks/TOKEN</code>`, `<code class="copy">curl -d x</code>`, "<code>winnow export nightly</code>", "No job has run since the start.")
	for _, not := range []string{"May be texted", "Nothing needs attention", ">done<", "Deliverability", "events stored"} {
		if strings.Contains(text, not) {
			t.Errorf("the page says %q", not)
		}
	}
	for want, change := range map[string]func(){
		`2 came that could not be read: <a href="/quarantine">why</a>`: func() { page.Quarantined = 2 },
		`<code class="copy">winnow sweep</code>`:                       func() { page.Received, page.Events, page.Sweep.Lag = true, 7, 7 },
		"7 of 7 events have no known contact":                          func() { page.Received, page.Events, page.Sweep.Lag, page.Unmatched = true, 7, 0, 7 },
		"The config has no export yet":                                 func() { page.Matched, page.Export = true, "" },
	} {
		before := page
		change()
		wantWords(t, shown(t, page), want)
		page = before
	}
	page.Received, page.Matched, page.Published = true, true, true
	if strings.Contains(shown(t, page), "Setting up") {
		t.Error("what is set up is still to be set up")
	}
}

func TestFiguresHaveAShareAndAChange(t *testing.T) {
	page := somePage()
	page.Before = &view.EarlierCounts{Day: now.Add(-7*hygiene.Day - 12*time.Hour), Statuses: map[string]int64{"active": 781, "cooling": 24, "suppressed": 200}}
	page.File = view.LastFile{Export: "nightly", AsOf: now.Add(-6 * hygiene.Day), NextAt: now.Add(14 * time.Hour), Late: true}
	page.Days = make([]view.Day, 20)
	page.Days[12].Counts, page.Days[13].Counts = view.Counts{Delivered: 939, Tried: 1000}, view.Counts{Delivered: 814, Tried: 1000}
	wantWords(t, shown(t, page), `<h2>May be texted</h2><p class="value ">750</p><p class="note">75.0 % of 1,000 · −31 this week</p>`,
		`<p class="value ">250</p><p class="note">25.0 % of 1,000 · &#43;26 this week</p>`,
		`<p class="value bad">81.4 %</p><p class="note">93.9 % the week before</p>`,
		`<p class="value warn">6 days</p><p class="note">nightly · next 24 November, 02:00 UTC</p>`)
	page.Before.Day = now.Add(-2*hygiene.Day - 12*time.Hour)
	page.File = view.LastFile{}
	wantWords(t, shown(t, page), "−31 since 21 November", `<p class="value ">none yet</p>`)
}

func TestSegmentsSayWhatTheFilesHave(t *testing.T) {
	page := somePage()
	page.InFiles = []view.SegmentInFile{
		{Export: "nightly", Segment: "reachable", Words: "all of <these>", Rows: 3604, Run: "r", Change: new(int64(-31)), Held: new(int64(396))},
		{Export: "nightly", Segment: "new"},
	}
	wantWords(t, shown(t, page), `<a href="/segments/reachable">reachable</a></th><td class="words">all of &lt;these&gt;</td><td class="n">3,604 <span class="state warn">396 held</span></td><td class="n">−31</td>`,
		`href="/segments/reachable.csv"`, `href="/segments/reachable.json"`, "no file yet")
}

func TestPageThatCannotBeReadSaysWhy(t *testing.T) {
	page := made(t)(Overview(Page{Form: "f"}, view.OverviewQuery{Days: 30}, view.Overview{}, errors.New("the store is broken")))
	wantWords(t, page, "There is nothing to show", "the store is broken", "</html>", "(!)")
	if strings.Contains(page, "<dd>0</dd>") {
		t.Error("numbers are shown that nobody read")
	}
}

func TestPageEscapesTextFromOutside(t *testing.T) {
	page := somePage()
	page.Alerts = []view.Alert{{Detail: "<script>alert(2)</script>", Actions: []view.Action{{Path: "javascript:alert(3)"}}}}
	page.Policy, page.Jobs[0].Error = `<script>alert(1)</script>`, `"><img src=x>`
	if text := shown(t, page); strings.Contains(text, "<script>alert") || strings.Contains(text, "<img") || strings.Contains(text, "javascript:") {
		t.Errorf("foreign words are part of the page:\n%s", text)
	}
}

func TestPageHasNoControlCharacters(t *testing.T) {
	page := somePage()
	page.Alerts = []view.Alert{{Title: "the server says \x1b[2J\u009b31m\u202edeifitnedi\u200b", Command: "winnow export \u2028"}}
	text := shown(t, page)
	if i := strings.IndexFunc(text, func(r rune) bool { return ui.IsControl(r) && r != '\n' && r != '\t' }); i >= 0 {
		t.Errorf("the page has %q", text[i:min(len(text), i+40)])
	}
	wantWords(t, text, `\u001b[2J\u009b31m\u202edeif`)
}

func TestPageUsesNothingThatItsPolicyForbids(t *testing.T) {
	full := fullPage()
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

// fullPage has something in all its parts.
func fullPage() view.Overview {
	page := somePage()
	page.ConfigErrors, page.Days, page.DaysAt = "x", someDays(), now
	page.Alerts = []view.Alert{{Title: "y", Why: "why", Detail: "x", Command: "z", Actions: []view.Action{{Label: "l", Path: "/p"}, {Label: "m", Path: "/q", Post: true}}}}
	page.Marks = []view.Mark{{At: now, Kind: view.SurgeMark, Text: "surge"}, {At: now.Add(-hygiene.Day), Until: now, Kind: view.HeldMark, Text: "2 runs held"}}
	page.InFiles = []view.SegmentInFile{{Export: "nightly", Segment: "<a>", Rows: 1, Run: "r"}}
	page.Setup = view.Setup{Callbacks: []view.Callback{{Source: "s", URL: "u", Try: "t"}}, Export: "nightly"}
	return page
}

func TestPageIsWellFormed(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(shown(t, fullPage())))
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
	page.CountedAt, page.ConfigReadAt, page.Jobs[0].Last = later, later, later
	text := shown(t, page)
	if strings.Contains(text, "in 4 hours") || strings.Count(text, ">as of 2026-11-23 16:00:00 UTC</time>") != 3 {
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
	wantWords(t, shown(t, view.Overview{At: now, Totals: view.Totals{Events: 3, Sweep: view.SweepProgress{Lag: 1}}, Jobs: []view.Job{{Name: "sweep", Kind: "sweep", Last: now}}}), "There are no contacts yet.")
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

// someDays are three days: a good one, one without events, and a bad one.
func someDays() []view.Day {
	start := now - now%hygiene.Instant(hygiene.Day.Microseconds())
	return []view.Day{
		{Start: start.Add(-2 * hygiene.Day), Counts: view.Counts{Outcomes: map[string]int64{"delivered": 990, "hard_bounce": 10}, Delivered: 990, Tried: 1000}},
		{Start: start.Add(-hygiene.Day), Counts: view.Counts{Outcomes: map[string]int64{}}},
		{Start: start, Counts: view.Counts{Outcomes: map[string]int64{"delivered": 80, "hard_bounce": 20, "unrecognized": 1}, Delivered: 80, Tried: 100}},
	}
}

func TestDaysAreDrawnAndAreInWordsAndInATable(t *testing.T) {
	page := somePage()
	page.Days, page.DaysAt = someDays(), now
	wantWords(t, shown(t, page), "<strong>80.0 %</strong> on 23 Nov, 97.3 % in all", "at worst 80.0 %", ">100 %</text>", ">80 %</text>", ">today</text>",
		`tabindex="0" role="img" aria-label="21 Nov: 99.0 %, 990 of 1,000"`,
		`<th scope="row">Sat 21 Nov 2026</th><td class="n">99.0 %</td><td class="n">990</td><td class="n">1,000</td>`)
}

func TestFailuresByCampaignHaveOneScaleAndSayWhatIsLeftOut(t *testing.T) {
	page := somePage()
	page.Days = someDays()
	page.Groups = &view.Groups{By: "campaign", Days: 30, CountedAt: now, More: 12, Rows: []view.Group{
		{Name: "spring", Counts: view.Counts{Delivered: 80, Tried: 100, Outcomes: map[string]int64{"hard_bounce": 15, "dropped": 5}}},
		{Counts: view.Counts{Delivered: 90, Tried: 100, Outcomes: map[string]int64{"soft_bounce": 10}}},
	}}
	text := made(t)(Overview(Page{Form: "f"}, view.OverviewQuery{Days: 30, By: "campaign"}, page, nil))
	wantWords(t, text, "spring", "hard bounce 15.0 %, other 5.0 %", `<rect class="hard_bounce" x="0" width="75" height="4"/>`, `<rect class="soft_bounce" x="0" width="50" height="4"/>`, "And 12 more",
		`<a href="/?by=campaign#failures" aria-current="true">by campaign</a>`, `<a href="/?by=campaign&amp;days=7#deliverability">7 days</a>`)
}
