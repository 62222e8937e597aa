package scrub

import (
	"slices"
	"strings"

	"winnow/hygiene"
)

// Verdict is what became of a line of a list.
type Verdict uint8

// The verdicts. All but Kept reject the line.
const (
	Kept       Verdict = iota
	Suppressed         // a contact of the line is suppressed
	Cooling            // its retry is not due yet
	Invalid            // the column holds neither a key nor a phone number
	Duplicate          // its contact is kept on an earlier line
	Unreadable         // the line is not a row of the list
)

var verdictNames = []string{"kept", hygiene.IsSuppressed.String(), hygiene.Cooling.String(), "invalid", "duplicate", "unreadable"}

// String returns the name of the verdict, with which its cell in the reason column
// begins.
func (v Verdict) String() string { return verdictNames[v] }

// reasonSeparator joins the reasons of a contact.
const reasonSeparator = "|"

// reason returns the line's cell in the reason column, like "duplicate",
// "suppressed:opted_out|complaint" or "unreadable: line 9: not UTF-8".
func (l *line) reason() string {
	switch {
	case l.detail == "":
		return l.verdict.String()
	case l.verdict == Suppressed:
		return l.verdict.String() + ":" + l.detail
	}
	return l.verdict.String() + ": " + l.detail
}

// ParseReason reads a cell of the reason column as scrub writes it. The verdict is
// Kept for any other text. For Suppressed it also returns the reasons, joined with
// "|".
func ParseReason(cell string) (v Verdict, reasons string) {
	name, rest, hasRest := strings.Cut(cell, ":")
	i := slices.Index(verdictNames, name)
	switch v := Verdict(i); {
	case i <= int(Kept):
		return Kept, ""
	case v != Suppressed:
		return v, ""
	case hasRest:
		return Suppressed, rest
	}
	return Kept, ""
}
