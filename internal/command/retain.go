package command

import (
	"winnow/internal/app"
	"winnow/internal/retention"
)

// retainCommand deletes from the log what the config keeps no longer.
type retainCommand struct {
	DryRun bool `help:"Count what would be deleted, and delete nothing."`
}

// Run deletes, and prints what.
func (x retainCommand) Run(c *invocation) error {
	return c.open(applying(toJudge, !x.DryRun), func(a *app.App) error {
		if !retention.IsOn(a.Config) {
			c.Warn("%s keeps everything: retention: {events: 400d, bodies: 90d} would delete what is older", c.config)
		}
		ops, done := c.operations(a, "event")
		r, err := retention.Run(c.ctx, ops, retention.Options{DryRun: x.DryRun}, c.instant())
		done()
		switch {
		case err != nil:
			return err
		case c.JSON:
			return c.PrintJSON(r.JSON())
		}
		r.Print(c.Stdout)
		return nil
	})
}
