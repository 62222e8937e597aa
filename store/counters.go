package store

import "winnow/store/engine"

// The counters: single numbers that the store keeps.
const (
	cursor     = "cursor"      // seq up to which the log has been swept
	repeats    = "repeats"     // events that were repeats
	settled    = "settled"     // events older than what a full history keeps
	countedAt  = "counted_at"  // of the last sweep or review: the time of the counts by status
	lateEvents = "late_events" // events about messages to persons who were forgotten
	longArgs   = "long_args"   // retries whose unique_args were too long to keep
	keyFormat  = "key_format"  // what contacts are identified by; see Store.UseKeyFormat
	keyVersion = "key_version" // of the keys that are stored, see Store.PrepareKeys; 0 before the first look at them
	keySeen    = "key_seen"    // contacts.id of the last key that Store.PrepareKeys looked at
	keysJoined = "keys_joined" // contacts that were joined because their keys are one
	keysBatch  = "keys_batch"  // batches.id of the last of these joins
	backedUp   = "backed_up"   // when the store was backed up last
	inForce    = "in_force"    // policies.id of the policy that a daemon put in force last
	compared   = "compared"    // seq up to which Store.CompareLate has compared events with the send log
	// seq up to which swept events whose message was not registered are forgotten
	unregisteredFrom = "unregistered_from"
	// raised by all that changes the send log
	sendLogVersion = "send_log_version"
	reasonsVersion = "reasons_version" // see Store.RenameReasons
	reasonsSeen    = "reasons_seen"    // id of the contact up to which that is done, while it is under way
	reasonsRenamed = "reasons_renamed" // contacts that were suppressed under another word for a protected reason
	regretSince    = "regret_since"    // from when on what rules did is counted; 0 for all
	listening      = "listening"       // when the daemon that receives callbacks began
	// 1 while there may be unmatched events without a source; see Store.completeUnmatched
	incompleteUnmatched = "incomplete_unmatched"
)

// counter reads a counter; 0 when it was never set.
func counter(c engine.Querier, name string) (int64, error) {
	return c.Number("SELECT value FROM counters WHERE name = ?", name)
}

// setCounter and addToCounter are the writers of counters.
func setCounter(c engine.Writer, name string, value int64) error {
	return c.Exec("INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
}

func addToCounter(c engine.Writer, name string, n int64) error {
	if n == 0 {
		return nil
	}
	return c.Exec("INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value", name, n)
}

// asInt is a truth value as it is stored.
func asInt(is bool) int64 {
	if is {
		return 1
	}
	return 0
}
