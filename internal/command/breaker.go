package command

import (
	"context"
	"fmt"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/impact"
)

// breakerCommand is the review of surges whose verdicts are held.
type breakerCommand struct {
	List    breakerListCommand    `cmd:"" default:"1" help:"List the surges that tripped a breaker, and what is held."`
	Release breakerReleaseCommand `cmd:"" help:"Accept the events of a surge: the verdicts that are held take effect."`
	Discard breakerDiscardCommand `cmd:"" help:"Discard the evidence of a surge, for a fault of the provider or carrier. winnow undo reverts it."`
}

// breakerListCommand lists surges.
type breakerListCommand struct{}

// Run lists those waiting for review first, with what to do.
func (breakerListCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		show, done := c.Progress("contact")
		l, err := impact.ListTrips(c.ctx, a, c.instant(), show)
		done()
		if err != nil {
			return err
		}
		if text := l.PrunedText(); text != "" {
			c.Warn("%s", text)
		}
		if c.JSON {
			return c.PrintJSON(l.JSON())
		}
		l.Print(c.Stdout)
		return nil
	})
}

// tripReview are the arguments of a review.
type tripReview struct {
	ID   int64  `arg:"" help:"Number of the trip, as winnow breaker lists it."`
	Note string `placeholder:"TEXT" help:"Record this note with the review."`
}

// breakerReleaseCommand lets the held verdicts of a surge take effect.
type breakerReleaseCommand struct {
	tripReview `embed:""`
}

// Run releases the surge, and prints what changed.
func (x breakerReleaseCommand) Run(c *invocation) error {
	return c.reviewTrip(x.tripReview, impact.ReleaseTrip)
}

// breakerDiscardCommand invalidates the evidence of a surge.
type breakerDiscardCommand struct {
	tripReview `embed:""`
}

// Run discards the surge, and prints what changed and how to undo it.
func (x breakerDiscardCommand) Run(c *invocation) error {
	return c.reviewTrip(x.tripReview, impact.DiscardTrip)
}

func (c *invocation) reviewTrip(x tripReview, review func(context.Context, *app.Operations, int64, string, string, hygiene.Instant) (*impact.TripReview, error)) error {
	return c.open(writing(toJudge), func(a *app.App) error {
		ops, done := c.operations(a, "contact")
		reviewed, err := review(c.ctx, ops, x.ID, app.Operator(), x.Note, c.instant())
		done()
		switch {
		case err != nil:
			return err
		case c.JSON:
			return c.PrintJSON(reviewed)
		}
		_, err = fmt.Fprintln(c.Stdout, reviewed.Summary())
		return err
	})
}
