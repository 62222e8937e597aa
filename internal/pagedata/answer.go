package pagedata

import (
	"context"
	"time"

	"winnow/hygiene"
	"winnow/internal/ui"
)

// answer is the latest that a pass found, and when.
type answer[T any] struct {
	Value   T
	At      hygiene.Instant // 0 for nothing yet
	Err     error           // of the latest pass
	Running bool            // a later one runs
}

const (
	// briefWait is how long a page waits for a pass of which it can show the last one.
	briefWait = 300 * time.Millisecond
	freshFor  = 5 * time.Second
)

// ask returns the latest answer to a question: a new one, if a pass may be made and ends
// soon.
func ask[T any](ctx context.Context, p *Passes, question string, find func(context.Context) (T, error)) (a answer[T]) {
	latest, err := p.begin(question, 0, freshFor, func(ctx context.Context, _ *ui.Printer) (any, error) { return find(ctx) })
	if err != nil {
		a.Err = err
		return a
	}
	timeout := time.NewTimer(briefWait)
	defer timeout.Stop()
	select {
	case <-latest.ended:
	case <-timeout.C:
	case <-ctx.Done():
	}
	if a.Running = !latest.hasEnded(); !a.Running {
		a.Err = latest.err
	}
	if a.Running || a.Err != nil {
		p.mu.Lock()
		latest = latest.before
		p.mu.Unlock()
	}
	if latest != nil {
		a.Value, _ = latest.result.(T)
		a.At = hygiene.InstantOf(latest.at)
	}
	return a
}
