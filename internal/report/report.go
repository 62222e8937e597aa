// Package report counts the log's events by day, outcome, code, source and what
// senders attached, and prints the counts for people, as CSV and as JSON.
//
// A number of a row is a cell; its column is added in rows.cells.
package report

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/store"
)

// Options say what to count, as it is written.
type Options struct {
	Since, Until string   // a span before now, a date or a time; empty for no bound, and for now
	By           []string // columns
	Repeats      bool     // count repeats too
	CSV, JSON    bool     // how to print; neither: for people
}

// Query is a report that was asked for and is well formed.
type Query struct {
	options Options
	store   store.ReportOptions
}

// Parse reads the options.
func Parse(o Options, now hygiene.Instant) (*Query, error) {
	if o.CSV && o.JSON {
		return nil, errors.New("--csv and --json are two formats: choose one")
	}
	if err := checkBy(o.By); err != nil {
		return nil, fmt.Errorf("--by: %w", err)
	}
	q := &Query{options: o, store: store.ReportOptions{By: o.By, Until: now + 1, Unique: !o.Repeats}}
	var err error
	if q.store.Since, _, err = moment(o.Since, now); err != nil {
		return nil, fmt.Errorf("--since: %w", err)
	}
	if o.Until != "" {
		var day bool
		if q.store.Until, day, err = moment(o.Until, now); err != nil {
			return nil, fmt.Errorf("--until: %w", err)
		}
		if day {
			q.store.Until = q.store.Until.Add(hygiene.Day)
		}
	}
	if q.store.Until <= q.store.Since {
		return nil, fmt.Errorf("nothing lies between %s and %s: --since must be before --until", q.store.Since, q.store.Until)
	}
	return q, nil
}

// Print counts, and prints what was counted.
func (q *Query) Print(ctx context.Context, out *ui.Printer, s *store.Store) (err error) {
	show, done := out.Progress("event")
	o := q.store
	o.Progress = show
	counted, err := s.Report(ctx, o)
	done()
	if err != nil {
		if ctx.Err() != nil {
			err = ui.ErrInterrupted
		}
		return fmt.Errorf("report: %w", err)
	}
	defer func() { err = errors.Join(err, counted.Close()) }()
	r := rows{counted, o}
	switch {
	case q.options.JSON:
		return r.printJSON(out.Stdout)
	case q.options.CSV:
		return r.printCSV(out.Stdout)
	}
	return r.print(out.Stdout)
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

// rows is what was counted, about to be printed.
type rows struct {
	*store.Report
	asked store.ReportOptions
}

// ownColumns are the outcomes that have a column of their own; failed are those of
// them that count against deliverability.
var (
	ownColumns = []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.HardBounce, hygiene.SoftBounce,
		hygiene.CarrierViolation, hygiene.UnknownDelivery, hygiene.InvalidNumber, hygiene.Dropped, hygiene.SenderFault,
		hygiene.Unrecognized}
	FailedOutcomes = []hygiene.Outcome{hygiene.HardBounce, hygiene.SoftBounce, hygiene.CarrierViolation, hygiene.InvalidNumber,
		hygiene.Dropped, hygiene.SenderFault}
)

// cell is a number of a row with its name. A percentage is of whole; of 0 it
// is none. A number that is no percentage may have a whole too: people are shown
// its share beside it.
type cell struct {
	name        string
	part, whole int64
	percent     bool
}

// numbers are the numbers of a row, the last one a percentage.
func (r *rows) numbers(row *store.ReportRow) []cell {
	list := []cell{{name: "events", part: row.Events}}
	if slices.Contains(r.asked.By, "outcome") {
		return append(list, cell{"share", row.Events, row.Group, true})
	}
	other := row.Events
	for _, o := range ownColumns {
		n := cell{name: o.String(), part: row.Outcomes[o]}
		if slices.Contains(FailedOutcomes, o) {
			n.whole = tried(row)
		}
		list = append(list, n)
		other -= row.Outcomes[o]
	}
	return append(list, cell{name: "other", part: other}, cell{"deliverability", row.Outcomes[hygiene.Delivered], tried(row), true})
}

// tried is how many messages of a row were delivered or failed.
func tried(row *store.ReportRow) int64 {
	sum := row.Outcomes[hygiene.Delivered]
	for _, o := range FailedOutcomes {
		sum += row.Outcomes[o]
	}
	return sum
}

// all are the numbers of a row for programs, who find shares in columns of their
// own.
func (r *rows) all(row *store.ReportRow) []cell {
	list := r.numbers(row)
	if slices.Contains(r.asked.By, "outcome") {
		return list
	}
	for _, o := range FailedOutcomes {
		list = append(list, cell{o.String() + "_share", row.Outcomes[o], tried(row), true})
	}
	return list
}

// names are the names of a row's cells, with these numbers.
func (r *rows) names(numbers func(*store.ReportRow) []cell) []string {
	names := slices.Clone(r.asked.By)
	for _, n := range numbers(&store.ReportRow{Outcomes: make([]int64, len(hygiene.OutcomeNames())+1)}) {
		names = append(names, n.name)
	}
	return names
}

// String writes the number for programs: a percentage to a hundredth, without
// the sign; nothing when there is none.
func (n cell) String() string {
	switch {
	case !n.percent:
		return fmt.Sprint(n.part)
	case n.whole == 0:
		return ""
	}
	return fmt.Sprintf("%.2f", 100*float64(n.part)/float64(n.whole))
}
