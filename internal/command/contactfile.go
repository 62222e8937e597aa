package command

import (
	"winnow/internal/imports"
)

// contactFile is a CSV file that names contacts, as an argument.
type contactFile struct {
	File      string `arg:"" help:"A CSV file with a header; - for stdin."`
	Key       string `default:"contact" placeholder:"COLUMN" help:"The column that names the contact; contact when not said."`
	Rejected  string `placeholder:"FILE" help:"Write the lines that were left out to this file, each with its number and why."`
	separated `embed:""`
}

// options are what the flags say.
func (x *contactFile) options(c *invocation) (imports.Options, error) {
	delimiter, err := x.separator()
	return imports.Options{File: x.File, Stdin: c.stdin, Rejected: x.Rejected, Delimiter: delimiter, Key: x.Key, Config: c.config, Now: c.now}, err
}
