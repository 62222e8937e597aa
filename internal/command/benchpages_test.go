package command

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/internal/apptest"
)

var (
	pagesContacts = flag.Int("pages-contacts", 20_000, "contacts in the benchmarks of the console's pages; there are ten events for each")
	pagesStore    = flag.String("pages-store", "", "folder in which the benchmarks of the console's pages keep their store for another use; empty for a temporary one")
)

// pageVisits is how often each page is asked for, after the first time.
const pageVisits = 20

// BenchmarkPages prints for each page of the console how long its first byte takes: the
// first time after a start, when nothing of the store has been read and nothing is
// counted, and then in the middle and at worst of twenty times; and how large it is. Run it
// with -benchtime 1x, and with -pages-contacts 1000000 for 10 million events.
func BenchmarkPages(b *testing.B) {
	config := pagesConfig(b)
	for b.Loop() {
		d := startDaemon(b, "serve", config)
		v := logInto(b, d)
		before := d.used(b)
		var worst time.Duration
		b.Logf("%-44s %9s %9s %9s %9s %s", "page", "first", "p50", "max", "bytes", "says")
		for _, path := range v.pages() {
			first := v.visit(b, path)
			var took []time.Duration
			for range pageVisits {
				took = append(took, v.visit(b, path).took)
			}
			slices.Sort(took)
			last := took[len(took)-1]
			worst = max(worst, first.took, last)
			b.Logf("%-44s %9s %9s %9s %9d %s", path, milliseconds(first.took), milliseconds(took[len(took)/2]), milliseconds(last), first.bytes, first.says)
		}
		b.ReportMetric(float64(worst.Microseconds())/1000, "ms-worst")
		b.ReportMetric(float64(d.used(b).Since(before).CPU.Milliseconds())/float64(len(v.pages())*(pageVisits+1)), "CPU-ms/page")
		d.terminate(b)
	}
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

// visitor is a browser that has logged in.
type visitor struct {
	client *http.Client
	base   string
	found  []string // pages of one run, one policy and the like
}

// visitMade is a page as it was answered.
type visitMade struct {
	took  time.Duration // until its first byte
	bytes int
	says  string // of what is counted beside it, when that was
	text  string
}

var (
	hiddenField = regexp.MustCompile(`name="form" value="([^"]+)"`)
	saysCounted = regexp.MustCompile(`(?i)being counted|counted <time[^>]*>[^<]*</time>`)
	tags        = regexp.MustCompile(`<[^>]*>`)
)

// logInto fills in the login form.
func logInto(b *testing.B, d *daemonProcess) *visitor {
	b.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	v := &visitor{client: &http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}, base: strings.TrimSuffix(d.api, "/api/v1")}
	hidden := hiddenField.FindStringSubmatch(v.visit(b, "/login").text)
	if hidden == nil {
		b.Fatal("the login form has no hidden field")
	}
	answer, err := v.client.PostForm(v.base+"/login", url.Values{"form": {hidden[1]}, "token": {apptest.AdminToken}, "name": {"ayse"}})
	if err != nil {
		b.Fatal(err)
	}
	answer.Body.Close()
	for _, of := range []struct{ page, has string }{
		{"/runs/nightly", `/runs/nightly/[0-9TZ-]+`}, {"/runs/hourly", `/runs/hourly/[0-9TZ-]+`},
		{"/rules/policies", `/rules/policies/[0-9a-f]+`}, {"/rules/policies", `/rules/diff\?[^"]+`},
	} {
		if link := regexp.MustCompile(`"(` + of.has + `)"`).FindStringSubmatch(v.visit(b, of.page).text); link != nil {
			v.found = append(v.found, html.UnescapeString(link[1]))
		}
	}
	return v
}

// visit asks for a page.
func (v *visitor) visit(b *testing.B, path string) (m visitMade) {
	began := time.Now()
	answer, err := v.client.Get(v.base + path)
	if err != nil {
		b.Error(err)
		return m
	}
	defer answer.Body.Close()
	m.took = time.Since(began)
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 500 {
		b.Errorf("%s is answered %s %v: %.300s", path, answer.Status, err, tags.ReplaceAllString(string(text), ""))
	}
	m.bytes, m.text = len(text), string(text)
	m.says = tags.ReplaceAllString(saysCounted.FindString(m.text), "")
	return m
}

