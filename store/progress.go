package store

import "winnow/hygiene"

// The numbers of the whole that the roster keeps.
const (
	cursor    = "cursor"     // seq up to which the log has been swept
	repeats   = "repeats"    // events that were repeats
	settled   = "settled"    // events older than what a full history keeps
	countedAt = "counted_at" // of the last sweep or review: the time of the counts by status
	bornAt    = "born_at"    // of the store's first start: nothing before it was missed
)

func progress(c *conn, name string) (int64, error) {
	return c.number("SELECT value FROM progress WHERE name = ?", name)
}

func setProgress(c *conn, name string, value int64) error {
	return c.exec("INSERT INTO progress (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
}

// BornAt is the time of the store's first start, which is now when it has none.
func (s *Store) BornAt(now hygiene.Instant) (born hygiene.Instant, err error) {
	err = s.write(func(c *conn) error {
		n, err := progress(c, bornAt)
		if err != nil || n != 0 {
			born = hygiene.Instant(n)
			return err
		}
		born = now
		return setProgress(c, bornAt, int64(now))
	})
	return born, err
}
