package command

import (
	"winnow/internal/app"
	"winnow/internal/quarantine"
)

// quarantineCommand lists bodies that could not be read.
type quarantineCommand struct {
	Limit int `short:"n" default:"20" help:"List at most this many bodies, the latest first (default: 20)."`
}

// Run lists the bodies.
func (x quarantineCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error { return quarantine.List(c.Printer, a.Store, x.Limit) })
}
