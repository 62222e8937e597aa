package command

import (
	"fmt"

	"winnow/internal/app"
	"winnow/internal/logpull"
	"winnow/internal/status"
	"winnow/internal/unmatched"
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
		pulled, err := a.Store.Pulled()
		if err != nil {
			return err
		}
		st.Receivers = logpull.Views(logpull.Probe(c.ctx, pulled, a.Config.Receivers))
		if c.JSON {
			return c.PrintJSON(st)
		}
		status.Print(c.Stdout, st, c.instant())
		return printNobody(c, a, st.Unmatched)
	})
}

// printNobody says for each source whose latest events name no contact that they don't.
func printNobody(c *invocation, a *app.App, n int64) error {
	if n == 0 {
		return nil
	}
	findings, err := unmatched.Diagnose(a.Config, a.Store)
	for i := range findings {
		if findings[i].None() {
			fmt.Fprintf(c.Stdout, "%s: winnow unmatched%s says what to do\n", findings[i].Sentence(), app.ConfigFlag(a.Config.Path))
		}
	}
	return err
}
