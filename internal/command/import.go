package command

import (
	"winnow/internal/app"
	"winnow/internal/imports"
)

// importCommand imports files.
type importCommand struct {
	Events       importEventsCommand       `cmd:"" help:"Import an archive of callbacks: NDJSON {\"source\", \"received_at\", \"body\"}."`
	Messages     importMessagesCommand     `cmd:"" help:"Import the send log: CSV or NDJSON message_id,contact[,phone][,sent_at], or the provider's send responses."`
	Contacts     importContactsCommand     `cmd:"" help:"Import phones and attributes of contacts: CSV with a header. Previews unless --apply."`
	Suppressions importSuppressionsCommand `cmd:"" help:"Import suppressions: CSV contact,reason[,until]. Previews unless --apply."`
}

// importEventsCommand imports an archive of callbacks.
type importEventsCommand struct {
	File     string `arg:"" help:"NDJSON file; - for stdin."`
	Rejected string `placeholder:"FILE" help:"Write rejected lines to this file, with line number and reason."`
}

// Run appends the archive to the log.
func (x importEventsCommand) Run(c *invocation) (err error) {
	o := imports.Options{File: x.File, Stdin: c.process.Stdin, Rejected: x.Rejected, Config: c.config, Now: c.now}
	return imports.Events(c.ctx, c.Printer, o, func(do func(*app.App) error) error { return c.open(toRecord, do) })
}

// importMessagesCommand imports the send log.
type importMessagesCommand struct {
	File          string `arg:"" help:"CSV or NDJSON file; - for stdin."`
	Rejected      string `placeholder:"FILE" help:"Write rejected lines to this file, with line number and reason, and lines of messages that another contact has."`
	delimiterFlag `embed:""`
}

// Run registers the contacts of the messages.
func (x importMessagesCommand) Run(c *invocation) error {
	delimiter, err := x.parse()
	if err != nil {
		return err
	}
	o := imports.Options{File: x.File, Stdin: c.process.Stdin, Rejected: x.Rejected, Delimiter: delimiter, Config: c.config, Now: c.now}
	return imports.Messages(c.ctx, c.Printer, o, func(do func(*app.App) error) error { return c.open(toRecord, do) })
}

// importContactsCommand imports phones and attributes of contacts.
type importContactsCommand struct {
	contactFile `embed:""`
	Apply       bool `help:"Apply the changes (default: preview only)."`
}

// Help says how fields are read.
func (importContactsCommand) Help() string {
	return `Every column other than the contact key and phone becomes an attribute, named as in the header. Values written like
31 or -2.5 are numbers, true and false are booleans, and all others are text: 007 is text. Conditions can compare text
that is a date, written 2026-01-02, 2026-01-02T03:04:05Z, 2026-01-02 03:04 or 2.1.2026. 1/2/2026 is text, since its
month is ambiguous. The preview shows how each column is read.

An empty field clears the attribute or phone. Attributes without a column stay as they are. Invalid phone numbers are
skipped; the rest of the row is imported. Importing a file again changes nothing.`
}

// Run previews the changes, or applies them.
func (x importContactsCommand) Run(c *invocation) error {
	o, err := x.options(c)
	if err != nil {
		return err
	}
	o.Apply = x.Apply
	return c.open(previewUnless(x.Apply), func(a *app.App) error { return imports.Contacts(c.ctx, c.Printer, a, o) })
}

// importSuppressionsCommand imports suppressions of another system.
type importSuppressionsCommand struct {
	contactFile `embed:""`
	Apply       bool `help:"Apply the changes (default: preview only)."`
}

// Help says which columns are read, and until when a suppression lasts.
func (importSuppressionsCommand) Help() string {
	return `The columns are contact, reason and, optionally, until: a date. Without until a suppression is permanent. A cell may
hold several reasons, joined with |. An import never lifts or shortens a suppression.

Files that winnow writes can be imported too. The export of a segment like do-not-text has reasons in place of reason,
and suppressed_until, which is the end of all reasons of a contact together: opted_out is permanent whatever it says,
the others end then. Lines that scrub rejected have a reason like suppressed:hard_bounce|opted_out and no end, so these
suppressions are permanent.`
}

// Run previews the changes, or applies them.
func (x importSuppressionsCommand) Run(c *invocation) error {
	o, err := x.options(c)
	if err != nil {
		return err
	}
	o.Apply = x.Apply
	return c.open(previewUnless(x.Apply), func(a *app.App) error { return imports.Suppressions(c.ctx, c.Printer, a, o) })
}

// previewUnless is how a file is imported: it is only previewed unless it is applied.
func previewUnless(apply bool) app.Options {
	if apply {
		return toRecord
	}
	return toPreview
}
