package command

import (
	"winnow/internal/app"
	"winnow/internal/impact"
)

// reclassifyCommand gives stored events the outcomes of this config.
type reclassifyCommand struct {
	Apply  bool   `help:"Apply the changes (default: preview only)."`
	Reason string `placeholder:"REASON" help:"Also release contacts for this protected reason, like opted_out; others stay suppressed."`
	Note   string `placeholder:"TEXT" help:"Record this note with the change."`
}

// Run previews or applies the new outcomes.
func (x reclassifyCommand) Run(c *invocation) error {
	return c.open(applying(toJudge, x.Apply), func(a *app.App) error {
		o := impact.ReclassifyOptions{Apply: x.Apply, Reason: c.readReason(a.Config, x.Reason), Note: x.Note}
		ops, done := c.operations(a, "event")
		r, err := impact.Reclassify(c.ctx, ops, o, c.instant())
		done()
		if err != nil {
			return err
		}
		return r.Print(c.Printer, c.config)
	})
}
