package command

import (
	"winnow/internal/app"
	"winnow/internal/status"
)

// statusCommand counts events and contacts.
type statusCommand struct{}

// Run prints the numbers.
func (statusCommand) Run(c *invocation) error {
	return c.open(toRecord, func(a *app.App) error {
		st, err := status.Of(a.Config, a.Store)
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(st)
		}
		st.Print(c.Stdout, c.present())
		return nil
	})
}
