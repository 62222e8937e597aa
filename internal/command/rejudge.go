package command

import (
	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/impact"
)

// rejudgeCommand judges everyone again by this config.
type rejudgeCommand struct {
	Apply  bool   `help:"Do it. Without it, only show."`
	Reason string `placeholder:"opted_out" enum:",opted_out" default:"" help:"Release also who had opted out, which must be named."`
	Note   string `placeholder:"TEXT" help:"Why, for whoever asks later."`
}

// Run shows what judging again changes, or does it.
func (x rejudgeCommand) Run(c *invocation) error {
	collectRarely()
	return c.open(toJudge, func(a *app.App) error {
		o := impact.RejudgeOptions{Apply: x.Apply, ReleaseOptOuts: x.Reason == hygiene.OptedOut, Note: x.Note}
		ops, done := c.operations(a, "contact")
		r, err := impact.Rejudge(c.ctx, c.Printer, ops, o, c.present())
		done()
		if err != nil {
			return err
		}
		return r.Print(c.Printer, c.config)
	})
}
