// Package counters reads and writes single numbers that the store keeps by name.
package counters

import "winnow/store/engine"

// The counters.
const (
	Cursor     = "cursor"      // seq up to which the log has been swept
	Repeats    = "repeats"     // events that were repeats
	Settled    = "settled"     // events older than what a full history keeps
	CountedAt  = "counted_at"  // of the last sweep or review: the time of the counts by status
	LateEvents = "late_events" // events about messages to persons who were forgotten
	LongArgs   = "long_args"   // retries whose unique_args were too long to keep
	KeyFormat  = "key_format"  // what contacts are identified by; see store.Store.UseKeyFormat
	KeyVersion = "key_version" // of the keys that are stored, see store.Store.PrepareKeys; 0 before the first look at them
	KeySeen    = "key_seen"    // contacts.id of the last key that Store.PrepareKeys looked at
	KeysJoined = "keys_joined" // contacts that were joined because their keys are one
	KeysBatch  = "keys_batch"  // batches.id of the last of these joins
	BackedUp   = "backed_up"   // when the store was backed up last
	InForce    = "in_force"    // policies.id of the policy that a daemon put in force last
	Compared   = "compared"    // seq up to which Store.CompareLate has compared events with the send log
	// seq up to which swept events whose message was not registered are forgotten
	UnregisteredFrom = "unregistered_from"
	// raised by all that changes the send log
	SendLogVersion = "send_log_version"
	ReasonsVersion = "reasons_version" // see store.Store.RenameReasons
	ReasonsSeen    = "reasons_seen"    // id of the contact up to which that is done, while it is under way
	ReasonsRenamed = "reasons_renamed" // contacts that were suppressed under another word for a protected reason
	RegretSince    = "regret_since"    // from when on what rules did is counted; 0 for all
	Listening      = "listening"       // when the daemon that receives callbacks began
	// 1 while there may be unmatched events without a source; see store.Store.completeUnmatched
	IncompleteUnmatched = "incomplete_unmatched"
)

// Get reads a counter; 0 when it was never set.
func Get(c engine.Querier, name string) (int64, error) {
	return c.Number("SELECT value FROM counters WHERE name = ?", name)
}

// Set sets a counter.
func Set(c engine.Writer, name string, value int64) error {
	return c.Exec("INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
}

// Add adds to a counter; nothing is written for 0.
func Add(c engine.Writer, name string, n int64) error {
	if n == 0 {
		return nil
	}
	return c.Exec("INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value", name, n)
}
