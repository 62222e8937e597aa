package impact

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
)

// RejudgeResult is what a rejudge did, or would do.
type RejudgeResult struct {
	Kind       store.BatchKind `json:"kind"`
	Batch      int64           `json:"batch,omitempty"`
	Applied    bool            `json:"applied"`
	Policy     string          `json:"policy"`
	Contacts   int64           `json:"contacts"`          // changed
	Changes    int64           `json:"changes,omitempty"` // ledger entries; known once applied
	Suppressed int64           `json:"suppressed"`
	Released   int64           `json:"released"`
	OptedOut   int64           `json:"released_opted_out"` // of the released
	Kept       int64           `json:"kept_opted_out"`     // that stay suppressed although the config would not suppress them
	Retries    int64           `json:"retries"`
	Unswept    int64           `json:"unswept"` // events that wait for the next sweep and are not in the numbers
	Rules      []plannedRule   `json:"rules"`

	named string // the protected reason that was named
	plan  *Plan
}

// RejudgeOptions say what a rejudge may do.
type RejudgeOptions struct {
	Apply  bool
	Reason string // the protected reason for which contacts are released as well; empty for none
	Note   string
}

// Rejudge judges all contacts again by the config, or shows what that would
// change. Contacts suppressed for a protected reason stay so, unless it is named.
func Rejudge(ctx context.Context, out *ui.Printer, ops *app.Operations, o RejudgeOptions, now hygiene.Instant) (*RejudgeResult, error) {
	a := &app.App{Config: ops.Config, Store: ops.Store}
	if o.Reason != "" && !a.Config.Policy.Protects(o.Reason) {
		return nil, ui.Usagef("--reason names a reason that must be named: %s", ui.OrList(a.Config.Policy.Protected()))
	}
	if !o.Apply {
		return planRejudge(ctx, out, a, o.Reason, now)
	}
	var r *RejudgeResult
	b := store.Batch{Kind: store.RejudgeBatch, By: app.Operator(), Note: o.Note, About: "policy " + a.Config.Hash}
	did, err := ops.Rejudge(ctx, o.Reason, b, now, func() (err error) {
		r, err = planRejudge(ctx, out, a, o.Reason, now)
		return err
	})
	if err != nil {
		return nil, interrupted(err, did)
	}
	r.Applied, r.Batch, r.Contacts, r.Changes = true, did.Batch, did.Contacts, did.Changes
	return r, nil
}

// interrupted adds to the error how far a batch came, if it began.
func interrupted(err error, did store.BatchResult) error {
	if did.Batch == 0 {
		return err
	}
	return fmt.Errorf("%w; batch %d stopped after %s; run the command again to finish it", err, did.Batch, ui.Count(did.Contacts, "contact"))
}

// planRejudge is a plan without what only the next review does. Rejudge does not
// run the rules of the review, so they count as unchanged.
func planRejudge(ctx context.Context, out *ui.Printer, a *app.App, named string, now hygiene.Instant) (*RejudgeResult, error) {
	known, err := readBaseline(out, a)
	if err != nil {
		return nil, err
	}
	p, err := compareContacts(ctx, out, a, &baseline{inForce: a.Config, judged: known.judged}, named, now)
	if err != nil {
		return nil, err
	}
	return &RejudgeResult{Kind: store.RejudgeBatch, Policy: a.Config.Hash, Contacts: p.atRejudge, Suppressed: p.Suppressed, Released: p.Released, OptedOut: p.OptedOut, Kept: p.Kept, named: named,
		Retries: p.Retries, Unswept: p.Unswept, Rules: p.Rules, plan: p}, nil
}

// Print prints the result, and how to apply or revert it.
func (r *RejudgeResult) Print(out *ui.Printer, path string) error {
	if out.JSON {
		return out.PrintJSON(r)
	}
	fmt.Fprintln(out.Stdout, r.summary(path))
	r.plan.printTables(out.Stdout)
	if r.Contacts > 0 {
		fmt.Fprintln(out.Stdout)
	}
	for _, note := range r.plan.keptNotes(path) {
		fmt.Fprintln(out.Stdout, note)
	}
	if r.plan.Sharing > 0 && !r.Applied {
		fmt.Fprintln(out.Stdout, r.plan.sharingNote())
	}
	if r.Unswept > 0 && !r.Applied {
		fmt.Fprintln(out.Stdout, unsweptNote(r.Unswept))
	}
	var err error
	switch {
	case r.Batch != 0:
		_, err = fmt.Fprintf(out.Stdout, "batch %d: to revert it, rejudge by the previous config; winnow policy lists the configs that judged\n", r.Batch)
	case !r.Applied && r.Contacts+r.Unswept > 0:
		_, err = fmt.Fprintf(out.Stdout, "nothing was changed; to apply this: winnow rejudge%s --apply%s\n", reasonFlag(r.named), app.ConfigFlag(path))
	}
	return err
}

func (r *RejudgeResult) summary(path string) string {
	switch {
	case r.Contacts == 0:
		return "rejudge: " + r.plan.unchanged(path)
	case r.Applied:
		return fmt.Sprintf("rejudged %s by %s: %s; %s; %s in the ledger", ui.Count(r.Contacts, "contact"), path,
			r.plan.counts("%s suppressed, %s released, %s to retry"), r.plan.segmentCounts(), ui.Count(r.Changes, "change"))
	}
	return "rejudge: " + r.plan.counts("%s to suppress, %s to release, %s to retry") + "; " + r.plan.segmentCounts()
}

// keptNotes say who stays suppressed whatever the config says, by protected reason.
func (p *Plan) keptNotes(path string) (notes []string) {
	for _, reason := range slices.Sorted(maps.Keys(p.keptFor)) {
		n := p.keptFor[reason]
		why := theyHad(n) + " opted out, and no rule says so any more"
		if reason != hygiene.OptedOut {
			why = "no rule suppresses for " + reason + " any more, which must be named"
		}
		notes = append(notes, fmt.Sprintf("%s: %s; to release them as well: winnow rejudge --reason %s --apply%s",
			ui.CountVerb(n, "contact", "stays suppressed", "stay suppressed"), why, reason, app.ConfigFlag(path)))
	}
	return notes
}

func theyHad(n int64) string {
	if n == 1 {
		return "it had"
	}
	return "they had"
}

// reasonFlag is the flags that name reasons, with a space before each; empty for none.
func reasonFlag(reasons ...string) (flags string) {
	for _, reason := range reasons {
		if reason != "" {
			flags += " --reason " + reason
		}
	}
	return flags
}

// unsweptNote says which events a preview leaves out.
func unsweptNote(unswept int64) string {
	return ui.CountVerb(unswept, "event", "is", "are") + " not swept yet and not in these numbers; --apply sweeps them first"
}
