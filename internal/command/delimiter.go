package command

import (
	"winnow/internal/csvlist"
)

// separated is a CSV file as an argument, whose columns may be apart by any
// character.
type separated struct {
	Delimiter string `placeholder:"CHAR" help:"What separates the columns of the CSV; without it, whichever of , ; tab | the header has most of."`
}

// separator is what --delimiter says, 0 for nothing.
func (x separated) separator() (byte, error) { return csvlist.ParseDelimiter(x.Delimiter) }
