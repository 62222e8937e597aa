package logpull

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/store/engine"
)

// Probe asks each receiver, all at the same time, how many lines of its log are not here,
// which was pulled as far as the list says. It
// pulls nothing, so it may be asked beside a daemon, and without one. A receiver that does
// not answer has Failed.
func Probe(ctx context.Context, list []engine.Pulled, receivers []config.Receiver) []State {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	states := make([]State, len(receivers))
	var asked sync.WaitGroup
	for i, r := range receivers {
		at := Cursor(list, r.URL)
		asked.Go(func() { states[i] = probe(ctx, r, position{at.Writer, at.Through}) })
	}
	asked.Wait()
	return states
}

func probe(ctx context.Context, r config.Receiver, from position) State {
	s := State{URL: r.URL}
	c := newClient(r)
	defer c.close()
	a, err := c.ask(ctx, http.MethodHead, from)
	switch {
	case errors.Is(err, errBeyond): // the daemon reads it again
	case err != nil:
		s.Failed, s.Since = ui.Printable(err.Error()), time.Now()
	default:
		s.Lag = max(0, a.end-from.n)
		a.close()
	}
	return s
}
