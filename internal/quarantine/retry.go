package quarantine

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/hygiene/provider/signature"
	"winnow/internal/app"
	"winnow/internal/console/view"
	"winnow/internal/snscert"
	"winnow/internal/ui"
	"winnow/store"
)

// RetryOptions say which bodies are read again.
type RetryOptions struct {
	Source string          // empty for all
	Since  hygiene.Instant // of their receipt; 0 for all
	Apply  bool            // store the events, instead of showing them
	// Waiting reads only the bodies that wait for a certificate.
	Waiting bool
	// Certificate is that of [signature.Keys]; nil fetches what is not known.
	Certificate func(url string) *x509.Certificate
}

// certificate is what knows certificates. Without one of the caller's, they are fetched:
// here nobody waits for an answer.
func (o *RetryOptions) certificate(ctx context.Context) func(url string) *x509.Certificate {
	if o.Certificate != nil {
		return o.Certificate
	}
	return snscert.New(slog.New(slog.DiscardHandler), nil).Fetcher(ctx)
}

// Retried is what reading bodies again did, as JSON.
type Retried struct {
	Applied bool             `json:"applied"`
	Bodies  int64            `json:"bodies"`   // that were read again
	Read    int64            `json:"readable"` // of them, now
	Events  int64            `json:"events"`   // in those
	Left    int64            `json:"left"`     // bodies that stay in quarantine
	Kinds   []eventKind      `json:"kinds"`    // of the events
	Reasons map[string]int64 `json:"reasons"`  // why bodies stay, and how many
	Pruned  []view.Pruned    `json:"pruned"`   // bodies that retention deleted, so that they can't be read again
}

// eventKind is how many events have a name, a code and an outcome.
type eventKind struct {
	Source  string `json:"source"`
	Event   string `json:"event"`
	Code    string `json:"code,omitempty"`
	Outcome string `json:"outcome"`
	Events  int64  `json:"events"`
	Nobody  int64  `json:"without_contact"` // of them, those whose body names no contact
}

// Retry reads bodies in quarantine again, as the config reads them now. It counts the
// events that it finds, or stores them. Then the bodies leave the quarantine in the same
// commit, so that a kill neither loses nor repeats one.
func Retry(ctx context.Context, out *ui.Printer, a *app.App, o RetryOptions) (*Retried, error) {
	readers, err := app.Readers(a.Config, a.Store)
	if err != nil {
		return nil, err
	}
	if o.Source != "" && readers[o.Source] == nil {
		return nil, ui.Usagef("--source %s: there is no source of that name in the config", ui.ShellQuote(o.Source))
	}
	accounts, err := app.Accounts(a.Config, o.certificate(ctx))
	if err != nil {
		return nil, err
	}
	r := &retry{ctx: ctx, store: a.Store, readers: readers, accounts: accounts, waiting: o.Waiting, apply: o.Apply, kinds: map[eventKind]*eventKind{},
		did: Retried{Applied: o.Apply, Kinds: []eventKind{}, Reasons: map[string]int64{}}}
	show, done := out.Progress("body")
	r.show = show
	err = a.Store.EachQuarantined(ctx, o.Source, o.Since, r.page)
	done()
	if err == nil {
		r.did.Pruned, err = app.Pruned(a.Store, o.Since, app.PrunedQuarantine)
	}
	r.did.Pruned = slices.DeleteFunc(r.did.Pruned, func(p view.Pruned) bool { return o.Source != "" && p.Source != o.Source })
	if err != nil {
		return nil, fmt.Errorf("%w; %s stored; the others are still in quarantine: repeat the command", err, ui.CountVerb(r.stored, "event", "was", "were"))
	}
	r.did.Kinds = append(r.did.Kinds, r.sortedKinds()...)
	return &r.did, nil
}

// PrintRetry is [Retry], which prints the result. path is that of the config, for command
// lines.
func PrintRetry(ctx context.Context, out *ui.Printer, a *app.App, o RetryOptions, path string) error {
	did, err := Retry(ctx, out, a, o)
	if err != nil {
		return err
	}
	return did.print(out, path)
}

// retry reads bodies again.
type retry struct {
	ctx     context.Context
	store   *store.Store
	readers map[string]*provider.Reader
	apply   bool
	show    func(int64) // shows the progress; may be nil

	accounts map[string]*signature.Account
	waiting  bool // reads only what waits for a certificate

	kinds  map[eventKind]*eventKind
	did    Retried
	stored int64
}

// read reads a body again. One that was not verified so far is, before it is read.
func (r *retry) read(reader *provider.Reader, q *store.Quarantined) (provider.Reading, error) {
	if q.Unverified != nil {
		return app.ReadKept(r.accounts[q.Source], reader, &q.Unreadable)
	}
	return reader.Read(&provider.Request{Body: q.Body, ReceivedAt: q.ReceivedAt})
}

