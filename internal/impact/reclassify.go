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
	"winnow/internal/console/view"
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
	// Pruned is what retention deleted: those events keep their outcomes in the histories.
	Pruned []view.Pruned `json:"pruned,omitempty"`

	compared int64            // events
	pending  int64            // events of an interrupted batch whose outcome is not yet in the log
	optedOut map[string]int64 // by protected reason, the events that would no longer suppress for it
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
	Apply  bool
	Reason string // the protected reason of which contacts are released as well; empty for none
	Note   string
}

// Reclassify gives stored events the outcomes of the config, or shows which would
// change. It refuses to take a protected reason from an event, unless one is named; then others
// stay open.
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
	if o.Reason != "" && !ops.Config.Policy.Protects(o.Reason) {
		return nil, ui.Usagef("--reason names a reason that must be named: %s", ui.OrList(ops.Config.Policy.Protected()))
	}
	r.optedOut = countOptOuts(ops.Config.Policy, r.Lines)
	pruned, err := app.Pruned(ops.Store, 0, app.PrunedEvents)
	if err != nil {
		return nil, err
	}
	if r.Pruned = pruned; !o.Apply {
		return r, nil
	}
	if len(r.optedOut) > 0 && o.Reason == "" {
		return nil, fmt.Errorf("%s, so nothing was changed; correct the outcomes, or confirm with --reason %s", r.optOutSentence(), r.reasons()[0])
	}
	did, err := ops.Reclassify(ctx, outcomes, o.Reason, store.Batch{By: app.Operator(), Note: o.Note, About: "outcomes of policy " + ops.Config.Hash}, now)
	if err != nil {
		if did != nil && did.Batch != 0 {
			err = fmt.Errorf("%w; batch %d is incomplete; run the command again to finish it", err, did.Batch)
		}
		return nil, err
	}
	r = newReclassifyResult(did)
	r.Applied, r.Pruned, r.reclassifyEffect = true, pruned, reclassifyEffect{&did.Changes, &did.Released, &did.Suppressed}
	return r, nil
}

// countOptOuts counts, by protected reason, the events by which rules suppress for it
// now, and would not with their new outcome.
func countOptOuts(p *hygiene.Policy, lines []reclassifiedLine) map[string]int64 {
	outcomes := map[string]hygiene.Outcomes{}
	for i := range p.Rules {
		if r := &p.Rules[i]; r.When != nil && r.Then.Suppress != nil && p.Protects(r.Then.Suppress.Reason) {
			outcomes[r.Then.Suppress.Reason] |= r.When.Outcomes
		}
	}
	n := map[string]int64{}
	for reason, of := range outcomes {
		for _, l := range lines {
			if of.Has(l.Was) && !of.Has(l.Is) {
				n[reason] += l.Events
			}
		}
	}
	return n
}

// reasons are the protected reasons that events would no longer suppress for, sorted.
func (r *ReclassifyResult) reasons() []string { return slices.Sorted(maps.Keys(r.optedOut)) }

// optOutSentence says which events would no longer suppress for protected reasons.
func (r *ReclassifyResult) optOutSentence() string {
	var parts []string
	for _, reason := range r.reasons() {
		what := "suppress for " + reason
		if reason == hygiene.OptedOut {
			what = "opt contacts out"
		}
		parts = append(parts, ui.Count(r.optedOut[reason], "event")+" would no longer "+what)
	}
	return ui.AndList(parts)
}

// currentOutcomes looks up outcomes in the tables of the config's sources.
func currentOutcomes(cfg *config.Config) (store.Outcomes, error) {
	bySource, err := app.Readers(cfg, nil)
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
	if text := app.PrunedText(r.Pruned); text != "" {
		fmt.Fprintln(out.Stdout, text)
	}
	for _, s := range r.Gone {
		fmt.Fprintf(out.Stdout, "source %s is not in %s; its %s\n", s.Source, path, ui.CountVerb(s.Events, "event", "keeps its outcome", "keep their outcomes"))
	}
	if len(r.optedOut) > 0 && !r.Applied {
		fmt.Fprintf(out.Stdout, "%s; --apply requires --reason %s, and keeps what is open for other reasons\n", r.optOutSentence(), ui.OrList(r.reasons()))
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
	if len(r.optedOut) == 0 {
		return ""
	}
	return reasonFlag(r.reasons()[0])
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
