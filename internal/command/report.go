package command

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/store"
)

// reportCommand counts the log.
type reportCommand struct {
	Since string   `placeholder:"D" help:"Count events received since then: 30d, 2026-11-01, or a time in RFC 3339."`
	Until string   `placeholder:"D" help:"Count events received before then; of a date, all of that day. Without it, until now."`
	By    []string `default:"day,outcome" help:"Count by these: day, outcome, code, source, unique_args.NAME. Days are in UTC, of the receipt."`
	CSV   bool     `name:"csv" help:"Print CSV."`
}

// Help says what the numbers mean.
func (reportCommand) Help() string {
	return `With the outcome among the columns, share is a row's part of all events that differ in the outcome, and in the
code that led to it, alone, in percent. Without it, a row has a column for each outcome, and deliverability:
delivered of delivered and failed, in percent; failed are hard_bounce, soft_bounce, carrier_violation and
invalid_number, each with its own part of the same sum: beside the number, or in a column like hard_bounce_share.
With deliverability they make 100. unknown_delivery is neither.

Every event is counted, as it came: a provider that repeats itself is counted again, and a message that was sent
and delivered is two events. unique_args.NAME is what the sender attached to the message, like
unique_args.campaign; with dots it goes deeper. Days and dates are in UTC.`
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
	if err := checkReportColumns(x.By); err != nil {
		return o, &usageError{err}
	}
	now := c.present()
	o = store.ReportOptions{By: x.By, Until: now + 1}
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

func checkReportColumns(by []string) error {
	if len(by) == 0 {
		return fmt.Errorf("--by is empty: write some of %s, unique_args.NAME", strings.Join(store.ReportColumns(), ", "))
	}
	for i, name := range by {
		path, deeper := strings.CutPrefix(name, "unique_args.")
		switch {
		case slices.Contains(by[:i], name):
			return fmt.Errorf("--by names %s twice", name)
		case deeper && !slices.Contains(strings.Split(path, "."), ""):
		case !slices.Contains(store.ReportColumns(), name):
			return fmt.Errorf("--by %q: write some of %s, unique_args.NAME", name, strings.Join(store.ReportColumns(), ", "))
		}
	}
	return nil
}

// report is what was counted, about to be printed.
type report struct {
	*store.Report
	asked store.ReportOptions
}

// spread are the outcomes that have a column of their own; failed are those of
// them that count against deliverability.
var (
	spread = []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.HardBounce, hygiene.SoftBounce,
		hygiene.CarrierViolation, hygiene.UnknownDelivery, hygiene.InvalidNumber}
	failed = []hygiene.Outcome{hygiene.HardBounce, hygiene.SoftBounce, hygiene.CarrierViolation, hygiene.InvalidNumber}
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

// reportRows is how many rows people are shown.
const reportRows = 50

// print writes the last rows for people.
func (r *report) print(w io.Writer) error {
	total, err := r.Rows()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s%s by %s; repeats are counted, days are UTC\n", plural(r.Events, "event"), r.span(), strings.Join(r.asked.By, ", "))
	if total == 0 {
		return nil
	}
	rows := [][]string{{}}
	for _, name := range r.names(r.numbers) {
		rows[0] = append(rows[0], strings.ToUpper(strings.ReplaceAll(name, "_", " ")))
	}
	at := int64(0)
	err = r.Each(func(row *store.ReportRow) error {
		if at++; at > total-reportRows {
			rows = append(rows, r.cells(row))
		}
		return nil
	})
	table(w, withoutZeros(rows, len(r.asked.By)+1))
	if total > reportRows {
		fmt.Fprintf(w, "These are the last %d of %s rows; --csv prints them all.\n", reportRows, grouped(total))
	}
	return err
}

// withoutZeros leaves out the columns from the given one on that have nothing
// but 0: most outcomes are rare, and a screen is narrow.
func withoutZeros(rows [][]string, from int) [][]string {
	for column := len(rows[0]) - 1; column >= from; column-- {
		if slices.ContainsFunc(rows[1:], func(row []string) bool { return row[column] != "0" }) {
			continue
		}
		for i := range rows {
			rows[i] = slices.Delete(rows[i], column, column+1)
		}
	}
	return rows
}

// span says which part of the log was asked for, to the second.
func (r *report) span() string {
	until := r.asked.Until.Time().Format(time.RFC3339)
	if r.asked.Since == 0 {
		return " until " + until
	}
	return " from " + r.asked.Since.Time().Format(time.RFC3339) + " until " + until
}

func (r *report) cells(row *store.ReportRow) (cells []string) {
	for _, v := range row.Values {
		cells = append(cells, inTable(v))
	}
	for _, n := range r.numbers(row) {
		switch {
		case n.percent:
			cells = append(cells, n.bar())
		case n.part > 0 && n.whole > 0:
			cells = append(cells, fmt.Sprintf("%s (%.1f %%)", grouped(n.part), 100*float64(n.part)/float64(n.whole)))
		default:
			cells = append(cells, grouped(n.part))
		}
	}
	return cells
}

// valueWidth is how much of a value people are shown: senders may attach a book.
const valueWidth = 40

// inTable is a value in a table: - for none.
func inTable(value string) string {
	return cmp.Or(shortened(printable(value), valueWidth), "-")
}

// bar shows a percentage, a block for each five.
func (n number) bar() string {
	if n.whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%5.1f %% %s", 100*float64(n.part)/float64(n.whole), strings.Repeat("█", int((20*n.part+n.whole/2)/n.whole)))
}
