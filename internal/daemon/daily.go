package daemon

import (
	"context"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/pagedata"
	"winnow/store"
)

// beside counts what takes a pass over the log for the console's page. The pass runs
// beside the page and not in it. The pause between two passes is a multiple of how long
// one takes: a page that refreshes all day costs a hundredth of one processor, however
// long the log is.
type beside[T any] struct {
	count func(context.Context, hygiene.Instant) (T, error)

	mu        sync.Mutex
	running   chan struct{} // closed when the latest pass has ended; nil before the first
	notBefore time.Time     // when the next pass may start
	result    T
	at        hygiene.Instant // when it was counted; 0 for never
	err       error           // of the latest pass
}

const (
	passPause         = 100 // between passes, as a multiple of how long one took
	minPassPause      = 5 * time.Second
	maxWaitForNewPass = time.Second // how long a page waits for the passes it started
)

// latest returns the latest result, and when it was counted: a new one if a pass may start
// and is done before the context is.
func (b *beside[T]) latest(ctx context.Context, now time.Time) (result T, at hygiene.Instant, err error) {
	select {
	case <-b.start(now):
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.result, b.at, b.err
}

// start starts a pass, unless one is running or it is too early. The channel is closed
// when no pass is running.
func (b *beside[T]) start(now time.Time) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running != nil {
		select {
		case <-b.running:
		default:
			return b.running
		}
		if now.Before(b.notBefore) {
			return b.running
		}
	}
	done := make(chan struct{})
	b.running = done
	go func() {
		defer close(done)
		begun := time.Now()
		// The request that started the pass may end before it. Closing the store ends it.
		result, err := b.count(store.Gently(context.Background()), hygiene.InstantOf(now))
		b.mu.Lock()
		defer b.mu.Unlock()
		b.notBefore = time.Now().Add(max(minPassPause, passPause*time.Since(begun)))
		if b.err = err; err == nil {
			b.result, b.at = result, hygiene.InstantOf(now)
		}
	}()
	return done
}

// counts are what the page shows of the last days.
type counts struct {
	source *pagedata.Source
	days   beside[pagedata.Days]

	mu     sync.Mutex
	groups map[view.OverviewQuery]*beside[view.Groups] // as many as there are links on the page
}

func newCounts(source *pagedata.Source) *counts {
	return &counts{source: source, days: beside[pagedata.Days]{count: source.CountDays}, groups: map[view.OverviewQuery]*beside[view.Groups]{}}
}

// fill adds the latest counts to the page.
func (c *counts) fill(ctx context.Context, q view.OverviewQuery, p *view.Overview) {
	ctx, cancel := context.WithTimeout(ctx, maxWaitForNewPass)
	defer cancel()
	now := time.Now()
	days, at, err := c.days.latest(ctx, now)
	p.Days, p.Marks, p.DaysAt = days.Days, days.Marks, at
	if q.By != "" && err == nil {
		var groups view.Groups
		if groups, at, err = c.grouped(q).latest(ctx, now); at != 0 {
			groups.CountedAt = at
			p.Groups = &groups
		}
	}
	if err != nil {
		p.Alerts = append(p.Alerts, view.Alert{Title: "The figures of the last days are old, or missing.", Why: err.Error() + "."})
	}
}

func (c *counts) grouped(q view.OverviewQuery) *beside[view.Groups] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.groups[q] == nil {
		c.groups[q] = &beside[view.Groups]{count: func(ctx context.Context, now hygiene.Instant) (view.Groups, error) {
			return c.source.CountGroups(ctx, q, now)
		}}
	}
	return c.groups[q]
}
