package store

import (
	"context"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

// keptTimes is how many times of each job are stored.
const keptTimes = 500

// LastJobTime is the latest time stored for the job that is not later than until; the zero
// time if there is none. See schedule.JobStore.
func (s *Store) LastJobTime(_ context.Context, job string, until time.Time) (at time.Time, err error) {
	err = s.read(func(c engine.Reader) error {
		n, err := c.Number("SELECT max(at) FROM jobs WHERE name = ? AND at <= ?", job, int64(hygiene.InstantOf(until)))
		at = hygiene.Instant(n).Time()
		return err
	})
	return at, err
}

// RecordJobTime stores a time for the job, and deletes the oldest before it: times ahead of
// it, which a clock that ran ahead left, do not count. See schedule.JobStore.
func (s *Store) RecordJobTime(_ context.Context, job string, at time.Time) error {
	return s.write(func(c engine.Writer) error { return putJobTime(c, job, hygiene.InstantOf(at)) })
}

func putJobTime(c engine.Writer, job string, at hygiene.Instant) error {
	if err := c.Exec("INSERT INTO jobs (name, at) VALUES (?, ?) ON CONFLICT DO NOTHING", job, int64(at)); err != nil {
		return err
	}
	return c.Exec(`DELETE FROM jobs WHERE name = ?
		AND at < (SELECT at FROM jobs WHERE name = ? AND at <= ? ORDER BY at DESC LIMIT 1 OFFSET ?)`, job, job, int64(at), keptTimes)
}
