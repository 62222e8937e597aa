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

// ReclassifyResult is what reclassifying stored events did, or would do.
type ReclassifyResult struct {
	Kind     store.BatchKind `json:"kind"`
	Batch    int64           `json:"batch,omitempty"`
	Applied  bool            `json:"applied"`
	Events   int64           `json:"events"`   // whose outcome changes
	Contacts int64           `json:"contacts"` // with such events; once applied, those whose history changed
	reclassifyEffect
	Lines []reclassifiedLine `json:"lines"`
	Gone  []goneSource       `json:"sources_gone"`

	compared int64 // events
	pending  int64 // events of an interrupted batch whose outcome is not yet in the log
	optedOut int64 // events that would no longer opt a contact out
}

// reclassifyEffect is what judging the contacts again changed. It is known once
// applied, and absent before.
type reclassifyEffect struct {
	Changes    *int64 `json:"changes,omitempty"`    // ledger entries
	Released   *int64 `json:"released,omitempty"`   // contacts
	Suppressed *int64 `json:"suppressed,omitempty"` // contacts
}

// reclassifiedLine is a line of a source's table whose outcome changes.
type reclassifiedLine struct {
	store.OutcomeChange
	From   string `json:"from"`
	To     string `json:"to"`
	Events int64  `json:"events"`
}

// goneSource is a source that the config no longer has. Its events keep their
// outcomes.
type goneSource struct {
	Source string `json:"source"`
	Events int64  `json:"events"`
}

// ReclassifyOptions say what reclassify may do.
type ReclassifyOptions struct {
	Apply          bool
	ReleaseOptOuts bool // release contacts that had opted out as well
	Note           string
}

// Reclassify gives stored events the outcomes of the config, or shows which would
// change. Without ReleaseOptOuts it refuses to take an opt-out from an event.
func Reclassify(ctx context.Context, ops *app.Operations, o ReclassifyOptions, now hygiene.Instant) (*ReclassifyResult, error) {
	outcomes, err := currentOutcomes(ops.Config)
	if err != nil {
		return nil, err
	}
	found, err := ops.Store.Misclassified(ctx, outcomes, ops.Progress)
	if err != nil {
		return nil, err
	}
	found.Contacts = found.AffectedContacts
	r := newReclassifyResult(found)
	r.optedOut = countOptOuts(ops.Config.Policy, r.Lines)
	if !o.Apply {
		return r, nil
	}
	if r.optedOut > 0 && !o.ReleaseOptOuts {
		return nil, fmt.Errorf("%s would no longer opt contacts out, so nothing was changed; correct the outcomes, or confirm with --reason %s",
			ui.Count(r.optedOut, "event"), hygiene.OptedOut)
	}
	did, err := ops.Reclassify(ctx, outcomes, o.ReleaseOptOuts, store.Batch{By: app.Operator(), Note: o.Note, About: "outcomes of policy " + ops.Config.Hash}, now)
	if err != nil {
		if did != nil && did.Batch != 0 {
			err = fmt.Errorf("%w; batch %d is incomplete; run the command again to finish it", err, did.Batch)
		}
		return nil, err
	}
	r = newReclassifyResult(did)
	r.Applied, r.reclassifyEffect = true, reclassifyEffect{&did.Changes, &did.Released, &did.Suppressed}
	return r, nil
}

// countOptOuts counts the events by which rules opt contacts out now, and would
// not with their new outcome.
func countOptOuts(p *hygiene.Policy, lines []reclassifiedLine) (n int64) {
	var optOuts hygiene.Outcomes
	for i := range p.Rules {
		if r := &p.Rules[i]; r.When != nil && r.Then.Suppress != nil && hygiene.IsProtected(r.Then.Suppress.Reason) {
			optOuts |= r.When.Outcomes
		}
	}
	for _, l := range lines {
		if optOuts.Has(l.Was) && !optOuts.Has(l.Is) {
			n += l.Events
		}
	}
	return n
}

// currentOutcomes looks up outcomes in the tables of the config's sources.
func currentOutcomes(cfg *config.Config) (store.Outcomes, error) {
	bySource, err := app.Readers(cfg)
	if err != nil {
		return nil, err
	}
	return func(source, event, code string) (hygiene.Outcome, bool) {
		r := bySource[source]
		if r == nil {
			return 0, false
		}
		return r.Outcome(event, code), true
	}, nil
}

