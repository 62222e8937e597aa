package command

import (
	"fmt"
	"slices"

	"winnow/internal/app"
	"winnow/internal/ui"
)

// sweepCommand applies the rules to new events.
type sweepCommand struct{}

// swept is what a sweep prints as JSON.
type swept struct {
	Events    int64 `json:"events"`
	Repeats   int64 `json:"repeats"`
	Unmatched int64 `json:"unmatched"`
	Changes   int64 `json:"changes"`
	Held      int64 `json:"held,omitempty"` // events whose verdicts wait for review
	Cursor    int64 `json:"cursor"`
}

// Run sweeps, and tells what it did.
func (sweepCommand) Run(c *call) error {
	return c.open(toRun, func(a *app.App) error {
		ops, done := c.operations(a, "event")
		did, err := ops.Sweep(c.ctx, c.present())
		done()
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(swept{did.Events, did.Repeats, did.Unmatched, did.Changes, did.Held, did.Cursor})
		}
		_, err = fmt.Fprintf(c.Stdout, "swept %s: %s, %s unmatched; %s in the ledger; through seq %s\n", ui.Count(did.Events, "event"),
			ui.Count(did.Repeats, "repeat"), ui.Number(did.Unmatched), ui.Count(did.Changes, "change"), ui.Number(did.Cursor))
		return err
	})
}

// reviewCommand applies the rules that look at the time alone.
type reviewCommand struct{}

// Run reviews, and tells what it did.
func (reviewCommand) Run(c *call) error {
	return c.open(toRun, func(a *app.App) error {
		ops, done := c.operations(a, "contact")
		did, err := ops.Review(c.ctx, c.present())
		done()
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(map[string]int64{"contacts": did.Contacts, "changed": did.Changed, "changes": did.Changes})
		}
		_, err = fmt.Fprintf(c.Stdout, "reviewed %s: %s in the ledger of %s\n", ui.Count(did.Contacts, "contact"),
			ui.Count(did.Changes, "change"), ui.Count(did.Changed, "contact"))
		return err
	})
}

// exportCommand runs an export.
type exportCommand struct {
	Name  string   `arg:"" help:"The export's name in the config."`
	Which *string  `name:"run" placeholder:"RUN" help:"Make no run: bring this one, like 2026-11-23T020000Z or latest, where it is missing."`
	To    []string `sep:"none" placeholder:"DEST" help:"With --run: bring it there; a destination of the config, or any directory. Several times for several."`
}

// Run makes the run, delivers it, and shows what there is now.
func (x exportCommand) Run(c *call) error {
	switch {
	case x.Which == nil && len(x.To) > 0:
		return ui.Usagef("--to goes with --run: it says where a run that exists is brought")
	case x.Which != nil && *x.Which == "", slices.Contains(x.To, ""): // as out of a variable that is not set
		return ui.Usagef("what is given as --run or --to is empty: write --run latest, or a run like 2026-11-23T020000Z, and a destination")
	}
	return c.open(toRun, func(a *app.App) error {
		exporter, done := c.exporter(a, "contact")
		defer done()
		if x.Which != nil {
			return exporter.redeliverAndShow(c.ctx, c.Printer, x.Name, *x.Which, x.To)
		}
		return exporter.exportAndShow(c.ctx, c.Printer, x.Name, c.now, done)
	})
}

// exporter makes and delivers runs, with progress for a person who looks.
func (c *call) exporter(a *app.App, noun string) (*exporter, func()) {
	ops, done := c.operations(a, noun)
	return &exporter{Operations: ops, busy: func(holder int) {
		fmt.Fprintf(c.Stderr, "waiting for process %d, which brings runs of this export to the same server\n", holder)
	}}, done
}
