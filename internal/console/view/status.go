package view

import (
	"winnow/hygiene"
	"winnow/segments"
)

// Totals are the numbers of the whole store.
type Totals struct {
	Events      int64            `json:"events"`   // stored
	LastSeq     int64            `json:"last_seq"` // of the latest event
	Repeats     int64            `json:"repeats"`
	Quarantined int64            `json:"quarantined"`                 // bodies
	Unmatched   int64            `json:"unmatched"`                   // events whose contact is unknown
	LongArgs    int64            `json:"long_unique_args,omitempty"`  // retries whose unique_args were too long to keep
	Late        int64            `json:"late_events,omitempty"`       // about messages to persons who were forgotten, ever: they were erased
	Conflicts   map[string]int64 `json:"contact_conflicts,omitempty"` // messages whose events name another contact than the send log, ever, by source
	Contacts    int64            `json:"contacts"`
	Aliases     int64            `json:"aliases,omitempty"` // keys that were merged into other contacts
	Statuses    map[string]int64 `json:"statuses"`          // contacts by status, as of CountedAt
	Sweep       SweepProgress    `json:"sweep"`
	BackedUp    hygiene.Instant  `json:"backed_up_at,omitempty"` // the last backup; 0 for never
	Retention   *Retention       `json:"retention,omitempty"`    // nil while it never ran
	Silent      *Silent          `json:"silent,omitempty"`       // as of the last review; nil if none were counted
	CountedAt   hygiene.Instant  `json:"-"`                      // the last sweep or review after which a count changed; 0 for never
}

// Retention is what was deleted from the log because of its age.
type Retention struct {
	EndedAt hygiene.Instant `json:"ended_at,omitzero"` // of the last pass that left nothing; 0 for none
	Oldest  hygiene.Instant `json:"oldest_event"`      // receipt of the first event in the log
	Pruned  []Pruned        `json:"pruned"`
}

// Pruned is what retention deleted of a kind and source, ever.
type Pruned struct {
	Kind    string          `json:"kind"` // events, bodies, quarantine or unmatched
	Source  string          `json:"source"`
	N       int64           `json:"n"`
	Through hygiene.Instant `json:"through"` // receipt of the latest one
}

// ByKind is how many were deleted of each kind.
func (r *Retention) ByKind() map[string]int64 {
	n := map[string]int64{}
	if r != nil {
		for i := range r.Pruned {
			n[r.Pruned[i].Kind] += r.Pruned[i].N
		}
	}
	return n
}

// ContactConflicts is how many messages have events that name another contact than the
// send log.
func (t Totals) ContactConflicts() (all int64) {
	for _, n := range t.Conflicts {
		all += n
	}
	return all
}

// Status is the state of the whole store.
type Status struct {
	Totals
	ClockBehind int64       `json:"clock_behind_seconds,omitempty"` // how far the clock is behind the receipt of the last event
	Breaker     int64       `json:"breaker,omitempty"`              // trips that wait for review
	Told        int64       `json:"breaker_told,omitempty"`         // surges of the last day that breakers reported and did not hold
	Policy      string      `json:"policy"`                         // hash of the policy in force
	FilePolicy  string      `json:"file_policy,omitempty"`          // of the config file, where a daemon has another policy in force
	Runs        []Run       `json:"runs"`                           // the last of each export
	LockHolder  *LockHolder `json:"taken,omitempty"`                // for more than a minute, so that sweeps, reviews and exports wait
	LogWriter   *LockHolder `json:"log_writer,omitempty"`           // that appends many events
	Processes   []Process   `json:"processes,omitempty"`            // that use a store on a server
	HeldRuns    []string    `json:"held_runs,omitempty"`            // runs that wait for a release, as EXPORT/RUN
	Held        []HeldRun   `json:"held,omitempty"`                 // the exports with such runs
	Deliveries  []Delivery  `json:"deliveries,omitempty"`           // that are waiting or lost
	Receivers   []Receiver  `json:"receivers,omitempty"`            // whose logs are pulled
	Unprepared  bool        `json:"unprepared,omitempty"`           // not all contacts are prepared for this version and config; the next sweep does the rest
	JoinedKeys  *JoinedKeys `json:"joined_keys,omitempty"`          // contacts whose keys are one by now
	Erasures    int64       `json:"erasures,omitempty"`             // contacts and numbers that are still to be forgotten, or of which something is left
	// RenamedReasons is how many contacts an earlier version had suppressed under another
	// word for a protected reason.
	RenamedReasons int64 `json:"renamed_reasons,omitempty"`
	// PlaceholderContacts are the first keys of contacts that are placeholders by now.
	PlaceholderContacts []string `json:"placeholder_contacts,omitempty"`
	// QuietSources are the sources from which nothing came for longer than is their habit,
	// with the seconds.
	QuietSources map[string]int64 `json:"quiet_sources,omitempty"`
	// NewSources have no habit yet, so that they are never quiet. Both are empty while no
	// daemon listens.
	NewSources []string `json:"new_sources,omitempty"`
}

