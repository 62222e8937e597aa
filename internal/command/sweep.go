package command

import (
	"fmt"

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
func (sweepCommand) Run(c *invocation) error {
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
