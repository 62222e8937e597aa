package command

import (
	"winnow/internal/app"
	"winnow/internal/imports"
)

// importContactsCommand brings in what the CRM says of contacts.
type importContactsCommand struct {
	contactFile `embed:""`
	Apply       bool `help:"Do it; without it, only what would change is shown."`
}

// Help says what becomes of a field.
func (importContactsCommand) Help() string {
	return `Every column but the contact's key and phone is an attribute of that name, in the letters of the header. Its values
are numbers when they are written like 31 or -2.5, truth values when they are true or false, else texts: 007 is one.
Conditions compare texts that are dates, as 2026-01-02, 2026-01-02T03:04:05Z, 2026-01-02 03:04 or 2.1.2026; of 1/2/2026
nobody can tell the month. What each column was taken for is shown.

An empty field takes the attribute, or the phone, away. What the file has no column for stays as it is. A phone that is
none is left out and the rest of its line is taken. Importing a file again changes nothing.`
}

// Run shows what would change, or changes it.
func (x importContactsCommand) Run(c *invocation) error {
	o, err := x.options(c)
	if err != nil {
		return err
	}
	o.Apply = x.Apply
	return c.open(toRecord, func(a *app.App) error { return imports.Contacts(c.ctx, c.Printer, a, o) })
}
