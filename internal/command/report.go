package command

import (
	"winnow/internal/app"
	"winnow/internal/report"
	"winnow/internal/ui"
)

// reportCommand counts the log.
type reportCommand struct {
	Since   string   `placeholder:"D" help:"Count events received since then: 30d, 2026-11-01, or a time in RFC 3339."`
	Until   string   `placeholder:"D" help:"Count events received before then; of a date, all of that day. Without it, until now."`
	By      []string `default:"day,outcome" help:"Count by these: day, outcome, code, source, unique_args.NAME. Days are in UTC, of the receipt."`
	Repeats bool     `help:"Count repeats too: everything, as it came."`
	CSV     bool     `name:"csv" help:"Print CSV."`
}

// Help says what the numbers mean.
func (reportCommand) Help() string {
	return `With the outcome among the columns, share is a row's part of all events that differ in the outcome, and in the
code that led to it, alone, in percent. Without it, a row has a column for each outcome, and deliverability:
delivered / (delivered + failed), in percent. Failed is whatever is known not to have reached the recipient:
hard_bounce, soft_bounce, carrier_violation, invalid_number, dropped (not sent, for the sender's own policy) and
sender_fault (not sent, for the sender's configuration). Each has its own part of the same sum: beside the number,
or in a column like hard_bounce_share; with deliverability they make 100. unknown_delivery is neither, nor is a
message of which nothing but sent is known. unrecognized may be anything: give its codes an outcome. other is all
outcomes without a column: scheduled, opened, clicked, …

An event that comes again, alike in source, message, outcome, code and contact, is a repeat and counts once, where
the span has it first: a provider that tries again and an archive that is imported twice change nothing. --repeats
counts everything, as it came. Either way events are counted: a message that was sent and delivered is two, and one
that bounced first and was delivered then counts as both. For repeats in more than a million events a temporary
file is made, of up to 32 bytes an event, in the folder that TMPDIR names or beside the store.

unique_args.NAME is what the sender attached to the message, like unique_args.campaign. Of unique_args.utm.campaign
the key "utm.campaign" is looked for first, then "campaign" within "utm". A comma within a name has a \ before it:
--by 'day,unique_args.region\,city'. --by may be given more than once. Days and dates are in UTC.`
}

// Run counts and prints.
func (x reportCommand) Run(c *invocation) error {
	r, err := report.Parse(report.Options{Since: x.Since, Until: x.Until, By: x.By, Repeats: x.Repeats, CSV: x.CSV, JSON: c.JSON}, c.present())
	if err != nil {
		return &ui.UsageError{Err: err}
	}
	return c.open(toRead, func(a *app.App) error { return r.Print(c.ctx, c.Printer, a.Store) })
}
