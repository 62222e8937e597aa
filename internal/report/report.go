// Package report counts the events of the log by day, outcome, code, source and
// what senders attached to messages, and prints the counts as a table, as CSV or as
// JSON. The counting is done by the store.
//
// Where to change what:
//
//   - a number of a row, or which outcomes count as failed: numbers.go
//   - the table for people: text.go
//   - CSV and JSON: formats.go
//   - messages without an answer: silent.go
package report

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/app"
	"winnow/internal/console/view"
	"winnow/internal/csvlist"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/logscan"
)

// Options say what to count, as given on the command line.
type Options struct {
	Since, Until string          // a duration before now, a date in UTC or a time in RFC 3339; empty for the whole log
	By           []string        // the columns; see [logscan.ReportColumns]
	Repeats      bool            // count repeats too
	CSV, JSON    bool            // the format; neither: a table
	Profile      csvlist.Profile // of CSV
}

// Query is a report that was parsed and can be printed.
type Query struct {
	options Options
	store   logscan.ReportOptions
}

// Parse checks the options. An error names the flag that it is about.
func Parse(o Options, now hygiene.Instant) (*Query, error) {
	if o.CSV && o.JSON {
		return nil, errors.New("--csv and --json are two formats; choose one")
	}
	if err := checkColumns(o.By); err != nil {
		return nil, fmt.Errorf("--by: %w", err)
	}
	q := &Query{options: o, store: logscan.ReportOptions{By: o.By, Until: now + 1, Unique: !o.Repeats}}
	var err error
	if q.store.Since, _, err = parseTime(o.Since, now); err != nil {
		return nil, fmt.Errorf("--since: %w", err)
	}
	if o.Until != "" {
		var isDate bool
		if q.store.Until, isDate, err = parseTime(o.Until, now); err != nil {
			return nil, fmt.Errorf("--until: %w", err)
		}
		if isDate { // all of that day
			q.store.Until = q.store.Until.Add(hygiene.Day)
		}
	}
	if q.store.Until <= q.store.Since {
		return nil, fmt.Errorf("the span from %s to %s is empty; --since must be before --until", q.store.Since, q.store.Until)
	}
	return q, nil
}

// parseTime reads a time, a date in UTC, or a duration before now. An empty text is
// the start of the log.
func parseTime(text string, now hygiene.Instant) (at hygiene.Instant, isDate bool, err error) {
	if text == "" {
		return 0, false, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return hygiene.InstantOf(t), true, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return hygiene.InstantOf(t), false, nil
	}
	if d, err := instant.ParseDuration(text); err == nil {
		return max(0, now.Add(-d)), false, nil
	}
	return 0, false, fmt.Errorf("invalid time %q; write 30d, 2026-11-01 or 2026-11-01T09:00:00Z", text)
}

// checkColumns checks the columns. A name that was split at its comma gets the
// advice how to write it.
func checkColumns(by []string) error {
	err := logscan.CheckReportColumns(by)
	if err != nil && slices.ContainsFunc(by[:max(0, len(by)-1)], isUniqueArg) {
		return fmt.Errorf(`%w; a comma that is part of a name is written \,`, err)
	}
	return err
}

// isUniqueArg reports whether a column is what senders attached to messages.
func isUniqueArg(column string) bool { return !slices.Contains(logscan.ReportColumns(), column) }

// pruned is what retention deleted of what would be counted.
func (q *Query) pruned(s *store.Store) ([]view.Pruned, error) {
	kinds := []string{app.PrunedEvents}
	if slices.ContainsFunc(q.store.By, isUniqueArg) {
		kinds = append(kinds, app.PrunedBodies)
	}
	return app.Pruned(s, q.store.Since, kinds...)
}

// Print counts the events and prints the result.
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
	pruned, err := q.pruned(s)
	silent, silentErr := q.silent(s)
	if err := errors.Join(err, silentErr); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if text := app.PrunedText(pruned); text != "" {
		defer out.Warn("%s", text)
	}
	r := result{counted, o, pruned, silent}
	switch {
	case q.options.JSON:
		return r.printJSON(out.Stdout)
	case q.options.CSV:
		return r.printCSV(out.Exact(), q.options.Profile)
	}
	return r.printTable(out.Stdout)
}

// result is what was counted, and for which options.
type result struct {
	*logscan.Report
	options logscan.ReportOptions
	pruned  []view.Pruned // what retention deleted: it is not counted
	silent  *view.Silent  // nil when no review counted
}
