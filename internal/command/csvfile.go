package command

import (
	"winnow/hygiene/contactkey"
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

// encodingFlag is the flag of a command that reads a list.
type encodingFlag struct {
	Encoding string `placeholder:"NAME" help:"Read the file in this encoding, like windows-1254 (default: UTF-8; UTF-16 is recognized)."`
}

// parse returns the name of the encoding; empty if the flag is not set.
func (x encodingFlag) parse() (string, error) { return x.Encoding, csvlist.CheckEncoding(x.Encoding) }

// textFlags are the flags of a command that reads a list.
type textFlags struct {
	delimiterFlag `embed:""`
	encodingFlag  `embed:""`
}

// addTo adds the flags to what is imported.
func (x textFlags) addTo(o *imports.Options) (err error) {
	if o.Delimiter, err = x.delimiterFlag.parse(); err == nil {
		o.Encoding, err = x.encodingFlag.parse()
	}
	return err
}

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

// contactFile are the arguments of a command that reads a list of contacts.
type contactFile struct {
	File      string `arg:"" help:"CSV file with a header, NDJSON or a JSON array; - for stdin."`
	Key       string `placeholder:"COLUMN" help:"Read the contact key from this column (default: contact)."`
	Rejected  string `placeholder:"FILE" help:"Write rejected lines to this file, with line number and reason."`
	textFlags `embed:""`
}

// doubtFlags are the flags of a command that holds back keys which are probably written
// otherwise than those of the contacts.
type doubtFlags struct {
	New     bool `help:"Take keys that no contact has as they are written."`
	Nearest bool `help:"Take keys that are nearly known for the contacts that they nearly are."`
}

// addTo adds the flags to what is imported.
func (x doubtFlags) addTo(o *imports.Options) { o.New, o.Nearest = x.New, x.Nearest }

// regionFlag is the flag of a command that reads phone numbers.
type regionFlag struct {
	Region string `placeholder:"CC" help:"Read phone numbers without a country code as of this country, like TR; or international, for numbers that begin with their country code and have no + (default: contacts.region of the config)."`
}

// parse returns the region; empty if the flag is not set.
func (x regionFlag) parse() (string, error) {
	if x.Region != "" && !contactkey.KnownRegion(x.Region) {
		return "", ui.Usagef("--region %s: write a country with two letters, like TR, or international", ui.ShellQuote(x.Region))
	}
	return x.Region, nil
}

// options returns what to import.
func (x *contactFile) options(c *invocation) (imports.Options, error) {
	o := imports.Options{File: x.File, Stdin: c.process.Stdin, Rejected: x.Rejected, Key: x.Key, Config: c.config, Now: c.now}
	err := x.addTo(&o)
	return o, err
}
