package pagedata

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/report"
	"winnow/internal/ui"
	"winnow/store/logscan"
)

// days are the events of the last days, and what happened on them.
type days struct {
	days  []view.Day // consecutive, today last
	marks []view.Mark
}

const dayMicros = hygiene.Instant(24 * time.Hour / time.Microsecond)

// firstOf is the beginning of the earliest of so many days, of which that of now is the
// last.
func firstOf(days int, now hygiene.Instant) hygiene.Instant {
	return now - now%dayMicros - hygiene.Instant(days-1)*dayMicros
}

// AddDays adds the events of the last days to the page, and by campaign or source if that
// is asked for, as they were counted last.
func (s *Source) AddDays(ctx context.Context, q view.OverviewQuery, p *view.Overview) {
	counted := ask(ctx, &s.Passes, question{name: "days"}, func(ctx context.Context, _ *ui.Printer) (days, error) {
		return s.findDays(ctx, hygiene.InstantOf(time.Now()))
	})
	p.Days, p.Marks, p.DaysAt = counted.Value.days, counted.Value.marks, counted.At
	err := counted.Err
	if q.By != "" && err == nil {
		groups := ask(ctx, &s.Passes, question{name: fmt.Sprintf("%d days by %s", q.Days, q.By)}, func(ctx context.Context, _ *ui.Printer) (view.Groups, error) {
			return s.countGroups(ctx, q, hygiene.InstantOf(time.Now()))
		})
		if err = groups.Err; groups.At != 0 {
			groups.Value.CountedAt = groups.At
			p.Groups = &groups.Value
		}
	}
	if err != nil {
		p.Alerts = append(p.Alerts, view.Alert{Title: "The figures of the last days are old, or missing.", Why: err.Error() + "."})
	}
}

// findDays counts the last [view.ShownDays] days up to that of now, and finds what
// happened on them. It takes a pass over the log of these days.
func (s *Source) findDays(ctx context.Context, now hygiene.Instant) (d days, err error) {
	if d.days, err = s.countDays(ctx, now); err != nil {
		return days{}, fmt.Errorf("count the days: %w", err)
	}
	d.marks, err = s.marks(firstOf(view.ShownDays, now))
	return d, err
}

// countDays counts repeats, too, as winnow report --repeats does: leaving them out takes
// memory that callbacks need.
func (s *Source) countDays(ctx context.Context, now hygiene.Instant) (list []view.Day, err error) {
	first := firstOf(view.ShownDays, now)
	for i := range hygiene.Instant(view.ShownDays) {
		list = append(list, view.Day{Start: first + i*dayMicros, Counts: view.Counts{Outcomes: map[string]int64{}}})
	}
	err = s.report(ctx, "day", first, first+view.ShownDays*dayMicros, func(row *logscan.ReportRow) error {
		start, err := time.Parse(time.DateOnly, row.Values[0])
		if err == nil {
			list[(hygiene.InstantOf(start)-first)/dayMicros].Counts = countsOf(row)
		}
		return err
	})
	return list, err
}

// shownGroups is how many campaigns or sources the page shows.
const shownGroups = 12

// groupColumns are the columns of a report for [view.GroupNames].
var groupColumns = map[string]string{"campaign": "unique_args.campaign", "source": "source"}

// countGroups counts the last days by campaign or source. It takes a pass over the log of
// these days.
func (s *Source) countGroups(ctx context.Context, q view.OverviewQuery, now hygiene.Instant) (g view.Groups, err error) {
	g = view.Groups{By: q.By, Days: q.Days}
	first := firstOf(q.Days, now)
	err = s.report(ctx, groupColumns[q.By], first, now-now%dayMicros+dayMicros, func(row *logscan.ReportRow) error {
		addGroup(&g, view.Group{Name: row.Values[0], Counts: countsOf(row)})
		return nil
	})
	if err != nil {
		return g, fmt.Errorf("count by %s: %w", q.By, err)
	}
	return g, nil
}

// addGroup adds a group to those with the most messages tried, or counts it among the
// others.
func addGroup(g *view.Groups, of view.Group) {
	if of.Tried == 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(g.Rows, of.Tried, func(row view.Group, tried int64) int { return cmp.Compare(tried, row.Tried) })
	if g.Rows = slices.Insert(g.Rows, at, of); len(g.Rows) > shownGroups {
		g.Rows = g.Rows[:shownGroups]
		g.More++
	}
}

// report visits the rows of a report by one column.
func (s *Source) report(ctx context.Context, by string, since, until hygiene.Instant, visit func(*logscan.ReportRow) error) (err error) {
	r, err := s.Store.Report(ctx, logscan.ReportOptions{By: []string{by}, Since: since, Until: until})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return r.Each(visit)
}

func countsOf(row *logscan.ReportRow) view.Counts {
	c := view.Counts{Outcomes: map[string]int64{}}
	for o, n := range row.Outcomes {
		if n > 0 {
			c.Outcomes[hygiene.Outcome(o).String()] = n
		}
	}
	c.Delivered = row.Outcomes[hygiene.Delivered]
	c.Tried = c.Delivered
	for _, o := range report.FailedOutcomes {
		c.Tried += row.Outcomes[o]
	}
	return c
}
