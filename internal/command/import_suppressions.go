package command

import (
	"winnow/internal/app"
	"winnow/internal/imports"
	"winnow/internal/ui"
)

// importSuppressionsCommand imports suppressions of another system.
type importSuppressionsCommand struct {
	suppressionList `embed:""`
	Apply           bool `help:"Apply the changes (default: preview only)."`
}

// suppressionList are the arguments of a command that reads a list of suppressions.
type suppressionList struct {
	contactFile `embed:""`
	From        string `placeholder:"SYSTEM" help:"Read the list as this system exports it: sendgrid, mailgun, postmark, twilio-deactivations or iys."`
	By          string `enum:",key,phone" default:"" placeholder:"WHAT" help:"Take the contacts of the file for key or phone (default: key; phone for twilio-deactivations and iys)."`
	regionFlag  `embed:""`
	Reason      string `placeholder:"R" help:"Suppress for this reason where the file gives none."`
	doubtFlags  `embed:""`
}

// Help says which columns are read, and until when a suppression lasts.
func (importSuppressionsCommand) Help() string {
	return `The columns are contact, reason and, optionally, until: a date. Without until a suppression is permanent. A cell may
hold several reasons, joined with |. An import never lifts or shortens a suppression.

Whatever is wrong beside the contact, the contact is suppressed: permanently where the end cannot be read, and as
opted_out, or the reason of --reason, where the reason cannot. Such lines are reported, and the exit status is 0. A line
whose contact cannot be read is rejected; the others are imported, and the exit status is 1.

With --by phone everyone who has one of the numbers is suppressed. The column is phone, or the one of --key; a file with
one column needs no header.

With --from the columns and reasons are those of another system: unsubscribes and what was added by people are opted_out,
spam reports complaint, bounces hard_bounce, and numbers that a carrier took back deactivated. Of IYS the rows of messages
with RET are opted_out; rows with ONAY, and of other channels, are counted and skipped. --key names another column for the
contact, and --reason one reason for all.

If at least a tenth of the keys is nearly known, that is but for case, invisible characters, blanks or leading zeros, or
as somebody's phone number, or if more than half is new, only contacts that winnow knows are suppressed. The others are
held back, with an exit status of 1, until --nearest or --new says what is meant.

Files that winnow writes can be imported too. The export of a segment like do-not-text has reasons in place of reason,
and suppressed_until, which is the end of all reasons of a contact together: opted_out is permanent whatever it says,
the others end then. Lines that scrub rejected have a reason like suppressed:hard_bounce|opted_out and no end, so these
suppressions are permanent.`
}

// Run previews the changes, or applies them.
func (x importSuppressionsCommand) Run(c *invocation) error {
	return x.read(c, x.Apply, func(a *app.App, o imports.Options) error { return imports.Suppressions(c.ctx, c.Printer, a, o) })
}

// read opens the store and passes on what to import.
func (x suppressionList) read(c *invocation, apply bool, do func(*app.App, imports.Options) error) error {
	o, err := x.options(c)
	if err != nil {
		return err
	}
	if o.Region, err = x.regionFlag.parse(); err != nil {
		return err
	}
	if err := imports.CheckFormat(x.From); err != nil {
		return err
	}
	x.doubtFlags.addTo(&o)
	o.From = x.From
	o.Apply, o.By, o.OffersPhone = apply, x.By, true
	return c.open(previewUnless(apply), func(a *app.App) error {
		o.Reason = c.readReason(a.Config, x.Reason)
		if o.Reason != "" && !app.IsName(o.Reason) {
			return ui.Usagef("--reason %s is not a reason: use lower-case letters, digits, _ and -, as in opted_out", ui.ShellQuote(x.Reason))
		}
		return do(a, o)
	})
}
