package command

import (
	"fmt"

	"winnow/internal/app"
	"winnow/internal/ui"
)

// reviewCommand applies the rules that look at the time alone.
type reviewCommand struct{}

// Run reviews, and tells what it did.
func (reviewCommand) Run(c *invocation) error {
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
