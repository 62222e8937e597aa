package impact

import (
	"context"
	"fmt"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
)

// RejudgeResult is what rejudge prints as JSON.
type RejudgeResult struct {
	Kind       store.BatchKind `json:"kind"`
	Batch      int64           `json:"batch,omitempty"`
	Applied    bool            `json:"applied"`
	Policy     string          `json:"policy"`
	Contacts   int64           `json:"contacts"`          // that change
	Changes    int64           `json:"changes,omitempty"` // ledger entries; known once applied
	Suppressed int64           `json:"suppressed"`
	Released   int64           `json:"released"`
	OptedOut   int64           `json:"released_opted_out"` // of the released
	Retries    int64           `json:"retries"`
	Unswept    int64           `json:"unswept"`
	Rules      []plannedRule   `json:"rules"`

	plan *Plan
}

// RejudgeOptions say what to do.
type RejudgeOptions struct {
	Apply          bool
	ReleaseOptOuts bool // release also who had opted out
	Note           string
}

// Rejudge shows what judging everyone again by the config changes, or does it.
func Rejudge(ctx context.Context, out *ui.Printer, ops *app.Operations, a *app.App, o RejudgeOptions, now hygiene.Instant) (*RejudgeResult, error) {
	if !o.Apply {
		return planRejudge(ctx, out, a, now)
	}
	var r *RejudgeResult
	b := store.Batch{Kind: store.RejudgeBatch, By: app.Operator(), Note: o.Note, About: "policy " + a.Config.Hash}
	did, err := ops.Rejudge(ctx, b, now, func() (err error) {
		if r, err = planRejudge(ctx, out, a, now); err == nil && !o.ReleaseOptOuts {
			err = r.checkOptOuts()
		}
		return err
	})
	if err != nil {
		return nil, cutShort(err, did)
	}
	r.Applied, r.Batch, r.Contacts, r.Changes = true, did.Batch, did.Contacts, did.Changes
	return r, nil
}

// cutShort says how far a batch came that ended in an error.
func cutShort(err error, did store.Batched) error {
	if did.Batch == 0 {
		return err
	}
	return fmt.Errorf("%w; batch %d was cut short after %s: doing it again does the rest", err, did.Batch, ui.Count(did.Contacts, "contact"))
}

// checkOptOuts refuses to lift opt-outs that were not named: a rule that is gone or
// reads otherwise is no word of those who had said no.
func (r *RejudgeResult) checkOptOuts() error {
	if r.OptedOut == 0 {
		return nil
	}
	return fmt.Errorf("this would release %s who had opted out, and nothing was changed: put back the rule that suppressed them, or name it with --reason %s",
		ui.Count(r.OptedOut, "contact"), hygiene.OptedOut)
}

// planRejudge is what a plan says, without what only the next review does: judging
// again asks the time-based rules nothing new, so they are taken as asked.
func planRejudge(ctx context.Context, out *ui.Printer, a *app.App, now hygiene.Instant) (*RejudgeResult, error) {
	known, err := readBaseline(out, a)
	if err != nil {
		return nil, err
	}
	p, err := compareAll(ctx, out, a, &baseline{inForce: a.Config, judged: known.judged}, now)
	if err != nil {
		return nil, err
	}
	return &RejudgeResult{Kind: store.RejudgeBatch, Policy: a.Config.Hash, Contacts: p.atOnce, Suppressed: p.Suppressed, Released: p.Released, OptedOut: p.OptedOut,
		Retries: p.Retries, Unswept: p.Unswept, Rules: p.Rules, plan: p}, nil
}

// Print shows what changes.
func (r *RejudgeResult) Print(out *ui.Printer, path string) error {
	if out.JSON {
		return out.PrintJSON(r)
	}
	fmt.Fprintln(out.Stdout, r.sentence(path))
	for _, rows := range [][][]string{r.plan.meanings(), r.plan.ruleRows(), r.plan.segmentRows()} {
		if len(rows) > 0 {
			fmt.Fprintln(out.Stdout)
			ui.Table(out.Stdout, rows)
		}
	}
	if r.Contacts > 0 {
		fmt.Fprintln(out.Stdout)
	}
	return r.printEnd(out, path)
}

func (r *RejudgeResult) sentence(path string) string {
	switch {
	case r.Contacts == 0:
		return fmt.Sprintf("rejudge: nothing changes: judged again by %s, all %s stand as they do", path, ui.Count(r.plan.Contacts, "contact"))
	case r.Applied:
		return fmt.Sprintf("rejudged: %s by %s; %s, %s in the ledger", r.plan.sentence(), path, ui.Count(r.Contacts, "contact"), ui.Count(r.Changes, "change"))
	}
	return "rejudge: " + r.plan.sentence()
}

func (r *RejudgeResult) printEnd(out *ui.Printer, path string) error {
	if r.Unswept > 0 && !r.Applied {
		fmt.Fprintf(out.Stdout, "%s not swept yet and not in these numbers; --apply sweeps them first\n", ui.CountVerb(r.Unswept, "event", "is", "are"))
	}
	var err error
	switch {
	case r.Batch != 0:
		_, err = fmt.Fprintf(out.Stdout, "batch %d: judging again by the config of before takes it back; winnow policy lists those that judged\n", r.Batch)
	case !r.Applied && r.Contacts+r.Unswept > 0:
		_, err = fmt.Fprintf(out.Stdout, "nothing was changed; winnow rejudge --apply%s does it\n", app.ConfigFlag(path))
	}
	return err
}
