package command

import (
	"winnow/internal/app"
	"winnow/internal/imports"
)

// importContactsCommand imports phones and attributes of contacts.
type importContactsCommand struct {
	contactFile `embed:""`
	Phone       string `default:"phone" placeholder:"COLUMN" help:"Read the phone number from this column (default: phone)."`
	regionFlag  `embed:""`
	Apply       bool `help:"Apply the changes (default: preview only)."`
}

// Help says how fields are read.
func (importContactsCommand) Help() string {
	return `Every column other than the contact key and phone becomes an attribute, named as in the header. Values written like
31 or -2.5 are numbers, true and false are booleans, and all others are text: 007 is text. Conditions can compare text
that is a date, written 2026-01-02, 2026-01-02T03:04:05Z, 2026-01-02 03:04 or 2.1.2026. 1/2/2026 is text, since its
month is ambiguous. The preview shows how each column is read.

An empty field clears the attribute, and leaves the phone. Attributes without a column stay as they are, and in JSON those without a
member. Invalid phone numbers are skipped; the rest of the row is imported. Importing a file again changes nothing.`
}

// Run previews the changes, or applies them.
func (x importContactsCommand) Run(c *invocation) error {
	o, err := x.options(c)
	if err != nil {
		return err
	}
	if o.Region, err = x.regionFlag.parse(); err != nil {
		return err
	}
	o.Apply, o.Phone = x.Apply, x.Phone
	collectRarely() // little of what is read stays
	return c.open(previewUnless(x.Apply), func(a *app.App) error { return imports.Contacts(c.ctx, c.Printer, a, o) })
}
