package command

import (
	"context"
	"fmt"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/impact"
)

// breakerCommand is about surges whose verdicts wait for someone to look.
type breakerCommand struct {
	List    breakerListCommand    `cmd:"" default:"1" help:"Show the surges that breakers hold, and what waits for them."`
	Release breakerReleaseCommand `cmd:"" help:"The events are what they say: let their verdicts take effect."`
	Discard breakerDiscardCommand `cmd:"" help:"It was the provider's or the carrier's fault: strike the evidence. winnow undo takes it back."`
}

// breakerListCommand shows the surges.
type breakerListCommand struct{}

// Run lists them: those that wait first, with what to do.
func (breakerListCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		show, done := c.Progress("contact")
		l, err := impact.ListTrips(c.ctx, a, c.present(), show)
		done()
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(l.Items())
		}
		l.Print(c.Stdout)
		return nil
	})
}

// tripReview is what the review of a surge is told.
type tripReview struct {
	ID   int64  `arg:"" help:"The trip's number, see winnow breaker."`
	Note string `placeholder:"TEXT" help:"Why, for whoever asks later."`
}

// breakerReleaseCommand lets what waits take effect.
type breakerReleaseCommand struct {
	tripReview `embed:""`
}

// Run releases, and shows what that did.
func (x breakerReleaseCommand) Run(c *invocation) error {
	return c.reviewTrip(x.tripReview, impact.ReleaseTrip)
}

// breakerDiscardCommand strikes the evidence.
type breakerDiscardCommand struct {
	tripReview `embed:""`
}

// Run discards, and shows what that did and how to undo it.
func (x breakerDiscardCommand) Run(c *invocation) error {
	return c.reviewTrip(x.tripReview, impact.DiscardTrip)
}

// reviewTrip reviews a surge.
func (c *invocation) reviewTrip(x tripReview, review func(context.Context, *app.Operations, int64, string, hygiene.Instant) (*impact.TripReview, error)) error {
	return c.open(toJudge, func(a *app.App) error {
		ops, done := c.operations(a, "contact")
		did, err := review(c.ctx, ops, x.ID, x.Note, c.present())
		done()
		switch {
		case err != nil:
			return err
		case c.JSON:
			return c.PrintJSON(did)
		}
		_, err = fmt.Fprintln(c.Stdout, did.Summary())
		return err
	})
}