// page reads a page of bodies again.
func (r *retry) page(bodies []store.Quarantined) error {
	var events []hygiene.Event
	var rest []hygiene.Unreadable
	var ids []int64
	for i := range bodies {
		q := &bodies[i]
		if r.waiting && (q.Unverified == nil || !q.Unverified.Waits) {
			continue
		}
		r.did.Bodies++
		reader := r.readers[q.Source]
		if reader == nil {
			r.leave("there is no source " + q.Source + " in the config")
			continue
		}
		is, err := r.read(reader, q)
		found, unreadable, verified := is.Events, is.Unreadable, q.Unverified != nil && err == nil
		switch {
		case err != nil:
			r.leave(err.Error())
			continue
		case len(found) == 0 && len(unreadable) > 0 && verified: // it stays, as what it is now
			r.leave(unreadable[0].Why)
			rest, ids = append(rest, unreadable...), append(ids, q.ID)
			continue
		case len(found) == 0 && len(unreadable) > 0:
			r.leave(unreadable[0].Why)
			continue
		}
		r.did.Read++
		for j := range unreadable { // the other parts of a body that was one
			r.leave(unreadable[j].Why)
		}
		for j := range found {
			r.count(&found[j])
		}
		events, rest, ids = append(events, found...), append(rest, unreadable...), append(ids, q.ID)
	}
	if r.show != nil {
		r.show(r.did.Bodies)
	}
	if !r.apply {
		return nil
	}
	// An append that is given up may still be stored, so it is not interrupted.
	if err := r.store.AppendRetried(context.WithoutCancel(r.ctx), events, rest, ids); err != nil {
		return err
	}
	r.stored += int64(len(events))
	return nil
}

func (r *retry) leave(why string) {
	r.did.Left++
	r.did.Reasons[why]++
}

func (r *retry) count(e *hygiene.Event) {
	r.did.Events++
	kind := eventKind{Source: e.Source, Event: provider.NormalizeEvent(e.Name), Code: e.Code, Outcome: e.Outcome.String()}
	if r.kinds[kind] == nil {
		counted := kind
		r.kinds[kind] = &counted
	}
	r.kinds[kind].Events++
	if e.Contact == "" {
		r.kinds[kind].Nobody++
	}
}

// sortedKinds lists the kinds of events, the most common first.
func (r *retry) sortedKinds() []eventKind {
	var kinds []eventKind
	for _, k := range r.kinds {
		kinds = append(kinds, *k)
	}
	slices.SortFunc(kinds, func(a, b eventKind) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), strings.Compare(a.Source, b.Source), strings.Compare(a.Event, b.Event), strings.Compare(a.Code, b.Code))
	})
	return kinds
}

// maxShown is how many kinds of events, and how many reasons, are shown.
const maxShown = 20

func (did *Retried) print(out *ui.Printer, path string) error {
	if out.JSON {
		return out.PrintJSON(did)
	}
	w := out.Stdout
	if text := app.PrunedText(did.Pruned); text != "" {
		defer fmt.Fprintln(w, text)
	}
	if did.Bodies == 0 {
		_, err := fmt.Fprintln(w, "there is no such body in quarantine")
		return err
	}
	verb := "would be stored"
	if did.Applied {
		verb = "stored"
	}
	fmt.Fprintf(w, "%s of %s can be read now: %s %s\n", ui.Number(did.Read), ui.CountVerb(did.Bodies, "", "body", "bodies"), ui.Count(did.Events, "event"), verb)
	rows := [][]string{}
	for _, k := range did.Kinds[:min(len(did.Kinds), maxShown)] {
		note := ""
		if k.Nobody > 0 {
			note = ui.CountVerb(k.Nobody, "", "names", "name") + " no contact"
		}
		rows = append(rows, []string{"  " + k.Source, k.Event, k.Code, k.Outcome, ui.Number(k.Events), note})
	}
	ui.Table(w, rows)
	if more := len(did.Kinds) - maxShown; more > 0 {
		fmt.Fprintf(w, "  and %s of events; --json lists all\n", ui.Count(int64(more), "other kind"))
	}
	if did.Left > 0 {
		fmt.Fprintf(w, "%s in quarantine:\n", ui.CountVerb(did.Left, "", "body stays", "bodies stay"))
		rows = nil
		reasons := slices.SortedFunc(maps.Keys(did.Reasons), func(a, b string) int {
			return cmp.Or(cmp.Compare(did.Reasons[b], did.Reasons[a]), strings.Compare(a, b))
		})
		for _, why := range reasons[:min(len(reasons), maxShown)] {
			rows = append(rows, []string{"  " + ui.Number(did.Reasons[why]), why})
		}
		ui.Table(w, rows)
	}
	switch {
	case did.Read == 0:
	case !did.Applied:
		fmt.Fprintf(w, "nothing was changed; --apply stores the events, and takes these bodies out of quarantine\n")
	default:
		fmt.Fprintf(w, "the next sweep applies the rules: winnow sweep%s\n", app.ConfigFlag(path))
	}
	return nil
}
