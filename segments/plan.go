package segments

// Plan is a run to be made.
type Plan struct {
	Export   Export
	Segments []Segment // all of the config: conditions may name others than the export's
	Run      Run       // with Export, Name, ScheduledAt, AsOf, ThroughSeq and Policy
	Version  string    // of winnow
	Previous string    // the last published run, by name; empty when there is none
	// Bases are what the segments are compared with, by name. A segment that was
	// in no published run yet has none.
	Bases map[string]Base
	Book  Book // nil when nothing is to be kept; an export with deltas needs one
	// PhoneKeys says that the key of a contact is its phone number. The phone
	// column then gives the key of a contact that has no other phone.
	PhoneKeys bool
}

// Result is what became of a run.
type Result struct {
	Run      Run      // as it now stands, but for FinishedAt: for the caller to record
	Manifest Manifest // what the run holds
	// Troubles are what went wrong though the run was made: a segment that has no
	// file, a destination that has no run, and why the run is held. Run.Error tells
	// them too.
	Troubles []error
}
