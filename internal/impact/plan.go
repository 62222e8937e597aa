// Package impact says what a change does to contacts before it is made, and makes
// it: a plan of a changed config with its backtest, judging everyone again,
// reclassifying stored events, undoing a range of events or a batch, and the review
// of what a breaker holds.
//
// All of them show first. What is shown is counted by the code that acts, on copies
// of the contacts.
package impact

import (
	"context"
	"fmt"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
)

// Print prints the plan.
func (p *Plan) Print(out *ui.Printer, path string) error {
	if out.JSON {
		return out.PrintJSON(p)
	}
	p.printText(out.Stdout, path)
	if p.Backtest != nil {
		fmt.Fprintln(out.Stdout)
		p.Backtest.print(out.Stdout)
	}
	return nil
}

// MakePlan compares what stands with what the config would make of it; with a
// span it also replays that much of the log.
func MakePlan(ctx context.Context, out *ui.Printer, a *app.App, span time.Duration, now hygiene.Instant) (*Plan, error) {
	base, err := readBaseline(out, a)
	if err != nil {
		return nil, err
	}
	p, err := compareAll(ctx, out, a, base, now)
	if err == nil && span > 0 {
		p.Backtest, err = runBacktest(ctx, out, a, base.policy(), span, now)
	}
	return p, err
}

// compareAll compares every contact under the baseline with what the config would
// make of it.
func compareAll(ctx context.Context, out *ui.Printer, a *app.App, base *baseline, at hygiene.Instant) (*Plan, error) {
	totals, err := a.Store.Totals()
	if err != nil {
		return nil, err
	}
	now := hygiene.Moment{At: at, Seq: totals.LastSeq}
	f := &comparison{
		planner:  hygiene.NewPlanner(a.Config.Policy, base.policy(), base.judged, now),
		now:      now.At,
		segments: compareSegmentLists(base.segments(), a.Config.Segments),
		before:   base.segments(),
		after:    a.Config.Segments,
	}
	var parts []*worker
	began := time.Now()
	show, done := out.Progress("of " + ui.Number(totals.Contacts) + " contact")
	contacts, err := a.Store.Pass(ctx, func(lists segments.Lists) store.Visitor {
		o := f.outlook(lists)
		parts = append(parts, o)
		return o.visit
	}, show)
	done()
	if err != nil {
		return nil, err
	}
	printPace(out, contacts, time.Since(began))
	all := newTally(len(f.segments))
	for _, o := range parts {
		all.add(o.tally)
	}
	return newPlan(a.Config, base, f, all, totals.Lag), nil
}

// printPace says on a terminal how long it took.
func printPace(out *ui.Printer, contacts int64, took time.Duration) {
	if ui.IsTerminal(out.Stderr) {
		fmt.Fprintf(out.Stderr, "looked at %s in %s\n", ui.Count(contacts, "contact"), took.Round(10*time.Millisecond))
	}
}

// baseline is what judged the contacts until now.
type baseline struct {
	inForce *config.Config    // nil when there is none, or it can't be read any more
	judged  []*hygiene.Policy // all that ever did; nil when one of them can't be read any more
}

// readBaseline reads the policies that the store keeps. What can't be read any
// more costs time, and is taken for a policy that agrees in nothing.
func readBaseline(out *ui.Printer, a *app.App) (*baseline, error) {
	b := &baseline{}
	var err error
	if b.inForce, err = a.InForce(); app.IsProblems(err) {
		out.Warn("the config in force can't be read by this winnow, so all rules and segments count as new")
	} else if err != nil {
		return nil, err
	}
	b.judged, err = a.Policies()
	return b, err
}

func (b *baseline) policy() *hygiene.Policy {
	if b.inForce == nil {
		return nil
	}
	return b.inForce.Policy
}

func (b *baseline) segments() []segments.Segment {
	if b.inForce == nil {
		return nil
	}
	return b.inForce.Segments
}
