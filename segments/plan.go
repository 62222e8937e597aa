package segments

// Plan is a run to be made.
type Plan struct {
	Export   Export
	Segments []Segment // all of the config, because conditions may name others than the export's
	Run      Run       // with Export, Name, ScheduledAt, AsOf, ThroughSeq and Policy
	Version  string    // of winnow
	Previous string    // name of the last published run; empty when there is none
	// Bases are what the segments are compared with, by segment. A segment that
	// was in no published run yet has none.
	Bases map[string]Base
	Held  []HeldRun // the runs that are held, the latest first
	Store RunStore  // nil when nothing is to be kept; an export with deltas needs one
	// PhoneKeys says that a contact's key is its phone number. The phone column
	// then shows the key of a contact without another phone.
	PhoneKeys bool
	// MergedInto returns the key of the contact into which that of a key was merged;
	// empty for none. It is nil where there are none.
	MergedInto func(key string) (string, error)
}

// Result is the outcome of a run.
type Result struct {
	Run      Run      // complete but for FinishedAt, for the caller to record
	Manifest Manifest // what the run holds
	// Problems are what went wrong although the run was made: why it is held, a
	// segment without a file, a publisher without the run. Run.Error has them too.
	Problems []error
}

func newManifest(p *Plan) Manifest {
	m := Manifest{
		Export: p.Run.Export, Run: p.Run.Name, ScheduledAt: p.Run.ScheduledAt, AsOf: p.Run.AsOf,
		ThroughSeq: p.Run.ThroughSeq, Policy: p.Run.Policy, Version: p.Version, Files: []File{},
	}
	if p.Previous != "" {
		m.PreviousRun = &p.Previous
	}
	return m
}
