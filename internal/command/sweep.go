package command

import (
	"fmt"

	"winnow/internal/app"
	"winnow/internal/ui"
)

// sweepCommand applies the rules to new events.
type sweepCommand struct{}

// sweepResult is what sweep prints as JSON.
type sweepResult struct {
	Events    int64 `json:"events"`
	Repeats   int64 `json:"repeats"`
	Unmatched int64 `json:"unmatched"`
	Changes   int64 `json:"changes"`
	Held      int64 `json:"held,omitempty"` // events whose verdicts wait for review
	Cursor    int64 `json:"cursor"`
}

// Run sweeps, and prints what changed.
func (sweepCommand) Run(c *invocation) error {
	return c.open(toRun, func(a *app.App) error {
		ops, done := c.operations(a, "event")
		swept, err := ops.Sweep(c.ctx, c.instant())
		done()
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(sweepResult{swept.Events, swept.Repeats, swept.Unmatched, swept.Changes, swept.Held, swept.Cursor})
		}
		_, err = fmt.Fprintf(c.Stdout, "swept %s: %s, %s unmatched; %s in the ledger; through seq %s\n", ui.Count(swept.Events, "event"),
			ui.Count(swept.Repeats, "repeat"), ui.Number(swept.Unmatched), ui.Count(swept.Changes, "change"), ui.Number(swept.Cursor))
		return err
	})
}
