package command

import (
	"winnow/internal/app"
	"winnow/internal/impact"
)

// rejudgeCommand applies this config to the history of all contacts.
type rejudgeCommand struct {
	Apply  bool   `help:"Apply the changes (default: preview only)."`
	Reason string `placeholder:"REASON" help:"Also release contacts for this protected reason, like opted_out (default: they stay suppressed)."`
	Note   string `placeholder:"TEXT" help:"Record this note with the change."`
}

// Run previews or applies the changes.
func (x rejudgeCommand) Run(c *invocation) error {
	collectRarely()
	return c.open(applying(toJudge, x.Apply), func(a *app.App) error {
		o := impact.RejudgeOptions{Apply: x.Apply, Reason: c.readReason(a.Config, x.Reason), Note: x.Note}
		ops, done := c.operations(a, "contact")
		r, err := impact.Rejudge(c.ctx, c.Printer, ops, o, c.instant())
		done()
		if err != nil {
			return err
		}
		return r.Print(c.Printer, c.config)
	})
}
