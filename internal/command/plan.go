package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
)

// planCommand tells what re-judging everyone would do.
type planCommand struct {
	Backtest         string `placeholder:"SPAN" help:"Also replay the events of so long, like 90d: what the rules would have done, and regret."`
	DetailedExitcode bool   `help:"Exit with 2 when there are changes."`
}

// errChanges is the error of a plan with changes, for whom that is asked.
var errChanges = errors.New("there are changes")

// Run looks at everyone, and tells who would stand otherwise. Nothing is written.
func (x planCommand) Run(c *call) error {
	span, err := x.span()
	if err != nil {
		return err
	}
	collectRarely()
	return c.open(toJudge, func(a *app.App) error {
		p, err := makePlan(c.ctx, c.Printer, a, span, c.present())
		if err != nil {
			return err
		}
		if err := p.show(c.Printer, c.config); err != nil {
			return err
		}
		if x.DetailedExitcode && p.changes() {
			return errChanges
		}
		return nil
	})
}

// passGrowth is how far the heap may grow between collections: a pass keeps
// next to nothing, and a collection under way slows all that is unpacked.
const passGrowth = 1600 // percent

func collectRarely() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(passGrowth)
	}
}

// span is how far a backtest goes back; 0 for none.
func (x planCommand) span() (time.Duration, error) {
	if x.Backtest == "" {
		return 0, nil
	}
	span, err := hygiene.ParseDuration(x.Backtest)
	if err == nil && span == 0 {
		err = fmt.Errorf("%q is no time at all: write for example 90d", x.Backtest)
	}
	if err != nil {
		return 0, ui.Usagef("--backtest: %w", err)
	}
	return span, nil
}

// show prints the plan.
func (p *plan) show(out *ui.Printer, path string) error {
	if out.JSON {
		return out.PrintJSON(p)
	}
	p.print(out.Stdout, path)
	if p.Backtest != nil {
		fmt.Fprintln(out.Stdout)
		p.Backtest.print(out.Stdout)
	}
	return nil
}

// makePlan compares what stands with what the config would make of it; with a
// span it also replays that much of the log.
func makePlan(ctx context.Context, out *ui.Printer, a *app.App, span time.Duration, now hygiene.Instant) (*plan, error) {
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
func compareAll(ctx context.Context, out *ui.Printer, a *app.App, base *baseline, at hygiene.Instant) (*plan, error) {
	totals, err := a.Store.Totals()
	if err != nil {
		return nil, err
	}
	now := hygiene.Moment{At: at, Seq: totals.LastSeq}
	f := &forecast{
		planner:  hygiene.NewPlanner(a.Config.Policy, base.policy(), base.judged, now),
		now:      now.At,
		segments: segmentsToCompare(base.segments(), a.Config.Segments),
		before:   base.segments(),
		after:    a.Config.Segments,
	}
	var parts []*outlook
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
	all := newCount(len(f.segments))
	for _, o := range parts {
		all.add(o.n)
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
