package store

// The numbers of the whole that the roster keeps.
const (
	cursor    = "cursor"     // seq up to which the log has been swept
	repeats   = "repeats"    // events that were repeats
	settled   = "settled"    // events older than what a full history keeps
	countedAt = "counted_at" // of the last sweep or review: the time of the counts by status
	keyFormat = "key_format" // how contacts are told apart; see Store.AgreeOnKeys
	inForce   = "in_force"   // policies.id of the policy that a daemon put in force last
)

func progress(c *conn, name string) (int64, error) {
	return c.number("SELECT value FROM progress WHERE name = ?", name)
}

func setProgress(c *conn, name string, value int64) error {
	return c.exec("INSERT INTO progress (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
}
