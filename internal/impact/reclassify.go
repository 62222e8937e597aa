package impact

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/store"
)

// ReclassifyResult is what reclassify prints as JSON.
type ReclassifyResult struct {
	Kind     store.BatchKind `json:"kind"`
	Batch    int64           `json:"batch,omitempty"`
	Applied  bool            `json:"applied"`
	Events   int64           `json:"events"`   // whose outcome changes
	Contacts int64           `json:"contacts"` // with such events; applied, those whose history changed
	effectOfReclassifying
	Lines []reclassifiedLine `json:"lines"`
	Kept  []keptSource       `json:"sources_gone"`

	looked   int64
	pending  int64 // events whose outcome an act that was cut short left to be written
	optedOut int64 // events that would no longer opt anybody out
}

// effectOfReclassifying is what judging the contacts again changed: known once
// applied, and absent before.
type effectOfReclassifying struct {
	Changes    *int64 `json:"changes,omitempty"`    // ledger entries
	Released   *int64 `json:"released,omitempty"`   // contacts
	Suppressed *int64 `json:"suppressed,omitempty"` // contacts
}

// reclassifiedLine is one line of the tables that reads otherwise than before.
type reclassifiedLine struct {
	store.Reclassified
	From   string `json:"from"`
	To     string `json:"to"`
	Events int64  `json:"events"`
}

// keptSource is a source that is not in the config any more.
type keptSource struct {
	Source string `json:"source"`
	Events int64  `json:"events"`
}

// ReclassifyOptions say what to do.
type ReclassifyOptions struct {
	Apply          bool
	ReleaseOptOuts bool // release also who had opted out
	Note           string
}

// Reclassify finds the events that have another outcome by the config, or gives it
// to them.
func Reclassify(ctx context.Context, ops *app.Operations, o ReclassifyOptions, now hygiene.Instant) (*ReclassifyResult, error) {
	of, err := currentOutcomes(ops.Config)
	if err != nil {
		return nil, err
	}
	found, err := ops.Store.Misclassified(ctx, of, ops.Progress)
	if err != nil {
		return nil, err
	}
	found.Contacts = found.Touched
	r := newReclassified(found)
	r.optedOut = optOutsIn(ops.Config.Policy, r.Lines)
	if !o.Apply {
		return r, nil
	}
	if r.optedOut > 0 && !o.ReleaseOptOuts {
		return nil, fmt.Errorf("%s would no longer opt anybody out, and nothing was changed: mend the outcomes, or name it with --reason %s", ui.Count(r.optedOut, "event"), hygiene.OptedOut)
	}
	did, err := ops.Reclassify(ctx, of, store.Batch{By: app.Operator(), Note: o.Note, About: "outcomes of policy " + ops.Config.Hash}, now)
	if err != nil {
		if did != nil && did.Batch != 0 {
			err = fmt.Errorf("%w; batch %d was cut short: doing it again does the rest", err, did.Batch)
		}
		return nil, err
	}
	r = newReclassified(did)
	r.Applied, r.effectOfReclassifying = true, effectOfReclassifying{&did.Changes, &did.Released, &did.Silenced}
	return r, nil
}

// optOutsIn counts the events on which rules opt contacts out, and which would be
// something else.
func optOutsIn(p *hygiene.Policy, lines []reclassifiedLine) (n int64) {
	var says hygiene.Outcomes
	for i := range p.Rules {
		if r := &p.Rules[i]; r.When != nil && r.Then.Suppress != nil && r.Then.Suppress.Reason == hygiene.OptedOut {
			says |= r.When.Outcomes
		}
	}
	for _, l := range lines {
		if says.Has(l.Was) && !says.Has(l.Is) {
			n += l.Events
		}
	}
	return n
}

// currentOutcomes are the tables of the config's sources.
func currentOutcomes(cfg *config.Config) (store.Outcomes, error) {
	byName, err := app.Readers(cfg)
	if err != nil {
		return nil, err
	}
	return func(source, event, code string) (hygiene.Outcome, bool) {
		r := byName[source]
		if r == nil {
			return 0, false
		}
		return r.Outcome(event, code), true
	}, nil
}

