package command

import (
	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/scrub"
	"winnow/internal/ui"
)

// scrubCommand parts a list into whom to text and whom not.
type scrubCommand struct {
	File      string `arg:"" help:"The list: CSV with a header; - for stdin."`
	Column    string `required:"" placeholder:"NAME" help:"The column with the contacts' keys or phone numbers."`
	By        string `enum:"either,key,phone" default:"either" placeholder:"WHAT" help:"What the column holds: key, phone, or either; either when not said."`
	Region    string `placeholder:"CC" help:"The country of phone numbers without a country code, like TR; contacts.region of the config when not said."`
	Rejected  string `placeholder:"FILE" help:"Write the lines that were left out there, with a column reason."`
	Output    string `short:"o" placeholder:"FILE" help:"Write the clean list there, not to stdout."`
	separated `embed:""`
}

// Help says what is kept and what is left out.
func (scrubCommand) Help() string {
	return `Kept are contacts that are active or due for a retry, and whom winnow does not know, each on its first
line; the lines are copied as they are. The others have one of these reasons:

  suppressed:REASON|REASON   do not text
  cooling                    its retry is not due yet
  invalid: WHY               the column holds no contact's key, or with --by phone no phone number
  duplicate                  the contact is kept on a line before
  unreadable: line N: WHY    not a row of this CSV; the line stands as it is in the first column

NAME is matched without regard to case. A value is looked up as the key of a contact, as your callbacks have it at
"contact". One that is a phone number is also looked up as the phone that imports and the send log gave to contacts,
whichever way it is written: with its country code, or as in the country of --region. When one of these contacts is not
to be texted the line is left out. --by phone takes phone numbers alone, all else is invalid: the safest for a list of
numbers. --by key takes keys alone. With "contacts: {key: phone}" the number is the key. How many of the kept winnow does not
know is told.

Events that wait for a sweep are not heeded. Files get their names when they are whole.`
}

// Run scrubs the list and says what became of its lines.
func (x scrubCommand) Run(c *invocation) error {
	separator, err := x.separator()
	if err != nil {
		return err
	}
	if x.Region != "" && !hygiene.KnownRegion(x.Region) {
		return ui.Usagef("--region %s: write a country with two letters, like TR", ui.ShellQuote(x.Region))
	}
	if x.Output == "-" {
		x.Output = ""
	}
	if c.JSON && x.Output == "" {
		return ui.Usagef("stdout is the clean list: with --json write it to a file, -o FILE")
	}
	o := scrub.Options{File: x.File, Stdin: c.stdin, Column: x.Column, By: x.By, Region: x.Region, Rejected: x.Rejected, Output: x.Output, Delimiter: separator, Now: c.present()}
	return scrub.File(c.ctx, c.Printer, o, func(do func(*app.App) error) error { return c.open(toRead, do) })
}
