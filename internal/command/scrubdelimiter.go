package command

import (
	"winnow/internal/ui"
)

// separated is a CSV file as an argument, whose columns may be apart by any
// character.
type separated struct {
	Delimiter string `placeholder:"CHAR" help:"What separates the columns of the CSV; without it, whichever of , ; tab | the header has most of."`
}

// separator is what --delimiter says, 0 for nothing.
func (x separated) separator() (byte, error) {
	switch d := x.Delimiter; {
	case d == "":
		return 0, nil
	case d == "tab" || d == `\t`:
		return '\t', nil
	case len(d) == 1 && d[0] < 0x80 && d != `"` && d != "\n" && d != "\r":
		return d[0], nil
	}
	return 0, ui.Usagef("--delimiter %q: write one character, or tab", x.Delimiter)
}
