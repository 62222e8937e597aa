package command

import (
	"fmt"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/store"
)

// rejudgeCommand judges everyone again by this config.
type rejudgeCommand struct {
	Apply  bool   `help:"Do it. Without it, only show."`
	Reason string `placeholder:"opted_out" enum:",opted_out" default:"" help:"Release also who had opted out, which must be named."`
	Note   string `placeholder:"TEXT" help:"Why, for whoever asks later."`
}

// rejudged is what rejudge prints as JSON.
type rejudged struct {
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

	plan *plan
}

// Run shows what judging again changes, or does it.
func (x rejudgeCommand) Run(c *call) error {
	leaveGarbage()
	return c.with(store.OpenExisting, func(h *house) error {
		if !x.Apply {
			r, err := c.toRejudge(h)
			if err != nil {
				return err
			}
			return r.print(c)
		}
		return x.apply(c, h)
	})
}

func (x rejudgeCommand) apply(c *call, h *house) error {
	var r *rejudged
	a, done := c.act(h, "contact")
	b := store.Batch{Kind: store.RejudgeBatch, By: operator(), Note: x.Note, About: "policy " + h.config.Hash}
	did, err := a.rejudge(c.ctx, b, c.present(), func() (err error) {
		if r, err = c.toRejudge(h); err == nil {
			err = x.mayRelease(r)
		}
		return err
	})
	done()
	if err != nil {
		if did.Batch != 0 {
			err = fmt.Errorf("%w; batch %d was cut short after %s: doing it again does the rest", err, did.Batch, ui.Count(did.Contacts, "contact"))
		}
		return err
	}
	r.Applied, r.Batch, r.Contacts, r.Changes = true, did.Batch, did.Contacts, did.Changes
	return r.print(c)
}

// mayRelease refuses to lift opt-outs that were not named: a rule that is gone or
// reads otherwise is no word of those who had said no.
func (x rejudgeCommand) mayRelease(r *rejudged) error {
	if r.OptedOut == 0 || x.Reason == hygiene.OptedOut {
		return nil
	}
	return fmt.Errorf("this would release %s who had opted out, and nothing was changed: put back the rule that suppressed them, or name it with --reason %s",
		ui.Count(r.OptedOut, "contact"), hygiene.OptedOut)
}

// toRejudge is what winnow plan tells, without what only the next review does:
// judging again asks the rules of the review nothing new, so they are taken as
// asked.
func (c *call) toRejudge(h *house) (*rejudged, error) {
	known, err := c.pastOf(h)
	if err != nil {
		return nil, err
	}
	p, err := c.plan(h, &past{inForce: h.config, judged: known.judged})
	if err != nil {
		return nil, err
	}
	return &rejudged{Kind: store.RejudgeBatch, Policy: h.config.Hash, Contacts: p.atOnce, Suppressed: p.Suppressed, Released: p.Released, OptedOut: p.OptedOut,
		Retries: p.Retries, Unswept: p.Unswept, Rules: p.Rules, plan: p}, nil
}

func (r *rejudged) print(c *call) error {
	if c.JSON {
		return c.PrintJSON(r)
	}
	fmt.Fprintln(c.Stdout, r.sentence(c.config))
	for _, rows := range [][][]string{r.plan.meanings(), r.plan.ruleRows(), r.plan.segmentRows()} {
		if len(rows) > 0 {
			fmt.Fprintln(c.Stdout)
			ui.Table(c.Stdout, rows)
		}
	}
	if r.Contacts > 0 {
		fmt.Fprintln(c.Stdout)
	}
	return r.printEnd(c)
}

func (r *rejudged) sentence(path string) string {
	switch {
	case r.Contacts == 0:
		return fmt.Sprintf("rejudge: nothing changes: judged again by %s, all %s stand as they do", path, ui.Count(r.plan.Contacts, "contact"))
	case r.Applied:
		return fmt.Sprintf("rejudged: %s by %s; %s, %s in the ledger", r.plan.sentence(), path, ui.Count(r.Contacts, "contact"), ui.Count(r.Changes, "change"))
	}
	return "rejudge: " + r.plan.sentence()
}

func (r *rejudged) printEnd(c *call) error {
	if r.Unswept > 0 && !r.Applied {
		fmt.Fprintf(c.Stdout, "%s not swept yet and not in these numbers; --apply sweeps them first\n", ui.CountVerb(r.Unswept, "event", "is", "are"))
	}
	var err error
	switch {
	case r.Batch != 0:
		_, err = fmt.Fprintf(c.Stdout, "batch %d: judging again by the config of before takes it back; winnow policy lists those that judged\n", r.Batch)
	case !r.Applied && r.Contacts+r.Unswept > 0:
		_, err = fmt.Fprintf(c.Stdout, "nothing was changed; winnow rejudge --apply%s does it\n", c.withConfig())
	}
	return err
}
