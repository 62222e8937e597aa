package command

import (
	"winnow/internal/app"
	"winnow/internal/imports"
)

// importMessagesCommand brings in the send log.
type importMessagesCommand struct {
	File      string `arg:"" help:"The file; - for stdin."`
	Rejected  string `placeholder:"FILE" help:"Write the lines that were left out to this file, each with its number and why; also those of messages that another contact has."`
	separated `embed:""`
}

// Run registers whom the messages were for.
func (x importMessagesCommand) Run(c *invocation) error {
	delimiter, err := x.separator()
	if err != nil {
		return err
	}
	o := imports.Options{File: x.File, Stdin: c.stdin, Rejected: x.Rejected, Delimiter: delimiter, Config: c.config, Now: c.now}
	return imports.Messages(c.ctx, c.Printer, o, func(do func(*app.App) error) error { return c.open(toRecord, do) })
}