func newReclassifyResult(did *store.Reclassification) *ReclassifyResult {
	r := &ReclassifyResult{Kind: store.ReclassifyBatch, Batch: did.Batch, Events: did.Events, Contacts: did.Contacts,
		Lines: []reclassifiedLine{}, Gone: []goneSource{}, compared: did.Compared, pending: did.Pending}
	for _, line := range did.Sorted() {
		r.Lines = append(r.Lines, reclassifiedLine{line, line.Was.String(), line.Is.String(), did.Lines[line]})
	}
	for _, source := range slices.Sorted(maps.Keys(did.GoneSources)) {
		r.Gone = append(r.Gone, goneSource{source, did.GoneSources[source]})
	}
	return r
}

// Print prints the result, and how to apply or revert it.
func (r *ReclassifyResult) Print(out *ui.Printer, path string) error {
	if out.JSON {
		return out.PrintJSON(r)
	}
	fmt.Fprintln(out.Stdout, r.summary())
	r.printLines(out.Stdout)
	for _, s := range r.Gone {
		fmt.Fprintf(out.Stdout, "source %s is not in %s; its %s\n", s.Source, path, ui.CountVerb(s.Events, "event", "keeps its outcome", "keep their outcomes"))
	}
	if r.optedOut > 0 && !r.Applied {
		fmt.Fprintf(out.Stdout, "%s would no longer opt contacts out; --apply requires --reason %s\n", ui.Count(r.optedOut, "event"), hygiene.OptedOut)
	}
	var err error
	switch {
	case r.Batch != 0:
		_, err = fmt.Fprintf(out.Stdout, "batch %d: to revert it, restore the previous outcomes and run winnow reclassify --apply\n", r.Batch)
	case !r.Applied && r.Events > 0:
		_, err = fmt.Fprintf(out.Stdout, "nothing was changed; to apply this and judge these contacts again: winnow reclassify --apply%s%s\n", r.reasonFlag(), app.ConfigFlag(path))
	}
	return err
}

// reasonFlag names the reason that --apply requires, if it does.
func (r *ReclassifyResult) reasonFlag() string {
	if r.optedOut == 0 {
		return ""
	}
	return " --reason " + hygiene.OptedOut
}

// maxLines is how many lines fit on a screen.
const maxLines = 30

// printLines prints the lines with the most events first.
func (r *ReclassifyResult) printLines(w io.Writer) {
	if len(r.Lines) == 0 {
		return
	}
	rows := [][]string{{"SOURCE", "EVENT", "CODE", "FROM", "TO", "EVENTS"}}
	lines := slices.SortedStableFunc(slices.Values(r.Lines), func(a, b reclassifiedLine) int { return cmp.Compare(b.Events, a.Events) })
	for _, l := range lines[:min(len(lines), maxLines)] {
		rows = append(rows, []string{l.Source, fmt.Sprintf("%.40s", l.Event), fmt.Sprintf("%.20s", l.Code), l.From, l.To, ui.Number(l.Events)})
	}
	fmt.Fprintln(w)
	ui.Table(w, rows)
	if more := len(lines) - maxLines; more > 0 {
		fmt.Fprintf(w, "… and %s; --json lists all\n", ui.Count(int64(more), "more line"))
	}
	fmt.Fprintln(w)
}

func (r *ReclassifyResult) summary() string {
	switch {
	case r.Events == 0 && r.pending > 0 && r.Applied:
		return fmt.Sprintf("reclassified: finished an interrupted batch, %s updated in the log", ui.Count(r.pending, "event"))
	case r.Events == 0 && r.pending > 0:
		return fmt.Sprintf("reclassify: an interrupted batch has %s still to update in the log; --apply finishes it", ui.Count(r.pending, "event"))
	case r.Events == 0:
		return fmt.Sprintf("reclassify: nothing changes: all %s have the outcomes of the config", ui.Count(r.compared, "event"))
	case r.Applied:
		return fmt.Sprintf("reclassified %s of %s: %s suppressed, %s released, %s in the ledger", ui.Count(r.Events, "event"), ui.Count(r.Contacts, "contact"),
			ui.Number(*r.Suppressed), ui.Number(*r.Released), ui.Count(*r.Changes, "change"))
	}
	return fmt.Sprintf("reclassify: %s of %s would have another outcome", ui.Count(r.Events, "event"), ui.Count(r.Contacts, "contact"))
}
