package sources

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/callback"
	"winnow/hygiene/provider"
	"winnow/internal/config"
	"winnow/internal/snscert"
	"winnow/internal/ui"
)

// TryOptions say what is tried.
type TryOptions struct {
	Source  string // empty for the only one of the config
	Method  string // empty for POST, or that of a whole request
	Query   string
	Headers []string // each like Name: value
	Now     time.Time
}

// tried is what trying a body prints as JSON.
type tried struct {
	Source     string       `json:"source"`
	Events     []triedEvent `json:"events"`
	Unreadable []unreadable `json:"unreadable"`
	LeftOut    int          `json:"left_out"`
	// LookedFor says where ids and events are, if something is unreadable.
	LookedFor []string `json:"looked_for,omitempty"`
	// Verified says whether the signature of the source verifies the request; absent for a
	// source without one. NotVerified says why not.
	Verified    *bool  `json:"verified,omitempty"`
	NotVerified string `json:"not_verified,omitempty"`
}

type triedEvent struct {
	ID        string   `json:"id"`
	Event     string   `json:"event"`
	Code      string   `json:"code,omitempty"`
	Outcome   string   `json:"outcome"`
	DecidedBy *decided `json:"decided_by,omitempty"`
	At        string   `json:"at,omitempty"`     // empty when it is that of the receipt
	Time      string   `json:"time,omitempty"`   // as it is written
	To        string   `json:"to,omitempty"`     // in E.164
	Number    string   `json:"number,omitempty"` // as it is written
	Contact   string   `json:"contact,omitempty"`
	LeftOver  []string `json:"left_over"`
	why       string   // the time is not used
}

// decided is the line that decided an outcome, and where it stands.
type decided struct {
	line
	In string `json:"in"`
}

type unreadable struct {
	Why   string `json:"why"`
	Bytes int    `json:"bytes"`
}

// maxTried is the most bytes that are read, more than a receiver takes.
const maxTried = 2 << 20

// Try reads a body, or a whole HTTP request, as a source of the config does, and prints what
// is found in it. It stores nothing.
func Try(ctx context.Context, out *ui.Printer, cfg *config.Config, in io.Reader, o TryOptions) error {
	s, err := sourceOf(cfg, o.Source)
	if err != nil {
		return err
	}
	request, target, err := readRequest(in, o)
	if err != nil {
		return err
	}
	reader, err := cfg.Reader(s, nil)
	if err != nil {
		return err
	}
	found, is, err := reader.Inspect(request)
	if err != nil {
		return err
	}
	did := tried{Source: s.Name, Events: []triedEvent{}, Unreadable: []unreadable{}, LeftOut: is.LeftOut}
	if err := did.verify(ctx, cfg, s, request, target); err != nil {
		return err
	}
	for i := range found {
		did.Events = append(did.Events, eventOf(&found[i], s))
	}
	for _, u := range is.Unreadable {
		did.Unreadable = append(did.Unreadable, unreadable{u.Why, len(u.Body)})
	}
	if len(did.Unreadable) > 0 {
		did.LookedFor = placesOf(s.Format)
	}
	if out.JSON {
		err = out.PrintJSON(did)
	} else {
		err = did.print(out.Stdout)
	}
	if err == nil && len(did.Unreadable) > 0 {
		return ui.ErrReported
	}
	return err
}

// verify says whether the source's signature verifies the request.
func (did *tried) verify(ctx context.Context, cfg *config.Config, s *config.Source, r *provider.Request, target string) error {
	account, err := cfg.Account(s, snscert.New(slog.New(slog.DiscardHandler), nil).Fetcher(ctx))
	if err != nil || account == nil {
		return err
	}
	rest := account.Rest(r.Method, target, "", r.Header)
	rest.Target = target
	err = account.VerifyKept(rest, r.Body, r.ReceivedAt)
	verified := err == nil
	if did.Verified = &verified; err != nil {
		did.NotVerified = err.Error()
	}
	return nil
}

// placesOf says where a format has the ids and events, a sentence for each of its forms.
func placesOf(f *provider.Format) (list []string) {
	for _, s := range f.Shapes {
		in := "the body itself"
		if s.Each != "." && s.Each != "" {
			in = "each " + s.Each
		}
		if f.Inside != "" {
			in += ", in the JSON at " + f.Inside
		}
		list = append(list, fmt.Sprintf("id at %s and event at %s, of %s", strings.Join(s.ID, " and "), s.Event, in))
	}
	return list
}

// sourceOf finds a source of the config.
func sourceOf(cfg *config.Config, name string) (*config.Source, error) {
	names := []string{}
	for i := range cfg.Sources {
		s := &cfg.Sources[i]
		if s.Name == name || name == "" && len(cfg.Sources) == 1 {
			return s, nil
		}
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return nil, ui.Usagef("the config has no source")
	}
	if name == "" {
		return nil, ui.Usagef("the config has several sources; name one: --source %s", names[0])
	}
	return nil, ui.Usagef("--source %s: there is no source of that name in the config; it has %s", ui.ShellQuote(name), ui.AndList(names))
}

