package segments

import (
	"bytes"
	"encoding/json"

	"winnow/hygiene"
)

// ManifestName is the file of a run that lists what the run holds.
const ManifestName = "manifest.json"

// Manifest lists what a run holds, and the state of the store that it was made
// from. The same state gives the same bytes.
type Manifest struct {
	Export      string          `json:"export"`
	Run         string          `json:"run"`
	ScheduledAt hygiene.Instant `json:"scheduled_at"`
	AsOf        hygiene.Instant `json:"as_of"`
	ThroughSeq  int64           `json:"through_seq"`
	Policy      string          `json:"policy"`
	Version     string          `json:"version"`
	PreviousRun *string         `json:"previous_run"` // nil for the first
	Files       []File          `json:"files"`
	Failed      []Failure       `json:"failed,omitempty"` // the segments without a file or without a delta
}

// File is one file of a run.
type File struct {
	Name    string   `json:"name"`
	Segment string   `json:"segment"`
	Format  Format   `json:"format"`
	Kind    Kind     `json:"kind"`
	Rows    int64    `json:"rows"`
	Bytes   int64    `json:"bytes"`
	SHA256  string   `json:"sha256"` // in hex
	Columns []string `json:"columns"`
	// Since is the run that a delta lists the changes since. It is empty for a
	// first delta, in which everyone has entered.
	Since string `json:"since,omitempty"`
}

// Kind is what the rows of a file are.
type Kind string

// The kinds of files.
const (
	Full  Kind = "full"  // all members of the segment
	Delta Kind = "delta" // the members that entered, left or changed since the last published run
)

// Failure is a segment without a file in a run, and why. With the kind delta, the
// segment is whole and only its delta is missing.
type Failure struct {
	Segment string `json:"segment"`
	Kind    Kind   `json:"kind,omitempty"`
	Error   string `json:"error"`
}

// text is the manifest as it is written.
func (m *Manifest) text() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(m)
	return b.Bytes(), err
}
