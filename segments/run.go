package segments

import (
	"winnow/hygiene"
)

// Status is the state of a run.
type Status string

// The statuses of a run. They are stored as these words.
const (
	Running   Status = "running"
	Published Status = "published"
	Held      Status = "held" // by the guard
	Released  Status = "released"
	Discarded Status = "discarded"
	Failed    Status = "failed"
)

// Run is one execution of an export. It is identified by the export and its
// scheduled time, so it happens once.
type Run struct {
	Export      string          `json:"export"`
	Name        string          `json:"run"` // see [RunName]
	Status      Status          `json:"status"`
	ScheduledAt hygiene.Instant `json:"scheduled_at"`
	AsOf        hygiene.Instant `json:"as_of"` // the moment of the snapshot
	FinishedAt  hygiene.Instant `json:"finished_at"`
	ThroughSeq  int64           `json:"through_seq"` // the log's end in the snapshot
	Policy      string          `json:"policy"`
	Error       string          `json:"error"`
	NextTryAt   hygiene.Instant `json:"next_try_at,omitzero"`  // of a failed run: when a daemon tries it again; 0 for unknown
	StartedBy   string          `json:"started_by,omitempty"`  // who asked for it; empty for the schedule
	ReleasedBy  string          `json:"released_by,omitempty"` // who released it when it was held; empty for nobody
	Ledger      int64           `json:"-"`                     // the store's last change to a contact in the snapshot; -1 for unknown
	HeldReason  string          `json:"-"`                     // the guard's objections, which are part of Error too; empty when it had none
}

// Discard makes the held run a discarded one. Its error then says why it was
// discarded and why it had been held, and no longer how to publish it.
func (r *Run) Discard(why string) {
	r.Status, r.Error = Discarded, why+"; it was held because: "+r.HeldReason
}