// readRequest reads a whole request, which begins like POST /path HTTP/1.1, or a body.
// target is its path and query, with a mark for the token in that of a body alone.
func readRequest(in io.Reader, o TryOptions) (r *provider.Request, target string, err error) {
	text, err := io.ReadAll(io.LimitReader(in, maxTried+1))
	if err != nil {
		return nil, "", err
	}
	if len(text) > maxTried {
		return nil, "", fmt.Errorf("it is larger than %d bytes, and a callback has at most 1 MiB", maxTried)
	}
	target = "/callbacks/" + callback.TokenMark
	r = &provider.Request{Method: http.MethodPost, Header: http.Header{}, Body: text, ReceivedAt: hygiene.InstantOf(o.Now)}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	if line := strings.Fields(string(first)); len(line) == 3 && strings.HasPrefix(line[2], "HTTP/1.") {
		whole, err := http.ReadRequest(bufio.NewReader(io.MultiReader(bytes.NewReader(text))))
		if err != nil {
			return nil, "", fmt.Errorf("it begins like an HTTP request, and can't be read as one: %w", err)
		}
		r.Method, r.Query, r.Header, target = whole.Method, whole.URL.RawQuery, whole.Header, whole.URL.EscapedPath()
		if r.Body, err = io.ReadAll(whole.Body); err != nil {
			return nil, "", fmt.Errorf("the body of the HTTP request is incomplete: %w", err)
		}
	}
	r.Method, r.Query = strings.ToUpper(cmp.Or(o.Method, r.Method)), cmp.Or(strings.TrimPrefix(o.Query, "?"), r.Query)
	if r.Method == http.MethodGet && r.Query == "" && len(r.Body) > 0 {
		return nil, "", ui.Usagef("a GET is read by its query, and not by its body; write --query 'id=a&status=delivered'")
	}
	for _, header := range o.Headers {
		name, value, ok := strings.Cut(header, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, "", ui.Usagef("--header %s: write a name and a value, like --header 'X-Signature: abc'", ui.ShellQuote(header))
		}
		http.Header(r.Header).Set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	if r.Query != "" {
		target += "?" + r.Query
	}
	return r, target, nil
}

func eventOf(f *provider.Found, s *config.Source) triedEvent {
	e := &f.Event
	is := triedEvent{ID: e.MessageID, Event: e.Name, Code: e.Code, Outcome: e.Outcome.String(), Time: f.Time, To: e.Number(), Number: f.Number, Contact: e.Contact, LeftOver: append([]string{}, f.LeftOver...)}
	if f.Known {
		is.DecidedBy = &decided{line{f.Line.Event, f.Line.Code, f.Line.Outcome.String()}, placeOf(&f.Line, s)}
	}
	switch {
	case f.TimeUsed:
		is.At = e.At.String()
	case f.Time == "":
	case f.ZoneUnknown:
		is.why = "its zone is not known"
	default:
		is.why = "it can't be read, or is later than now"
	}
	return is
}

// placeOf says where the line of a source's table stands.
func placeOf(l *provider.Line, s *config.Source) string {
	same := func(other provider.Line) bool {
		table, err := (&provider.Format{}).Table([]provider.Line{other})
		return err == nil && slices.Contains(table.Lines(), *l)
	}
	switch {
	case slices.ContainsFunc(s.Outcomes, same):
		return "outcomes"
	case s.Preset == "":
		return "read.outcomes"
	}
	return "the preset " + s.Preset
}

func (did *tried) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %s, %s left out\n", ui.Count(int64(len(did.Events)), "event"), ui.Count(int64(len(did.Unreadable)), "unreadable part"), ui.Count(int64(did.LeftOut), "part"))
	switch {
	case did.Verified == nil:
	case *did.Verified:
		fmt.Fprintln(w, "the signature is verified")
	default:
		fmt.Fprintf(w, "not verified, so it would not be read: %s\n", did.NotVerified)
	}
	for i, e := range did.Events {
		rows := [][]string{{"  id", e.ID}, {"  event", e.Event}}
		add := func(name, value string) {
			if value != "" {
				rows = append(rows, []string{"  " + name, value})
			}
		}
		add("code", e.Code)
		add("outcome", e.Outcome+e.by())
		switch {
		case e.At != "":
			add("time", e.At)
		case e.Time != "":
			add("time", "that of the receipt; "+e.Time+" is not used: "+e.why)
		default:
			add("time", "that of the receipt")
		}
		switch {
		case e.To != "":
			add("number", e.To)
		case e.Number != "":
			add("number", "none; "+e.Number+" is not a phone number")
		}
		add("contact", cmp.Or(e.Contact, nobody(&e)))
		add("left over", strings.Join(e.LeftOver, ", "))
		fmt.Fprintf(w, "event %d\n", i+1)
		ui.Table(w, rows)
	}
	for _, u := range did.Unreadable {
		fmt.Fprintf(w, "unreadable, %s: %s\n", ui.Count(int64(u.Bytes), "byte"), u.Why)
	}
	for _, place := range did.LookedFor {
		fmt.Fprintf(w, "  looked for: %s\n", place)
	}
	return nil
}

// by says which line decided.
func (e *triedEvent) by() string {
	if e.DecidedBy == nil {
		return ", since no line of the table is about it"
	}
	code := ""
	if e.DecidedBy.Code != "" {
		code = ", code: " + e.DecidedBy.Code
	}
	return fmt.Sprintf(", by {event: %s%s, outcome: %s} of %s", e.DecidedBy.Event, code, e.DecidedBy.Outcome, e.DecidedBy.In)
}

// nobody says what becomes of an event that names no contact.
func nobody(e *triedEvent) string {
	if e.To != "" {
		return "none; the send log is asked, and else it lies on the number alone"
	}
	return "none; the send log is asked"
}
