package command

import (
	"winnow/internal/app"
	"winnow/internal/retention"
	"winnow/store/location"
)

// retainCommand deletes from the log what the config keeps no longer.
type retainCommand struct {
	DryRun  bool `xor:"how" help:"Count what would be deleted, and delete nothing."`
	Rebuild bool `xor:"how" help:"Write the log anew afterwards, so that it gives unused room back to the disk. The daemon must be stopped."`
}

// Help says when a log needs --rebuild.
func (retainCommand) Help() string {
	return `A log that an earlier version made can't give room back to the disk: new events reuse it. --rebuild writes such a log anew,
once; from then on it can. That needs as much free disk as it says first, twice what the log will have.`
}

// Run deletes, and prints what.
func (x retainCommand) Run(c *invocation) error {
	if at, err := c.storeLocation(); err == nil && x.Rebuild && location.IsServer(at) {
		return elsewhere(at, "it reuses unused room by itself; VACUUM FULL there gives it back to the disk")
	}
	path := ""
	err := c.open(applying(toJudge, !x.DryRun), func(a *app.App) error {
		path = a.Store.Path()
		if !retention.IsOn(a.Config) {
			c.Warn("%s keeps everything: retention: {events: 400d, bodies: 90d} would delete what is older", c.config)
		}
		ops, done := c.operations(a, "event")
		r, err := retention.Run(c.ctx, ops, retention.Options{DryRun: x.DryRun}, c.instant())
		done()
		switch {
		case err != nil:
			return err
		case x.Rebuild:
			if err := retention.AnnounceRebuild(c.Stderr, a.Store); err != nil {
				return err
			}
		}
		if c.JSON {
			return c.PrintJSON(r.JSON())
		}
		r.Print(c.Stdout, x.Rebuild)
		return nil
	})
	if err != nil || !x.Rebuild {
		return err
	}
	return retention.Rebuild(c.Stderr, path)
}
