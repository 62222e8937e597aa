package command

import (
	"winnow/internal/csvlist"
	"winnow/internal/imports"
	"winnow/internal/ui"
)

// delimiterFlag is the flag of a command that reads a CSV.
type delimiterFlag struct {
	Delimiter string `placeholder:"CHAR" help:"Split columns at this character, or at tab (default: the one of , ; tab and | that the header has most of)."`
}

// parse returns the separator; 0 if the flag is not set.
func (x delimiterFlag) parse() (byte, error) { return csvlist.ParseDelimiter(x.Delimiter) }

// profileFlag is the flag of a command that writes a CSV for people.
type profileFlag struct {
	Profile string `placeholder:"WHO" help:"Write CSV for a crm, every cell as it is, or for a spreadsheet, with a byte order mark (default: cells that would run as formulas begin with an apostrophe)."`
}

// forWhom returns the profile. It is a usage error if no such CSV is written, but with
// the other flag.
func (x profileFlag) forWhom(written bool, flag string) (csvlist.Profile, error) {
	if x.Profile != "" && !written {
		return csvlist.Disarmed, ui.Usagef("--profile needs %s", flag)
	}
	return csvlist.ParseProfile(x.Profile)
}

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
