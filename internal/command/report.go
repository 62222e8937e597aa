package command

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/store"
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
func (x reportCommand) Run(c *call) error {
	o, err := x.options(c)
	if err != nil {
		return err
	}
	return c.look(func(h *house) (err error) {
		show, done := c.progress("event")
		o.Progress = show
		counted, err := h.store.Report(c.ctx, o)
		done()
		if err != nil {
			return fmt.Errorf("report: %w", cmp.Or(c.interrupted(), err))
		}
		defer func() { err = errors.Join(err, counted.Close()) }()
		r := report{counted, o}
		switch {
		case c.json:
			return r.printJSON(c.Stdout)
		case x.CSV:
			return r.printCSV(c.Stdout)
		}
		return r.print(c.Stdout)
	})
}

func (x reportCommand) options(c *call) (o store.ReportOptions, err error) {
	if x.CSV && c.json {
		return o, &usageError{errors.New("--csv and --json are two formats: choose one")}
	}
	if err := checkBy(x.By); err != nil {
		return o, &usageError{fmt.Errorf("--by: %w", err)}
	}
	now := c.present()
	o = store.ReportOptions{By: x.By, Until: now + 1, Unique: !x.Repeats}
	if o.Since, _, err = moment(x.Since, now); err != nil {
		return o, &usageError{fmt.Errorf("--since: %w", err)}
	}
	if x.Until != "" {
		var day bool
		if o.Until, day, err = moment(x.Until, now); err != nil {
			return o, &usageError{fmt.Errorf("--until: %w", err)}
		}
		if day {
			o.Until = o.Until.Add(hygiene.Day)
		}
	}
	if o.Until <= o.Since {
		return o, &usageError{fmt.Errorf("nothing lies between %s and %s: --since must be before --until", o.Since, o.Until)}
	}
	return o, nil
}

// moment reads a time, a date in UTC, or a span before the present; empty is the
// beginning of time.
func moment(text string, now hygiene.Instant) (at hygiene.Instant, day bool, err error) {
	if text == "" {
		return 0, false, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return hygiene.InstantOf(t), true, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return hygiene.InstantOf(t), false, nil
	}
	if span, err := hygiene.ParseDuration(text); err == nil {
		return max(0, now.Add(-span)), false, nil
	}
	return 0, false, fmt.Errorf("%q is no time: write 30d, 2026-11-01 or 2026-11-01T09:00:00Z", text)
}

// checkBy checks the columns, and tells who wrote a name with a comma in it how.
func checkBy(by []string) error {
	err := store.CheckReportColumns(by)
	if err != nil && slices.ContainsFunc(by[:max(0, len(by)-1)], isAttached) {
		return fmt.Errorf(`%w; a comma that is part of a name is written \,`, err)
	}
	return err
}

// isAttached tells of a column whether it is what senders attached to messages.
func isAttached(column string) bool { return !slices.Contains(store.ReportColumns(), column) }

// report is what was counted, about to be printed.
type report struct {
	*store.Report
	asked store.ReportOptions
}

// spread are the outcomes that have a column of their own; failed are those of
// them that count against deliverability.
var (
	spread = []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.HardBounce, hygiene.SoftBounce,
		hygiene.CarrierViolation, hygiene.UnknownDelivery, hygiene.InvalidNumber, hygiene.Dropped, hygiene.SenderFault,
		hygiene.Unrecognized}
	failed = slices.Collect(hygiene.FailedOutcomes().All())
)

// number is a number of a row with its name. A percentage is of whole; of 0 it
// is none. A number that is no percentage may have a whole too: people are shown
// its share beside it.
type number struct {
	name        string
	part, whole int64
	percent     bool
}

// numbers are the numbers of a row, the last one a percentage.
func (r *report) numbers(row *store.ReportRow) []number {
	list := []number{{name: "events", part: row.Events}}
	if slices.Contains(r.asked.By, "outcome") {
		return append(list, number{"share", row.Events, row.Group, true})
	}
	other := row.Events
	for _, o := range spread {
		n := number{name: o.String(), part: row.Outcomes[o]}
		if slices.Contains(failed, o) {
			n.whole = tried(row)
		}
		list = append(list, n)
		other -= row.Outcomes[o]
	}
	return append(list, number{name: "other", part: other}, number{"deliverability", row.Outcomes[hygiene.Delivered], tried(row), true})
}

// tried is how many messages of a row were delivered or failed.
func tried(row *store.ReportRow) int64 {
	sum := row.Outcomes[hygiene.Delivered]
	for _, o := range failed {
		sum += row.Outcomes[o]
	}
	return sum
}

// all are the numbers of a row for programs, who find shares in columns of their
// own.
func (r *report) all(row *store.ReportRow) []number {
	list := r.numbers(row)
	if slices.Contains(r.asked.By, "outcome") {
		return list
	}
	for _, o := range failed {
		list = append(list, number{o.String() + "_share", row.Outcomes[o], tried(row), true})
	}
	return list
}

// names are the names of a row's cells, with these numbers.
func (r *report) names(numbers func(*store.ReportRow) []number) []string {
	names := slices.Clone(r.asked.By)
	for _, n := range numbers(&store.ReportRow{Outcomes: make([]int64, len(hygiene.OutcomeNames())+1)}) {
		names = append(names, n.name)
	}
	return names
}

// String writes the number for programs: a percentage to a hundredth, without
// the sign; nothing when there is none.
func (n number) String() string {
	switch {
	case !n.percent:
		return fmt.Sprint(n.part)
	case n.whole == 0:
		return ""
	}
	return fmt.Sprintf("%.2f", 100*float64(n.part)/float64(n.whole))
}
