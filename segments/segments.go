// Package segments decides which contacts are in which file, and makes the files
// of a run.
//
// A [Segment] is a named condition over contacts. An [Export] is segments,
// formats, destinations and a schedule; one execution of it is a [Run]. A run
// evaluates all its segments in one pass over one snapshot of the contacts, so
// that they agree with each other, and in memory that does not grow with the
// list. Readers of the files see a whole run or the previous one, never a part.
//
// [Execute] makes a run. [Membership] says which segments a contact is in, a view
// turns the contact into cells, an encoder appends the cells to a file, the file
// is counted and hashed on its way to every [Publisher], the [Manifest] lists
// all files, and the publishers publish the run. A [Bundle] reads a published
// run back, to deliver it to a [Destination].
//
// An error stays where it happened. A segment that can't be evaluated has no file
// in the run, because half a list of contacts not to text is worse than
// yesterday's list. A publisher that can't be written keeps the previous run.
// The others go on.
//
// Where to change what:
//   - a column: one entry in contactFields or outcomeFields (column.go) and the
//     function that fills its cell (view.go);
//   - a file format: an encoder in a file of its own and one line in encoders
//     (encode.go);
//   - a limit of the guard: guard.go;
//   - a kind of destination: package destination.
package segments

import (
	"strings"

	"winnow/hygiene"
)

// Segment is a named condition over contacts.
type Segment struct {
	Name       string
	Where      hygiene.Condition // nil for all contacts
	List       string            // a static list instead of a condition
	Suppressed Suppressed
	// Except are the reasons for which a suppression does not count: what the segment is for
	// is not what the contact opted out of. Only with Exclude.
	Except  []string
	Columns []Column // of its files; none for [DefaultColumns]
}

// Suppressed says what a segment does with suppressed contacts.
type Suppressed uint8

// A suppressed contact is in no segment unless the segment says otherwise.
const (
	Exclude Suppressed = iota
	Include
	Only
)

// String is the word for it in the config.
func (s Suppressed) String() string { return [...]string{"exclude", "include", "only"}[s] }

// SuppressedText is what the segment does with suppressed contacts, as the config says it.
func (s *Segment) SuppressedText() string {
	if s.Except == nil {
		return s.Suppressed.String()
	}
	return "{except: [" + strings.Join(s.Except, ", ") + "]}"
}

// Export is segments, formats, destinations and a schedule.
type Export struct {
	Name     string
	Schedule string // as package schedule reads it
	Segments []string
	Formats  []Format
	Delta    []string // segments that also get a file of what changed in them
	// Changes are the changes that the deltas list, by segment. A segment of Delta
	// that is not in it has [DefaultChanges].
	Changes map[string]Changes
	To      []Destination // where runs are made, if it is a Publisher too, or else delivered
	Guard   Guard
	Keep    int // runs; at least 1
	CSV     CSVOptions
	Times   TimeOptions
}

// CSVOptions is how CSV files are written.
type CSVOptions struct {
	Spreadsheet   bool // adds a BOM and defuses cells that a spreadsheet would run as formulas
	Delimiter     byte // between cells: a comma, semicolon, tab or bar; 0 for a comma
	ListSeparator byte // between the names in one cell: a comma, semicolon or bar; 0 for a bar
}
