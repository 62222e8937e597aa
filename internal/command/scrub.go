package command

import (
	"winnow/internal/app"
	"winnow/internal/scrub"
	"winnow/internal/ui"
)

// scrubCommand removes suppressed and duplicate contacts from a list.
type scrubCommand struct {
	File        string `arg:"" help:"CSV file with a header, NDJSON or a JSON array; - for stdin."`
	Column      string `required:"" placeholder:"NAME" help:"Read contact keys or phone numbers from this column."`
	By          string `enum:"either,key,phone" default:"either" placeholder:"WHAT" help:"Take the values of the column as key, phone or either (default: either)."`
	regionFlag  `embed:""`
	Rejected    string `placeholder:"FILE" help:"Write the removed lines to this file, with a column reason."`
	profileFlag `embed:""`
	Output      string   `short:"o" placeholder:"FILE" help:"Write the clean list to this file (default: stdout)."`
	Except      []string `placeholder:"REASON" help:"Keep contacts that are suppressed for this reason alone, like marketing_opt_out in a list for messages of service."`
	textFlags   `embed:""`
}

// Help says which lines are kept.
func (scrubCommand) Help() string {
	return `Contacts that are active or due for a retry are kept, and so are those that winnow does not know, each on its first
line. Kept lines are copied unchanged. All others are removed, for one of these reasons:

  suppressed:REASON|REASON   the contact is suppressed
  cooling                    its retry is not due yet
  invalid: WHY               the column has no contact key; with --by phone, no phone number
  duplicate                  an earlier line has the same contact
  unreadable: line N: WHY    not a row of this CSV; its first column is the line itself

NAME is matched without regard to case. A value is looked up as a contact key, as callbacks have it. If it is a phone
number, it is also looked up among the phones that imports and the send log gave to contacts, however it is written:
with its country code, or as in the country of --region. The line is removed if one of these contacts must not be
texted. --by phone looks up phone numbers only, and all else is invalid: the safest for a list of numbers. --by key
looks up keys only. With "contacts: {key: phone}" the number is the key. The summary says how many of the kept
contacts winnow does not know.

A spreadsheet would run a cell like =HYPERLINK(…) as a formula: in FILE of --rejected such cells begin with an
apostrophe, which imports of winnow take off again. --profile spreadsheet adds a byte order mark, and puts the
apostrophe before phone numbers too; --profile crm writes every cell as it is.

The lists are written in the format of FILE, in UTF-8. With --by phone a file with one column needs no header.

Events that wait for a sweep are not taken into account. Output files appear when they are complete.`
}

// Run scrubs the list, and prints a summary.
func (x scrubCommand) Run(c *invocation) error {
	delimiter, err := x.delimiterFlag.parse()
	if err != nil {
		return err
	}
	if _, err := x.encodingFlag.parse(); err != nil {
		return err
	}
	profile, err := x.forWhom(x.Rejected != "", "--rejected FILE")
	if err != nil {
		return err
	}
	region, err := x.regionFlag.parse()
	if err != nil {
		return err
	}
	if x.Output == "-" {
		x.Output = ""
	}
	if c.JSON && x.Output == "" {
		return ui.Usagef("--json prints the summary to stdout: write the clean list to a file with -o FILE")
	}
	o := scrub.Options{File: x.File, Stdin: c.process.Stdin, Column: x.Column, By: x.By, Region: region, Rejected: x.Rejected, Output: x.Output, Encoding: x.Encoding, Delimiter: delimiter, Profile: profile, Except: x.Except, Now: c.instant()}
	return scrub.Run(c.ctx, c.Printer, o, func(do func(*app.App) error) error { return c.open(toRead, do) })
}
