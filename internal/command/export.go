package command

import (
	"fmt"
	"slices"

	"winnow/internal/app"
	"winnow/internal/exports"
	"winnow/internal/ui"
	"winnow/store/engine"
)

// exportCommand runs an export, or redelivers an existing run.
type exportCommand struct {
	Name    string   `arg:"" help:"Name of the export in the config."`
	RunName *string  `name:"run" placeholder:"RUN" help:"Deliver this existing run, like 2026-11-23T020000Z or latest, to each destination that lacks it."`
	To      []string `sep:"none" placeholder:"DEST" help:"Deliver the run of --run only to this destination of the config, or to any directory. Repeatable."`
}

// Run makes and delivers the run, or redelivers one, and prints where it is now.
func (x exportCommand) Run(c *invocation) error {
	switch {
	case x.RunName == nil && len(x.To) > 0:
		return ui.Usagef("--to needs --run, which names the run to deliver")
	case x.RunName != nil && *x.RunName == "", slices.Contains(x.To, ""): // as from a variable that is not set
		return ui.Usagef("the value of --run or --to is empty: write --run latest, or a run like 2026-11-23T020000Z, and a destination")
	}
	return c.open(toRun, func(a *app.App) error {
		exporter, done := c.exporter(a, "contact")
		defer done()
		if x.RunName != nil {
			return exporter.RedeliverAndPrint(c.ctx, c.Printer, x.Name, *x.RunName, x.To)
		}
		return exporter.ExportAndPrint(c.ctx, c.Printer, x.Name, c.now, done)
	})
}

// exporter makes and delivers runs, with progress on a terminal.
func (c *invocation) exporter(a *app.App, noun string) (*exports.Exporter, func()) {
	ops, done := c.operations(a, noun)
	return &exports.Exporter{Operations: ops, By: app.Operator(), OnBusy: func(holder engine.Holder) {
		fmt.Fprintf(c.Stderr, "waiting for %s, which delivers runs of this export to the same server\n", app.ProcessName(holder))
	}}, done
}
