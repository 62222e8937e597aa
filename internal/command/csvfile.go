package command

import (
	"winnow/internal/csvlist"
	"winnow/internal/imports"
)

// delimiterFlag is the flag of a command that reads a CSV.
type delimiterFlag struct {
	Delimiter string `placeholder:"CHAR" help:"Split columns at this character, or at tab (default: the one of , ; tab and | that the header has most of)."`
}

// parse returns the separator; 0 if the flag is not set.
func (x delimiterFlag) parse() (byte, error) { return csvlist.ParseDelimiter(x.Delimiter) }

// contactFile are the arguments of a command that reads a CSV of contacts.
type contactFile struct {
	File          string `arg:"" help:"CSV file with a header; - for stdin."`
	Key           string `default:"contact" placeholder:"COLUMN" help:"Read the contact key from this column (default: contact)."`
	Rejected      string `placeholder:"FILE" help:"Write rejected lines to this file, with line number and reason."`
	delimiterFlag `embed:""`
}

// options returns what to import.
func (x *contactFile) options(c *invocation) (imports.Options, error) {
	delimiter, err := x.parse()
	return imports.Options{File: x.File, Stdin: c.process.Stdin, Rejected: x.Rejected, Delimiter: delimiter, Key: x.Key, Config: c.config, Now: c.now}, err
}