func newReclassified(did *store.Reclassification) *ReclassifyResult {
	r := &ReclassifyResult{Kind: store.ReclassifyBatch, Batch: did.Batch, Events: did.Events, Contacts: did.Contacts,
		Lines: []reclassifiedLine{}, Kept: []keptSource{}, looked: did.Looked, pending: did.Pending}
	for _, line := range did.Sorted() {
		r.Lines = append(r.Lines, reclassifiedLine{line, line.Was.String(), line.Is.String(), did.Lines[line]})
	}
	for _, source := range slices.Sorted(maps.Keys(did.Gone)) {
		r.Kept = append(r.Kept, keptSource{source, did.Gone[source]})
	}
	return r
}

// Print shows what changes.
func (r *ReclassifyResult) Print(out *ui.Printer, path string) error {
	if out.JSON {
		return out.PrintJSON(r)
	}
	fmt.Fprintln(out.Stdout, r.sentence())
	r.printLines(out.Stdout)
	for _, k := range r.Kept {
		fmt.Fprintf(out.Stdout, "the source %s is not in %s: its %s keep their outcomes\n", k.Source, path, ui.Count(k.Events, "event"))
	}
	if r.optedOut > 0 && !r.Applied {
		fmt.Fprintf(out.Stdout, "%s would no longer opt anybody out: --apply demands --reason %s\n", ui.Count(r.optedOut, "event"), hygiene.OptedOut)
	}
	var err error
	switch {
	case r.Batch != 0:
		_, err = fmt.Fprintf(out.Stdout, "batch %d: reclassifying with the outcomes of before takes it back\n", r.Batch)
	case !r.Applied && r.Events > 0:
		_, err = fmt.Fprintf(out.Stdout, "nothing was changed; winnow reclassify --apply%s does it, and judges these contacts again\n", app.ConfigFlag(path))
	}
	return err
}

// linesShown is how many lines fit on a screen.
const linesShown = 30

func (r *ReclassifyResult) printLines(w io.Writer) {
	if len(r.Lines) == 0 {
		return
	}
	rows := [][]string{{"SOURCE", "EVENT", "CODE", "FROM", "TO", "EVENTS"}}
	most := slices.SortedStableFunc(slices.Values(r.Lines), func(a, b reclassifiedLine) int { return cmp.Compare(b.Events, a.Events) })
	for _, l := range most[:min(len(most), linesShown)] {
		rows = append(rows, []string{l.Source, fmt.Sprintf("%.40s", l.Event), fmt.Sprintf("%.20s", l.Code), l.From, l.To, ui.Number(l.Events)})
	}
	fmt.Fprintln(w)
	ui.Table(w, rows)
	if more := len(most) - linesShown; more > 0 {
		fmt.Fprintf(w, "… and %s more; --json lists all\n", ui.Count(int64(more), "line"))
	}
	fmt.Fprintln(w)
}

func (r *ReclassifyResult) sentence() string {
	switch {
	case r.Events == 0 && r.pending > 0 && r.Applied:
		return fmt.Sprintf("reclassified: %s of an act that was cut short now have their outcome in the log", ui.Count(r.pending, "event"))
	case r.Events == 0 && r.pending > 0:
		return fmt.Sprintf("reclassify: %s of an act that was cut short wait for the rest: --apply does it", ui.Count(r.pending, "event"))
	case r.Events == 0:
		return fmt.Sprintf("reclassify: nothing changes: all %s have the outcomes that the config says", ui.Count(r.looked, "event"))
	case r.Applied:
		return fmt.Sprintf("reclassified %s of %s: %s suppressed, %s released, %s in the ledger", ui.Count(r.Events, "event"), ui.Count(r.Contacts, "contact"),
			ui.Number(*r.Suppressed), ui.Number(*r.Released), ui.Count(*r.Changes, "change"))
	}
	return fmt.Sprintf("reclassify: %s of %s would have another outcome", ui.Count(r.Events, "event"), ui.Count(r.Contacts, "contact"))
}
