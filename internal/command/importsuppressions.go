package command

import (
	"winnow/internal/app"
	"winnow/internal/imports"
)

// importSuppressionsCommand brings in whom not to text, as others know it.
type importSuppressionsCommand struct {
	contactFile `embed:""`
	Apply       bool `help:"Do it; without it, only what would change is shown."`
}

// Help says what is taken, and until when.
func (importSuppressionsCommand) Help() string {
	return `The columns are contact, reason and, if you like, until: a date; without one a suppression is for good. A cell
may name several reasons, joined with |. Nothing is ever lifted or made shorter.

What winnow writes is taken too. The export of a segment like do-not-text has reasons for reason, and suppressed_until,
which is of all of a contact's reasons together: opted_out is for good whatever it says, the others end then. The lines
that scrub left out have a reason like suppressed:hard_bounce|opted_out; they do not tell until when, so they are for good.`
}

// Run shows what would be suppressed, or suppresses it.
func (x importSuppressionsCommand) Run(c *invocation) error {
	o, err := x.options(c)
	if err != nil {
		return err
	}
	o.Apply = x.Apply
	return c.open(toRecord, func(a *app.App) error { return imports.Suppressions(c.ctx, c.Printer, a, o) })
}
