package command

import (
	"winnow/internal/app"
	"winnow/internal/report"
	"winnow/internal/ui"
)

// reportCommand counts the log.
type reportCommand struct {
	Since   string   `placeholder:"TIME" help:"Count events received since then: 30d, 2026-11-01, or a time in RFC 3339 (default: the beginning of the log)."`
	Until   string   `placeholder:"TIME" help:"Count events received before then; a date includes all of that day (default: now)."`
	By      []string `default:"day,outcome" placeholder:"COLUMN" help:"Count by these columns: day, hour, outcome, code, source, unique_args.NAME (default: day,outcome). Repeatable."`
	Repeats bool     `help:"Count repeats too."`
	CSV     bool     `name:"csv" help:"Print the result as CSV."`

	profileFlag `embed:""`
}

// Help says what the numbers mean.
func (reportCommand) Help() string {
	return `With outcome among the columns, share is the percentage of a row among all events that differ from it only in the
outcome and the code. Without outcome, a row has a column for each outcome, and deliverability: the percentage
delivered / (delivered + failed). Failed outcomes are those known not to have reached the recipient: hard_bounce,
soft_bounce, carrier_violation, invalid_number, dropped (not sent, by a policy of the sender), sender_fault (not
sent, for the sender's configuration) and blocked (by the operator, a registry or the recipient). Each has its own share of the same sum, beside the number or in a column like
hard_bounce_share; deliverability and these shares add up to 100. unknown_delivery counts as neither, and so does a
message of which nothing but sent is known. unrecognized may be anything: give its codes an outcome. other sums up
the outcomes without a column: scheduled, opened, clicked and so on.

An event with the source, message, outcome, code and contact of an earlier one is a repeat. It counts once, as of its
first receipt in the time range, so a provider that retries and an archive that is imported twice change nothing.
--repeats counts every event. Either way the report counts events, not messages: a message that was sent and delivered
is two events, and one that bounced first and was delivered later counts as both. To find repeats among more than a
million events, a temporary file of up to 32 bytes per event is written to TMPDIR or beside the store.

unique_args.NAME is what the sender attached to the message, like unique_args.campaign. For unique_args.utm.campaign
the key "utm.campaign" is looked up first, then "campaign" within "utm". Escape a comma within a name with a backslash:
--by 'day,unique_args.region\,city'. Days, hours and dates are UTC, by the time of receipt; an hour, like
2026-11-23T09:00:00Z, can be given to undo --since.

A spreadsheet would run a cell like =HYPERLINK(…) as a formula: in CSV such cells begin with an apostrophe. --profile
spreadsheet adds a byte order mark, and puts the apostrophe before phone numbers too; --profile crm writes every cell
as it is.`
}

// Run counts, and prints the report.
func (x reportCommand) Run(c *invocation) error {
	profile, err := x.forWhom(x.CSV, "--csv")
	if err != nil {
		return err
	}
	r, err := report.Parse(report.Options{Since: x.Since, Until: x.Until, By: x.By, Repeats: x.Repeats, CSV: x.CSV, Profile: profile, JSON: c.JSON}, c.instant())
	if err != nil {
		return &ui.UsageError{Err: err}
	}
	return c.open(toRead, func(a *app.App) error { return r.Print(c.ctx, c.Printer, a.Store) })
}
