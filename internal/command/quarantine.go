package command

import (
	"winnow/hygiene/instant"
	"winnow/internal/app"
	"winnow/internal/quarantine"
	"winnow/internal/ui"
)

// quarantineCommand shows bodies that could not be read, and reads them again.
type quarantineCommand struct {
	List  quarantineListCommand  `cmd:"" default:"withargs" help:"List the bodies that could not be read."`
	Retry quarantineRetryCommand `cmd:"" help:"Read the bodies again, as the config reads them now. Previews unless --apply."`
}

// quarantineListCommand lists bodies that could not be read.
type quarantineListCommand struct {
	Limit int `short:"n" default:"20" help:"List at most this many bodies, the latest first (default: 20)."`
}

// Run lists the bodies.
func (x quarantineListCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error { return quarantine.List(c.Printer, a.Store, x.Limit) })
}

// quarantineRetryCommand reads bodies again.
type quarantineRetryCommand struct {
	Source string `placeholder:"NAME" help:"Read only the bodies of this source."`
	Since  string `placeholder:"TIME" help:"Read only bodies received at this time or later."`
	Apply  bool   `help:"Apply the changes: the events are stored, and their bodies leave the quarantine (default: preview only)."`
}

// Help says what becomes of the bodies.
func (quarantineRetryCommand) Help() string {
	return `A body that can be read now becomes events, with the time at which it was received; those parts of it that cannot go
back into quarantine. All other bodies stay. Each body leaves the quarantine in the same moment in which its events are
stored. Events that are known already count once.`
}

// Run previews what would be stored, or stores it.
func (x quarantineRetryCommand) Run(c *invocation) error {
	o := quarantine.RetryOptions{Source: x.Source, Apply: x.Apply}
	if x.Since != "" {
		var err error
		if o.Since, err = instant.ParseTime(x.Since); err != nil {
			return ui.Usagef("--since: %w", err)
		}
	}
	return c.open(applying(toJudge, x.Apply), func(a *app.App) error { return quarantine.PrintRetry(c.ctx, c.Printer, a, o, c.config) })
}
