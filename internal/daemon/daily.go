package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/console"
	"winnow/internal/report"
	"winnow/store"
)

// dailyCounts counts the log by day and outcome, for whoever looks at the page. Only a
// pass over the log tells that, so it is made beside the page and not by it, and
// the time from one pass to the next follows how long one takes: a page that
// refreshes itself all day takes a hundredth of a processor, however long the log.
type dailyCounts struct {
	store *store.Store

	mu        sync.Mutex
	counting  chan struct{} // closed when the pass under way has ended; nil before the first
	notBefore time.Time     // not before then
	counted   []console.Day
	at        hygiene.Instant // when; 0 for never
	err       error
}

const (
	shownDays  = 30
	daysRest   = 100             // times as long as a pass took it is rested
	daysAgain  = 5 * time.Second // and at least this
	daysNotice = time.Second     // how long a page waits for a pass
)

// fill puts on the page what was counted last: now, when that is quickly done.
func (d *dailyCounts) fill(ctx context.Context, p *console.Page) {
	patience := time.NewTimer(daysNotice)
	defer patience.Stop()
	select {
	case <-d.begin(time.Now()):
	case <-patience.C:
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p.Days, p.DaysAt = d.counted, d.at
	if d.err != nil {
		p.Trouble = append(p.Trouble, console.Trouble{What: d.err.Error()})
	}
}

// begin starts a pass, unless one is under way or it is too early.
func (d *dailyCounts) begin(now time.Time) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.counting != nil {
		select {
		case <-d.counting:
		default:
			return d.counting
		}
		if now.Before(d.notBefore) {
			return d.counting
		}
	}
	done := make(chan struct{})
	d.counting = done
	go func() {
		defer close(done)
		// The page that asked may be gone before this is done. The store, when it is
		// closed, ends it.
		counted, err := countDays(context.Background(), d.store, hygiene.InstantOf(now))
		d.mu.Lock()
		defer d.mu.Unlock()
		d.notBefore = time.Now().Add(max(daysAgain, daysRest*time.Since(now)))
		if d.err = err; err == nil {
			d.counted, d.at = counted, hygiene.InstantOf(now)
		}
	}()
	return done
}

// countDays counts the days up to that of now, as winnow report --repeats does:
// leaving repeats out takes memory that callbacks need.
func countDays(ctx context.Context, s *store.Store, now hygiene.Instant) (list []console.Day, err error) {
	day := hygiene.Instant(hygiene.Day.Microseconds())
	first := now - now%day - (shownDays-1)*day
	for i := range hygiene.Instant(shownDays) {
		list = append(list, console.Day{Start: first + i*day, Outcomes: map[string]int64{}})
	}
	r, err := s.Report(ctx, store.ReportOptions{By: []string{"day"}, Since: first, Until: first + shownDays*day})
	if err != nil {
		return nil, fmt.Errorf("count the days: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	err = r.Each(func(row *store.ReportRow) error {
		start, err := time.Parse(time.DateOnly, row.Values[0])
		if err == nil {
			fillDay(&list[(hygiene.InstantOf(start)-first)/day], row)
		}
		return err
	})
	return list, err
}

func fillDay(d *console.Day, row *store.ReportRow) {
	for o, n := range row.Outcomes {
		if n > 0 {
			d.Outcomes[hygiene.Outcome(o).String()] = n
		}
	}
	d.Delivered = row.Outcomes[hygiene.Delivered]
	d.Tried = d.Delivered
	for _, o := range report.FailedOutcomes {
		d.Tried += row.Outcomes[o]
	}
}