// pages are those of the navigation, and one of each kind that they lead to.
func (v *visitor) pages() []string {
	return append([]string{
		"/?days=7", "/", "/?days=90", "/?days=90&by=campaign", "/contacts?q=crm-00000017", "/contacts?q=%2B905500000017", "/contacts?q=nobody",
		"/segments", "/segments/reachable", "/segments/dormant", "/runs", "/runs/nightly", "/surges", "/surges/1",
		"/rules", "/rules/policies", "/rules/check", "/journal", "/journal?before=2000", "/journal?by=nobody", "/journal/1", "/journal/5001", "/quarantine",
	}, v.found...)
}

// pagesConfig makes a config and its store, unless the folder has them.
func pagesConfig(b *testing.B) (config string) {
	b.Helper()
	folder := cmp.Or(*pagesStore, b.TempDir())
	if err := os.MkdirAll(folder, 0o700); err != nil {
		b.Fatal(err)
	}
	config = apptest.Config(b, folder, "1h")
	text, _, _ := strings.Cut(apptest.ReadFile(b, config), "hygiene:")
	if err := os.WriteFile(config, []byte(text+pagesPolicy), 0o600); err != nil {
		b.Fatal(err)
	}
	full := folder + "/full"
	if kept, err := os.ReadFile(full); err == nil {
		if string(kept) != fmt.Sprint(*pagesContacts) {
			b.Fatalf("%s has %s contacts: use -pages-contacts %s, or another folder", folder, kept, kept)
		}
		return config
	}
	fillForPages(b, config, *pagesContacts)
	if err := os.WriteFile(full, fmt.Append(nil, *pagesContacts), 0o600); err != nil {
		b.Fatal(err)
	}
	return config
}

// pagesPolicy is the rest of a config whose rules, segments and exports are those of a
// company that uses most of what there is.
const pagesPolicy = `hygiene:
  sweep: "@every 1h"
  breaker: {outcome: hard_bounce, share: 20%, window: 1h, min: 20}
  rules:
    - {name: hard, when: {outcome: [hard_bounce, invalid_number]}, then: {suppress: {reason: hard_bounce}}}
    - {name: retry, when: {outcome: soft_bounce}, then: {retry: {after: [4h, 24h, 72h]}}}
    - {name: rest, when: {outcome: soft_bounce, count: 4, within: 14d, since: delivered}, then: {suppress: {reason: soft_bounce, for: 30d}}}
    - {name: opt-out, when: {outcome: unsubscribed}, then: {suppress: {reason: opted_out}}}
    - {name: forgive, when: {outcome: delivered}, then: {release: {reasons: [soft_bounce]}}}
    - {name: watch, when: {outcome: carrier_violation, count: 3, within: 7d}, then: {tag: content-review}}
    - {name: sunset, where: {all: [{outcome: sent, count: 5, within: 180d}, {not: {outcome: delivered, within: 180d}}]}, then: {suppress: {reason: dormant}}}
segments:
  - {name: reachable, where: {all: [{status: active}, {outcome: delivered, within: 90d}, {not: {tag: content-review}}]}, columns: [contact, phone, last_delivered_at]}
  - {name: do-not-text, suppressed: only, columns: [contact, reasons, suppressed_since, suppressed_until]}
  - {name: retry-due, where: {status: retry}, columns: [contact, message_id, attempt, due_at]}
  - {name: izmir, where: {all: [{status: active}, {attribute: city, is: Izmir}]}, columns: [contact, phone, attributes.city]}
  - {name: dormant, where: {all: [{not: {outcome: delivered, within: 380d}}, {attribute: city, is: nowhere}]}, columns: [contact]}
exports:
  - {name: nightly, schedule: "@every 1000h", segments: [reachable, do-not-text, retry-due], delta: [reachable, do-not-text], formats: [csv, json], keep: 3, to: [./exports]}
  - {name: hourly, schedule: "@every 1000h", segments: [do-not-text, izmir, dormant], formats: [csv], keep: 3, to: [./exports]}
`

// runPages runs a command over the benchmark's config.
func runPages(b *testing.B, args ...string) {
	b.Helper()
	if code := run(context.Background(), args, Process{Stdout: io.Discard, Stderr: os.Stderr}); code != exitOK {
		b.Fatal(args, "exits with", code)
	}
}
