package command

import (
	"winnow/internal/app"
	"winnow/internal/status"
)

// statusCommand shows the state of the store.
type statusCommand struct{}

// Run prints the status.
func (statusCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		st, err := status.Collect(a.Config, a.Store, c.instant())
		if err != nil {
			return err
		}
		if c.past { // the log may well be ahead of a time in the past
			st.ClockBehind = 0
		}
		if c.JSON {
			return c.PrintJSON(st)
		}
		status.Print(c.Stdout, st, c.instant())
		return nil
	})
}
