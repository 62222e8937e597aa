package daemon

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/internal/schedule"
	"winnow/segments"
	"winnow/store"
)

// visitor is a browser that is logged in at the daemon's console.
type visitor struct {
	t       *testing.T
	handler http.Handler
	jar     *cookiejar.Jar
	form    string // hidden token
}

var consoleOrigin = &url.URL{Scheme: "http", Host: "127.0.0.1:8081"}

var hiddenToken = regexp.MustCompile(`name="form" value="([^"]+)"`)

func visit(t *testing.T, d *Daemon, name string) *visitor {
	t.Helper()
	handler, err := d.console()
	if err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil)
	v := &visitor{t: t, handler: handler, jar: jar}
	v.form = hiddenToken.FindStringSubmatch(v.get("/").Body.String())[1]
	if w := v.post("/login", "token", apptest.AdminToken, "name", name); w.Code != http.StatusSeeOther {
		t.Fatalf("the login is answered %d", w.Code)
	}
	v.form = hiddenToken.FindStringSubmatch(v.get("/runs").Body.String())[1]
	return v
}

func (v *visitor) do(req *http.Request) *httptest.ResponseRecorder {
	req.Host = consoleOrigin.Host
	for _, cookie := range v.jar.Cookies(consoleOrigin) {
		req.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, req)
	v.jar.SetCookies(consoleOrigin, w.Result().Cookies())
	return w
}

func (v *visitor) get(path string) *httptest.ResponseRecorder {
	return v.do(httptest.NewRequest("GET", path, nil))
}

// post sends a form, names and values in turn, and returns the answer.
func (v *visitor) post(path string, fields ...string) *httptest.ResponseRecorder {
	form := url.Values{"form": {v.form}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	req := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(req)
}

// after sends a form and returns the page that follows.
func (v *visitor) after(path string, fields ...string) (where, page string) {
	v.t.Helper()
	w := v.post(path, fields...)
	if w.Code != http.StatusSeeOther {
		v.t.Fatalf("%s is answered %d: %s", path, w.Code, w.Body)
	}
	next := w.Header().Get("Location")
	where, _, _ = strings.Cut(next, "?")
	return where, v.get(next).Body.String()
}

// want fails the test unless the page has all texts.
func want(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not have %q:\n%s", text, page)
		}
	}
}

// heldDaemon has a held run, and its name.
func heldDaemon(t *testing.T) (*Daemon, string) {
	t.Helper()
	d := testDaemon(t, "to: [./exports]", "to: [./exports], guard: {min_rows: {reachable: 1000}}")
	appendEvents(t, d, time.Now().Add(-time.Hour), hygiene.Sent)
	held, err := d.export(t.Context(), d.Exporter(), "nightly", time.Now())
	if held.Status != segments.Held {
		t.Fatalf("the run is %s, %v", held.Status, err)
	}
	return d, held.Name
}

func TestAHeldRunIsReleasedOnItsPage(t *testing.T) {
	d, run := heldDaemon(t)
	v := visit(t, d, "ali")
	want(t, v.get("/runs").Body.String(), "A run is held", "Who would change")
	want(t, v.get("/runs/nightly/"+run).Body.String(), "Readers have no file yet", "min_rows is 1000", `<a href="/contacts?q=ann">ann</a>`, "reachable.csv", ">Release<")
	where, page := v.after("/runs/release", "export", "nightly", "run", run)
	if want(t, page, "was released: readers have it now"); where != "/runs/nightly/"+run {
		t.Errorf("next is %s", where)
	}
	want(t, page, "It was held, and released by console:ali.")
	want(t, v.get("/runs/nightly").Body.String(), "by console:ali")
	if r, _, err := d.store.LastRun("nightly"); err != nil || r.Status != segments.Released || r.ReleasedBy != "console:ali" || r.StartedBy != "" {
		t.Errorf("the run is %+v, %v", r, err)
	}
	if _, page := v.after("/runs/release", "export", "nightly", "run", run); !strings.Contains(page, "Nothing was done") {
		t.Error("it is released twice")
	}
}

