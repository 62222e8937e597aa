package simulate

import (
	"context"
	"fmt"
	"time"

	"winnow/internal/simulate/load"
	"winnow/internal/ui"
)

// Step is one rate that was tried, to find the greatest that a daemon holds.
type Step struct {
	Rate     float64 // callbacks a second that were due
	Held     bool    // all were answered, and 99 of 100 within the limit
	measured *load.Measured
}

// The search for the limit: the rate is doubled until it is not held, and then the gap to the
// last one that was held is halved so often.
const (
	firstRate = 100
	halvings  = 4
	// keptUp is the share of the callbacks that were due that have to be answered in time.
	keptUp = .98
	// rest is between two rates, so that what one left behind does not count for the next.
	rest = time.Second
)

// findLimit tries one rate after the other, and returns what was measured at the greatest that
// was held; at the first one if none was.
func (s *simulation) findLimit(ctx context.Context, w *work, show func(int64)) *load.Measured {
	var best *load.Measured
	held, broken := 0., 0.
	for rate, left := max(s.Rate, firstRate), halvings; ctx.Err() == nil; {
		step := s.try(ctx, w, rate, show)
		s.report.Steps = append(s.report.Steps, step)
		if step.Held {
			held, best = rate, step.measured
		} else {
			broken = rate
		}
		switch {
		case broken == 0:
			rate *= 2
			continue
		case left == 0:
			if best == nil {
				best = step.measured
			}
			return best
		}
		left--
		rate = (held + broken) / 2
		select {
		case <-time.After(rest):
		case <-ctx.Done():
		}
	}
	if best == nil { // it was interrupted
		best = s.report.Steps[len(s.report.Steps)-1].measured
	}
	return best
}

// try sends at a rate for the time of a step.
func (s *simulation) try(ctx context.Context, w *work, rate float64, show func(int64)) Step {
	m := s.sendAt(ctx, w, rate, show)
	within := m.Answers > 0 && m.Failures == 0 && m.Statuses[503] == 0 && m.P99 <= s.Within
	return Step{Rate: rate, Held: within && m.PerSecond() >= keptUp*rate, measured: m}
}

// printSteps prints the rates that were tried, and the greatest that was held.
func (r *Report) printSteps(p *ui.Printer) {
	if len(r.Steps) == 0 {
		return
	}
	rows := [][]string{{"DUE A SECOND", "ANSWERED", "P50", "P99", "MAX", ""}}
	best := 0.
	for _, s := range r.Steps {
		is := "not held"
		if s.Held {
			is, best = "held", max(best, s.Rate)
		}
		m := s.measured
		rows = append(rows, []string{ui.Number(int64(s.Rate)), ui.Number(int64(m.PerSecond())), short(m.P50), short(m.P99), short(m.Max), is})
	}
	fmt.Fprintln(p.Stdout)
	ui.Table(p.Stdout, rows)
	if best == 0 {
		fmt.Fprintf(p.Stdout, "\nno rate was held: at each, 99 of 100 answers took longer than %v, or some were missing\n", r.options.Within)
		return
	}
	fmt.Fprintf(p.Stdout, "\nthe limit: %s callbacks a second, of which 99 of 100 were answered within %v\n", ui.Number(int64(best)), r.options.Within)
}
