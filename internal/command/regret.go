package command

import (
	"winnow/internal/app"
	"winnow/internal/regret"
)

// regretCommand shows how often suppressions of each rule proved right and wrong.
type regretCommand struct{}

// Help says what is counted, and what it does not show.
func (regretCommand) Help() string {
	return `Counts, for each rule of the config that suppresses, the suppressions that it opened in the last 90 days. Regretted are
those during which a message was delivered to the contact: obeying the suppression would have lost it. Right are those
during which another message failed: hard_bounce, soft_bounce, invalid_number, blocked or deactivated. Unmeasured are
those of which nothing came that says either, as of contacts that nobody texts since. SHARE is how much of
all is regretted: it is at least that.

The figures are kept as events come in, so the command is quick. What an undo or a discard struck is not counted, and what
an operator allowed is counted further: a delivery after it shows that the rule was wrong. A rule that was edited begins
anew, and what it did before is listed as former. Rules that suppress for a protected reason, such as opted_out, are left out.

winnow plan --backtest counts the same for a config that was never in force.`
}

// Run prints the figures.
func (regretCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		all, err := regret.Of(a.Store, a.Config.Policy, c.instant())
		switch {
		case err != nil:
			return err
		case c.JSON:
			return c.PrintJSON(all.Rules)
		}
		regret.Print(c.Stdout, all)
		return nil
	})
}