func TestAStaleRunIsReleasedOnlyWithItsTick(t *testing.T) {
	d, run := heldDaemon(t)
	in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: hygiene.OptedOut, By: "ops"}
	if _, err := d.Operations().Instruct(store.Subjects{Keys: []string{"ann"}}, in, hygiene.InstantOf(time.Now())); err != nil {
		t.Fatal(err)
	}
	v := visit(t, d, "")
	want(t, v.get("/runs/nightly/"+run).Body.String(), "It is out of date:", "1 for opted_out", "Release it all the same", `name="stale" value="yes" required`)
	if _, page := v.after("/runs/release", "export", "nightly", "run", run); !strings.Contains(page, "Nothing was done") {
		t.Error("it is released without the tick")
	}
	_, page := v.after("/runs/release", "export", "nightly", "run", run, "stale", "yes")
	want(t, page, "was released", "suppressed since: 1 for opted_out")
}

func TestARunIsMadeOnThePage(t *testing.T) {
	d := testDaemon(t)
	appendEvents(t, d, time.Now().Add(-time.Hour), hygiene.Sent)
	v := visit(t, d, "ali")
	where, page := v.after("/runs/make", "export", "nightly")
	want(t, page, "was made: readers have it now", "Readers have got it", "asked for by console:ali")
	run, ok, err := d.store.LastRun("nightly", segments.Published)
	if err != nil || !ok || where != "/runs/nightly/"+run.Name {
		t.Errorf("made %+v, %v, next is %s", run, err, where)
	}
	if _, page := v.after("/runs/make", "export", "weekly"); !strings.Contains(page, "there is no export") {
		t.Error("an unknown export is made")
	}
}

func TestFormsThatAreForgedMakeAndReleaseNothing(t *testing.T) {
	d, run := heldDaemon(t)
	v := visit(t, d, "")
	for path, fields := range map[string][]string{"/runs/release": {"export", "nightly", "run", run}, "/runs/make": {"export", "nightly"}, "/surges/discard": {"id", "1"}, "/surges/release": {"id", "1"}} {
		if w := v.post(path, append(fields, "form", "x")...); w.Code != http.StatusForbidden {
			t.Errorf("%s is answered %d", path, w.Code)
		}
	}
	if runs, err := d.store.RunsOf("nightly", 9); err != nil || len(runs) != 1 || runs[0].Status != segments.Held {
		t.Errorf("%+v, %v", runs, err)
	}
}

func TestOnlyFilesOfTheManifestAreDownloaded(t *testing.T) {
	d, run := heldDaemon(t)
	v := visit(t, d, "")
	w := v.get("/runs/nightly/" + run + "/files/reachable.csv")
	if w.Code != http.StatusOK || w.Body.String() != "contact,phone,status\nann,,active\n" || w.Header().Get("X-Content-Type-Options") != "nosniff" ||
		w.Header().Get("Content-Disposition") != `attachment; filename=reachable.csv` {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	if w := v.get("/runs/nightly/" + run + "/files/manifest.json"); !json.Valid(w.Body.Bytes()) || w.Code != http.StatusOK {
		t.Errorf("the manifest: %d %q", w.Code, w.Body)
	}
	for _, path := range []string{"/runs/nightly/" + run + "/files/..%2F..%2F..%2F..%2Fwinnow.yaml", "/runs/nightly/" + run + "/files/%2Fetc%2Fpasswd", "/runs/nightly/" + run + "/files/other.csv",
		"/runs/nightly/..%2Fheld/files/reachable.csv", "/runs/..%2Fnightly/" + run + "/files/reachable.csv", "/runs/nightly/2020-01-01T000000Z/files/reachable.csv"} {
		if w := v.get(path); w.Code != http.StatusNotFound || w.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s is answered %d, %v", path, w.Code, w.Header())
		}
	}
}

func TestASegmentIsShownCountedAndDownloaded(t *testing.T) {
	d, run := heldDaemon(t)
	v := visit(t, d, "")
	if err := d.store.EndRun(func() segments.Run { r, _, _ := d.store.LastRun("nightly"); r.Status = segments.Released; return r }()); err != nil {
		t.Fatal(err)
	}
	apptest.Eventually(t, "the segments are counted", func() bool { return strings.Contains(v.get("/segments").Body.String(), "±0") })
	want(t, v.get("/segments").Body.String(), "Every contact that is active, but not when suppressed", `href="/segments/reachable.csv"`)
	want(t, v.get("/segments/reachable").Body.String(), `<a href="/contacts?q=ann">ann</a>`, "All of them now", "{status: active}", "/runs/nightly/"+run)
	if w := v.get("/segments/reachable.csv"); w.Body.String() != "contact,phone,status\nann,,active\n" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
		t.Errorf("csv: %q, %v", w.Body, w.Header())
	}
	if w := v.get("/segments/do-not-text.json"); w.Body.String() != "[]\n" {
		t.Errorf("json: %q", w.Body)
	}
	for _, path := range []string{"/segments/nobody", "/segments/nobody.csv", "/runs/nobody", "/runs/nightly/yesterday", "/surges/1", "/surges/x"} {
		if w := v.get(path); w.Code != http.StatusNotFound {
			t.Errorf("%s is answered %d", path, w.Code)
		}
	}
}

