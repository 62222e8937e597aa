package command

import (
	"fmt"
	"slices"

	"winnow/internal/app"
	"winnow/internal/exports"
	"winnow/internal/ui"
)

// exportCommand runs an export.
type exportCommand struct {
	Name  string   `arg:"" help:"The export's name in the config."`
	Which *string  `name:"run" placeholder:"RUN" help:"Make no run: bring this one, like 2026-11-23T020000Z or latest, where it is missing."`
	To    []string `sep:"none" placeholder:"DEST" help:"With --run: bring it there; a destination of the config, or any directory. Several times for several."`
}

// Run makes the run, delivers it, and shows what there is now.
func (x exportCommand) Run(c *invocation) error {
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
			return exporter.RedeliverAndPrint(c.ctx, c.Printer, x.Name, *x.Which, x.To)
		}
		return exporter.ExportAndPrint(c.ctx, c.Printer, x.Name, c.now, done)
	})
}

// exporter makes and delivers runs, with progress for a person who looks.
func (c *invocation) exporter(a *app.App, noun string) (*exports.Exporter, func()) {
	ops, done := c.operations(a, noun)
	return &exports.Exporter{Operations: ops, OnBusy: func(holder int) {
		fmt.Fprintf(c.Stderr, "waiting for process %d, which brings runs of this export to the same server\n", holder)
	}}, done
}
