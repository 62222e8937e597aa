package command

import (
	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/impact"
)

// reclassifyCommand gives stored events the outcomes that this config says.
type reclassifyCommand struct {
	Apply  bool   `help:"Do it. Without it, only show."`
	Reason string `placeholder:"opted_out" enum:",opted_out" default:"" help:"Release also who had opted out, which must be named."`
	Note   string `placeholder:"TEXT" help:"Why, for whoever asks later."`
}

// Run shows which events have another outcome by this config, or gives it to them.
func (x reclassifyCommand) Run(c *invocation) error {
	return c.open(toJudge, func(a *app.App) error {
		o := impact.ReclassifyOptions{Apply: x.Apply, ReleaseOptOuts: x.Reason == hygiene.OptedOut, Note: x.Note}
		ops, done := c.operations(a, "event")
		r, err := impact.Reclassify(c.ctx, ops, o, c.present())
		done()
		if err != nil {
			return err
		}
		return r.Print(c.Printer, c.config)
	})
}