// surgeDaemon has a surge of hard bounces that waits for its review.
func surgeDaemon(t *testing.T) *Daemon {
	t.Helper()
	d := testDaemon(t, "  rules:", "  breaker: {outcome: hard_bounce, share: 20%, window: 1h, min: 4}\n  rules:")
	at := hygiene.InstantOf(time.Now().Add(-time.Hour))
	for i, contact := range []string{"ann", "bob", "cid", "dan", "eve"} {
		apptest.Bounce(t, d.store, at.Add(time.Duration(i)*time.Second), contact)
	}
	if _, err := d.Operations().Sweep(t.Context(), hygiene.InstantOf(time.Now())); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestASurgeIsReviewedOnItsPageAndSigned(t *testing.T) {
	for act, c := range map[string]struct {
		state store.TripState
		kind  store.BatchKind
		open  int // suppressions of eve then
	}{"release": {store.TripReleased, store.ReleaseBatch, 1}, "discard": {store.TripDiscarded, store.DiscardBatch, 0}} {
		d := surgeDaemon(t)
		v := visit(t, d, "ali")
		want(t, v.get("/surges").Body.String(), `<a href="/surges/1">`, "held")
		want(t, v.get("/surges/1").Body.String(), "2 hard bounces in a surge wait for a verdict", `<a href="/contacts?q=eve">eve</a>`, `<a href="/contacts?q=ann">ann</a>`, "It is true: Release", "It was the carrier: Discard", `class="surged"`)
		where, page := v.after("/surges/"+act, "id", "1", "note", "they called")
		if want(t, page, "trip 1", string(c.state), "by console:ali"); where != "/surges/1" {
			t.Errorf("next is %s", where)
		}
		trip, err := d.store.Trip(1)
		if err != nil || trip.State != c.state || trip.By != "console:ali" {
			t.Errorf("%s: %+v, %v", act, trip, err)
		}
		journal, err := d.store.Batches(store.BatchFilter{}, 1)
		if err != nil || len(journal) != 1 || journal[0].Kind != c.kind || journal[0].By != "console:ali" || journal[0].Note != "they called" {
			t.Errorf("%s: the journal has %+v, %v", act, journal, err)
		}
		eve, _, err := d.store.Contact("eve")
		if reasons := eve.Reasons(hygiene.InstantOf(time.Now())); err != nil || len(reasons) != c.open {
			t.Errorf("%s: eve is suppressed for %q, %v", act, reasons, err)
		}
		if _, page := v.after("/surges/"+act, "id", "1"); !strings.Contains(page, "was already reviewed") {
			t.Errorf("%s: it is reviewed twice", act)
		}
	}
}

func TestAJobHasNotFailedOnceItsHeldRunIsReleased(t *testing.T) {
	d := testDaemon(t, "to: [./exports]", "to: [./exports], guard: {min_rows: {reachable: 1000}}")
	v := visit(t, d, "ali")
	where, page := v.after("/runs/make", "export", "nightly")
	want(t, page, "min_rows is 1000")
	if j := jobOf(t, pageOf(t, d), "export/nightly"); !strings.Contains(j.Error, "the run is held") || strings.Contains(j.Error, `\n`) {
		t.Errorf("before the release: %+v", j)
	}
	v.after("/runs/release", "export", "nightly", "run", strings.TrimPrefix(where, "/runs/nightly/"))
	if j := jobOf(t, pageOf(t, d), "export/nightly"); j.Error != "" || j.Last == 0 {
		t.Errorf("after the release: %+v", j)
	}
	d.state.ended(schedule.Job{Kind: schedule.Export, Name: "nightly"}, 0, errors.New("the disk is full"))
	if j := jobOf(t, pageOf(t, d), "export/nightly"); j.Error == "" {
		t.Errorf("after another failure: %+v", j)
	}
}
