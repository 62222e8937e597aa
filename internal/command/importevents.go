package command

import (
	"winnow/internal/app"
	"winnow/internal/imports"
)

// importEventsCommand brings in an archive of callbacks.
type importEventsCommand struct {
	File     string `arg:"" help:"The file; - for stdin."`
	Rejected string `placeholder:"FILE" help:"Write the lines that were left out to this file, each with its number and why."`
}

// Run appends the archive to the log.
func (x importEventsCommand) Run(c *invocation) (err error) {
	o := imports.Options{File: x.File, Stdin: c.stdin, Rejected: x.Rejected, Config: c.config, Now: c.now}
	return imports.Events(c.ctx, c.Printer, o, func(do func(*app.App) error) error { return c.open(toRecord, do) })
}