// JoinedKeys is how many contacts were joined because a version of winnow, or the config,
// takes their keys for one.
type JoinedKeys struct {
	Contacts int64 `json:"contacts"`
	Batch    int64 `json:"batch"` // the last batch of them
}

// Receiver is a host whose log is pulled.
type Receiver struct {
	URL   string `json:"url"`
	Lag   int64  `json:"lag"`             // lines of its log that are not here
	Error string `json:"error,omitempty"` // why it can't be pulled
}

// SweepProgress is how far the sweep has read the log.
type SweepProgress struct {
	Cursor int64 `json:"cursor"` // seq of the last event swept
	Lag    int64 `json:"lag"`    // events behind it
}

// LockHolder is a process that holds a lock.
type LockHolder struct {
	Process int             `json:"process"`        // its id; 0 when it is unknown
	Host    string          `json:"host,omitempty"` // empty for that of the daemon
	Since   hygiene.Instant `json:"since"`
}

// Process is a process of winnow that uses a store which several hosts share.
type Process struct {
	Host    string          `json:"host"`
	Process int             `json:"process"` // its id there
	Since   hygiene.Instant `json:"since"`   // it is connected
	Jobs    bool            `json:"jobs"`    // it runs the jobs
}

// HeldRun is the newest run of an export that the guard holds.
type HeldRun struct {
	Run    string `json:"run"` // as EXPORT/RUN
	Export string `json:"export"`
	Held   int    `json:"held"`            // runs of the export that are held
	Reason string `json:"reason"`          // why it is held
	Stale  string `json:"stale,omitempty"` // why it is out of date; empty if it is not
	// Suppressed is how many contacts that it offers were suppressed since it was made, by
	// reason, and Sample some of them. Of a run that is out of date it may be less than all.
	Suppressed  map[string]int64 `json:"suppressed_since,omitempty"`
	Sample      []string         `json:"suppressed_sample,omitempty"`
	Readers     string           `json:"readers_have,omitempty"` // the run that readers have
	ReadersAsOf hygiene.Instant  `json:"readers_as_of,omitzero"` // the moment of that run
	Error       string           `json:"-"`                      // all that is to be said of the run
	Since       string           `json:"-"`                      // what Suppressed and Sample say, in words
}

// Delivery is a published run that a remote has not received.
type Delivery struct {
	Export      string          `json:"export"`
	Run         string          `json:"run"`
	PublishedAt hygiene.Instant `json:"published_at"`
	Remote      string          `json:"to"`
	Status      string          `json:"status"`                // waiting or gone
	Tries       int64           `json:"tries"`                 // so far
	NextAt      hygiene.Instant `json:"next_at,omitzero"`      // no retry before that; 0 before the first try
	DeliveredAt hygiene.Instant `json:"delivered_at,omitzero"` // 0 until then
	Error       string          `json:"error,omitempty"`       // of the last try
}

// Run is one execution of an export, as package segments records it.
type Run = segments.Run
