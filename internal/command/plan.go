package command

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"winnow/hygiene"
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
	leaveGarbage()
	return c.with(store.OpenExisting, func(h *house) error {
		past, err := c.pastOf(h)
		if err != nil {
			return err
		}
		p, err := c.plan(h, past)
		if err != nil {
			return err
		}
		if span > 0 {
			if p.Backtest, err = c.backtest(h, past.policy(), span); err != nil {
				return err
			}
		}
		if err := c.showPlan(p); err != nil {
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

func leaveGarbage() {
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

func (c *call) showPlan(p *plan) error {
	if c.JSON {
		return c.PrintJSON(p)
	}
	p.print(c.Stdout, c.config)
	if p.Backtest != nil {
		fmt.Fprintln(c.Stdout)
		p.Backtest.print(c.Stdout)
	}
	return nil
}

// plan compares what stands with what this config would make of it.
func (c *call) plan(h *house, past *past) (*plan, error) {
	totals, err := h.store.Totals()
	if err != nil {
		return nil, err
	}
	now := hygiene.Moment{At: c.present(), Seq: totals.LastSeq}
	f := &forecast{
		planner:  hygiene.NewPlanner(h.config.Policy, past.policy(), past.judged, now),
		now:      now.At,
		segments: segmentsToCompare(past.segments(), h.config.Segments),
		before:   past.segments(),
		after:    h.config.Segments,
	}
	var parts []*outlook
	began := time.Now()
	show, done := c.Progress("of " + ui.Number(totals.Contacts) + " contact")
	contacts, err := h.store.Pass(c.ctx, func(lists segments.Lists) store.Visitor {
		o := f.outlook(lists)
		parts = append(parts, o)
		return o.visit
	}, show)
	done()
	if err != nil {
		return nil, err
	}
	c.tellPace(contacts, time.Since(began))
	all := newCount(len(f.segments))
	for _, o := range parts {
		all.add(o.n)
	}
	return newPlan(h.config, past, f, all, totals.Lag), nil
}

// tellPace tells a person who looks how long it took.
func (c *call) tellPace(contacts int64, took time.Duration) {
	if ui.IsTerminal(c.Stderr) {
		fmt.Fprintf(c.Stderr, "looked at %s in %s\n", ui.Count(contacts, "contact"), took.Round(10*time.Millisecond))
	}
}

// past is what judged the contacts until now.
type past struct {
	inForce *config.Config    // nil when there is none, or it can't be read any more
	judged  []*hygiene.Policy // all that ever did; nil when one of them can't be read any more
}

// pastOf reads the policies that the store keeps. What can't be read any more
// costs time, and is taken for a policy that agrees in nothing.
func (c *call) pastOf(h *house) (*past, error) {
	p := &past{}
	var err error
	if p.inForce, err = h.inForce(); isProblems(err) {
		fmt.Fprintln(c.Stderr, "winnow: the config in force can't be read by this winnow, so all rules and segments count as new")
	} else if err != nil {
		return nil, err
	}
	unreadable := false
	err = h.store.PoliciesKept(func(text string) error {
		cfg, err := config.Parse(h.config.Path, []byte(text), configOptions(false))
		if err != nil {
			unreadable = true
			return nil
		}
		p.judged = append(p.judged, cfg.Policy)
		return nil
	})
	if unreadable {
		p.judged = nil
	}
	return p, err
}

func (p *past) policy() *hygiene.Policy {
	if p.inForce == nil {
		return nil
	}
	return p.inForce.Policy
}

func (p *past) segments() []segments.Segment {
	if p.inForce == nil {
		return nil
	}
	return p.inForce.Segments
}
