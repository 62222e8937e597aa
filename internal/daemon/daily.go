package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/report"
	"winnow/store"
	"winnow/store/logscan"
)

// dailyCounts counts the log by day and outcome for the console's page. That takes a
// pass over the log, which runs beside the page and not in it. The pause between two
// passes is a multiple of how long one takes: a page that refreshes all day costs a
// hundredth of one processor, however long the log is.
type dailyCounts struct {
	store *store.Store

	mu        sync.Mutex
	running   chan struct{} // closed when the latest pass has ended; nil before the first
	notBefore time.Time     // when the next pass may start
	days      []view.Day
	at        hygiene.Instant // when days were counted; 0 for never
	err       error           // of the latest pass
}

const (
	shownDays         = 30
	passPause         = 100 // between passes, as a multiple of how long one took
	minPassPause      = 5 * time.Second
	maxWaitForNewPass = time.Second // how long a page waits for the pass it started
)

// fill adds the latest counts to the page: new ones if a pass may start and is done
// quickly.
func (d *dailyCounts) fill(ctx context.Context, p *view.Overview) {
	timeout := time.NewTimer(maxWaitForNewPass)
	defer timeout.Stop()
	select {
	case <-d.start(time.Now()):
	case <-timeout.C:
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p.Days, p.DaysAt = d.days, d.at
	if d.err != nil {
		p.Alerts = append(p.Alerts, view.Alert{Text: d.err.Error()})
	}
}

// start starts a pass, unless one is running or it is too early. The channel is closed
// when no pass is running.
func (d *dailyCounts) start(now time.Time) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running != nil {
		select {
		case <-d.running:
		default:
			return d.running
		}
		if now.Before(d.notBefore) {
			return d.running
		}
	}
	done := make(chan struct{})
	d.running = done
	go func() {
		defer close(done)
		// The request that started the pass may end before it. Closing the store ends it.
		days, err := countDays(context.Background(), d.store, hygiene.InstantOf(now))
		d.mu.Lock()
		defer d.mu.Unlock()
		d.notBefore = time.Now().Add(max(minPassPause, passPause*time.Since(now)))
		if d.err = err; err == nil {
			d.days, d.at = days, hygiene.InstantOf(now)
		}
	}()
	return done
}

// countDays counts the last days up to that of now, repeats included as in winnow
// report --repeats: leaving them out takes memory that callbacks need.
func countDays(ctx context.Context, s *store.Store, now hygiene.Instant) (days []view.Day, err error) {
	day := hygiene.Instant(hygiene.Day.Microseconds())
	first := now - now%day - (shownDays-1)*day
	for i := range hygiene.Instant(shownDays) {
		days = append(days, view.Day{Start: first + i*day, Outcomes: map[string]int64{}})
	}
	r, err := s.Report(ctx, logscan.ReportOptions{By: []string{"day"}, Since: first, Until: first + shownDays*day})
	if err != nil {
		return nil, fmt.Errorf("count the days: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	err = r.Each(func(row *logscan.ReportRow) error {
		start, err := time.Parse(time.DateOnly, row.Values[0])
		if err == nil {
			fillDay(&days[(hygiene.InstantOf(start)-first)/day], row)
		}
		return err
	})
	return days, err
}

func fillDay(d *view.Day, row *logscan.ReportRow) {
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
