// Package pages makes the console's pages: HTML, with its style, a few lines of script and
// charts drawn as SVG.
//
// What a page shows, and what its forms do, comes in as the functions of [Config]. A page
// works without scripts; with them figures are refreshed in place. Nothing is loaded from
// elsewhere, which [Policy] makes sure of. The template of a page stands inside that of
// [Page], which has the navigation and what every page shows.
//
// Where to change what: a new page is a file with what it shows, one with its handler (as
// contact.go and contact_serve.go), an html file that defines "main", its functions in
// [Config], and lines in [Routes] and tabs; what stands around all pages is layout.html;
// how instants are shown is time.go; colors and sizes are style.css; charts are package plot,
// and the timeline of a contact lanes.go.
package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"reflect"
	"strings"
	"sync"

	"winnow/hygiene"
	"winnow/internal/ui"
)

var (
	//go:embed *.html
	files embed.FS
	//go:embed style.css
	style string
	//go:embed script.js
	script string
)

// Policy is the Content-Security-Policy of all pages. A browser may use the page's own
// style and script, and ask this server for the page again; nothing else.
var Policy = sync.OnceValue(func() string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + hash(style) + "; script-src " + hash(script) + "; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
})

// Page is what every page shows beside its own content.
type Page struct {
	Tab     string          // the entry of the navigation that is the current one
	At      hygiene.Instant // now, from which ages are counted; 0 for a page that shows none
	Version string
	User    string // who has logged in; empty for nobody
	Form    string // hidden token of the page's forms
	Query   string // what was searched for; empty for nothing
	Notice  *Notice
	Urgent  bool // the title has a mark
}

// tab is an entry of the navigation.
type tab struct{ Name, Path string }

// tabs is the navigation.
var tabs = []tab{
	{"Overview", "/"},
	{"Segments", "/segments"},
	{"Runs", "/runs"},
	{"Rules", "/rules"},
	{"Journal", "/journal"},
	{"Quarantine and unmatched", "/quarantine"},
}

// framed is what a template gets: the page, and what it shows as Data.
type framed struct {
	Page
	Style  template.CSS
	Script template.JS
	Tabs   []tab
	Title  string
	Data   any
}

// functions are those of all templates.
var functions = template.FuncMap{
	"number":   ui.Number,
	"count":    ui.Count,
	"percent":  ui.Percent,
	"share":    ui.PercentOf,
	"duration": roundedDuration,
	"join":     strings.Join,
	"len64":    length,
	"state":    stateClass,
	"signed":   signed,
	"lanes":    lanesOf,
	"evidence": evidenceOf,
	"change":   change,
	"byReason": byReason,
	"fileSize": fileSize,
	"stamp":    stamp,
	"more":     more,
	"delivery": deliveryClass,
	"in":       within,
}

// part is a part of a page that several pages have.
type part struct {
	Page
	Data any
}

// within is a part of the page, with what it shows.
func within(f framed, data any) part { return part{f.Page, data} }

// length is that of a list, as ui.Count takes it.
func length(list any) int64 { return int64(reflect.ValueOf(list).Len()) }

// parsed returns the template of a page, made of these files, which are parsed when it is
// first used.
func parsed(of ...string) func() *template.Template {
	return sync.OnceValue(func() *template.Template {
		return template.Must(template.New("layout.html").Funcs(functions).ParseFS(files, append([]string{"layout.html"}, of...)...))
	})
}

// render makes a page. In it, no text from outside turns its surroundings around or hides
// in them.
func render(t func() *template.Template, p Page, title string, data any) ([]byte, error) {
	var body bytes.Buffer
	f := framed{Page: p, Style: template.CSS(style), Script: template.JS(script), Tabs: tabs, Title: title, Data: data}
	if err := t().Execute(&body, f); err != nil {
		return nil, fmt.Errorf("make the page %s: %w", title, err)
	}
	return ui.EscapeControls(body.Bytes()), nil
}
