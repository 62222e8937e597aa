// Package segments says who goes in which file, and writes the files whole.
//
// A [Segment] is a named condition over contacts. An [Export] is segments,
// formats, destinations and a schedule; one execution of it is a [Run]. A run
// evaluates all its segments in one pass over one snapshot of the contacts, so
// that they agree with each other, and with memory that does not grow with the
// list. Whoever reads the files sees a whole run or the one before.
//
// It is one street: [Membership] says which segments a contact is in, a view
// turns the contact into cells, an encoder appends the cells to a file, the file
// is counted and hashed on its way to every [Destination], the [Manifest] tells
// what became of all, and the destinations publish. From there a [Remote] gets a
// copy, in its own time.
//
// Trouble stays where it is. A segment that can't be answered has no file in the
// run, because half a list of whom not to text is worse than yesterday's; a
// destination that can't be written keeps the run before; the others go on.
package segments

import (
	"strings"

	"winnow/hygiene"
)

// Segment is a named condition over contacts.
type Segment struct {
	Name       string
	Where      hygiene.Condition // nil for everyone
	List       string            // a static list instead of a condition
	Suppressed Suppressed
	Columns    []Column
}

// Suppressed says what a segment does with suppressed contacts.
type Suppressed uint8

// A suppressed contact is in no segment unless the segment says so.
const (
	Exclude Suppressed = iota
	Include
	Only
)

// String is the word for it in the config.
func (s Suppressed) String() string { return [...]string{"exclude", "include", "only"}[s] }

// Export is segments, formats, destinations and a schedule.
type Export struct {
	Name     string
	Schedule string
	Segments []string
	Formats  []Format
	Delta    []string // segments that also get a file of who entered and who left
	To       []string // absolute directories
	Remotes  []Remote // where published runs are brought to
	Guard    Guard
	Keep     int // runs; at least 1
	CSV      CSVOptions
}

// Format is a file format; it is also the file's suffix.
type Format string

// The formats. Those with .gz are the same files, compressed with gzip.
const (
	CSV        Format = "csv"
	JSON       Format = "json"   // one array
	NDJSON     Format = "ndjson" // an object a line
	CSVGzip    Format = "csv.gz"
	JSONGzip   Format = "json.gz"
	NDJSONGzip Format = "ndjson.gz"
)

// Formats lists the formats.
func Formats() []Format { return []Format{CSV, JSON, NDJSON, CSVGzip, JSONGzip, NDJSONGzip} }

// unpacked is the format of what is in a compressed file, and tells whether it is
// one.
func (f Format) unpacked() (Format, bool) {
	inside, packed := strings.CutSuffix(string(f), ".gz")
	return Format(inside), packed
}

// CSVOptions is how CSV files are written.
type CSVOptions struct {
	Spreadsheet bool // a BOM, and cells that a spreadsheet would run as formulas defused
	Delimiter   byte // what stands between cells: a comma, semicolon, tab or bar; 0 for a comma
	Lists       byte // what stands between the names in one cell: a comma, semicolon or bar; 0 for a bar
}

// Status is how a run stands.
type Status string

// The statuses of a run. They are stored as these words.
const (
	Running   Status = "running"
	Published Status = "published"
	Held      Status = "held"
	Released  Status = "released"
	Discarded Status = "discarded"
	Failed    Status = "failed"
)

// Run is one execution of an export. It is identified by the export and its
// scheduled time, so it happens once.
type Run struct {
	Export      string          `json:"export"`
	Name        string          `json:"run"` // the scheduled time as the directory bears it: 2026-11-23T020000Z
	Status      Status          `json:"status"`
	ScheduledAt hygiene.Instant `json:"scheduled_at"`
	AsOf        hygiene.Instant `json:"as_of"` // the moment of the snapshot
	FinishedAt  hygiene.Instant `json:"finished_at"`
	ThroughSeq  int64           `json:"through_seq"` // the log's end in the snapshot
	Policy      string          `json:"policy"`
	Error       string          `json:"error"`
	HeldReason  string          `json:"-"` // the guard's objections, which are part of Error too; empty when it had none
}

// Discard makes the held run a discarded one. Its error then says why it was
// discarded and why it had been held, and no longer how to publish it.
func (r *Run) Discard(why string) {
	r.Status, r.Error = Discarded, why+"; it was held because: "+r.HeldReason
}

// RunLayout is how a run's name is written, as a layout of package time.
const RunLayout = "2006-01-02T150405Z"

// RunName is the scheduled time, in UTC and to the second, as a run's directory
// bears it.
func RunName(scheduled hygiene.Instant) string { return scheduled.Time().Format(RunLayout) }
