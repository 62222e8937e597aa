package command

import (
	"fmt"

	"winnow/internal/app"
	"winnow/internal/ui"
)

// reviewCommand runs the time-based rules.
type reviewCommand struct{}

// Run reviews all contacts, and prints what changed.
func (reviewCommand) Run(c *invocation) error {
	return c.open(toRun, func(a *app.App) error {
		ops, done := c.operations(a, "contact")
		silence, doneSilence := c.Progress("event")
		ops.Silence = silence
		reviewed, err := ops.Review(c.ctx, c.instant())
		done()
		doneSilence()
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(map[string]int64{"contacts": reviewed.Contacts, "changed": reviewed.Changed, "changes": reviewed.Changes})
		}
		_, err = fmt.Fprintf(c.Stdout, "reviewed %s: %s in the ledger of %s\n", ui.Count(reviewed.Contacts, "contact"),
			ui.Count(reviewed.Changes, "change"), ui.Count(reviewed.Changed, "contact"))
		return err
	})
}
