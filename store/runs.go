package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/segments"
)

const runColumns = "export, scheduled_at, status, as_of, finished_at, through_seq, policy, error, held_reason"

func scanRun(r *rows) segments.Run {
	scheduled := hygiene.Instant(r.int(1))
	return segments.Run{Export: r.text(0), Name: segments.RunName(scheduled), ScheduledAt: scheduled, Status: segments.Status(r.text(2)),
		AsOf: hygiene.Instant(r.int(3)), FinishedAt: hygiene.Instant(r.int(4)), ThroughSeq: r.int(5), Policy: r.text(6), Error: r.text(7), HeldReason: r.text(8)}
}

// BeginRun enters a run as running, and tells whether it may go on: a run of
// that export and scheduled time that ended well is not made again.
func (s *Store) BeginRun(run segments.Run) (begun bool, err error) {
	err = s.write(func(c *conn) error {
		status, err := c.text("SELECT status FROM runs WHERE export = ? AND scheduled_at = ?", run.Export, int64(run.ScheduledAt))
		if err != nil {
			return err
		}
		switch segments.Status(status) {
		case "", segments.Running, segments.Failed:
			begun = true
			run.Status = segments.Running
			if err := c.exec("DELETE FROM runs WHERE export = ? AND scheduled_at = ?", run.Export, int64(run.ScheduledAt)); err != nil {
				return err
			}
			return putRun(c, run)
		}
		return nil
	})
	return begun, err
}

// EndRun enters how a run ended. When it is published, the runs of the export
// that are held are discarded: what they tell as changed is told against a run
// that is the last one no longer.
func (s *Store) EndRun(run segments.Run) error {
	return s.write(func(c *conn) error {
		if err := putRun(c, run); err != nil || !seen(run.Status) {
			return err
		}
		held, err := runsOf(c, run.Export, AllRuns, segments.Held)
		for _, other := range held {
			other.Discard("discarded when run " + run.Export + "/" + run.Name + " was published")
			err = errors.Join(err, putRun(c, other))
		}
		return err
	})
}

// seen tells whether readers are shown a run of that status.
func seen(status segments.Status) bool {
	return status == segments.Published || status == segments.Released
}

func putRun(c *conn, run segments.Run) error {
	return c.exec("INSERT INTO runs ("+runColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (export, scheduled_at) DO UPDATE SET status = excluded.status, as_of = excluded.as_of, finished_at = excluded.finished_at,
		through_seq = excluded.through_seq, policy = excluded.policy, error = excluded.error, held_reason = excluded.held_reason`,
		run.Export, int64(run.ScheduledAt), string(run.Status), int64(run.AsOf), int64(run.FinishedAt), run.ThroughSeq, run.Policy, run.Error, run.HeldReason)
}

// LastRun is the run of the export that was begun last, of those with one of
// these statuses, or of all when none is given; false when there is none. It is
// not the one scheduled last: a clock that was ahead for once would name one for
// ever.
func (s *Store) LastRun(export string, statuses ...segments.Status) (run segments.Run, ok bool, err error) {
	runs, err := s.RunsOf(export, 1, statuses...)
	if len(runs) == 0 {
		return segments.Run{}, false, err
	}
	return runs[0], true, err
}

// AllRuns is how many runs to read when none is to be left out.
const AllRuns = -1

// RunsOf reads the runs of the export that have one of these statuses, or all
// when none is given, the one begun last first, and no more than most.
func (s *Store) RunsOf(export string, most int, statuses ...segments.Status) (runs []segments.Run, err error) {
	err = s.read(func(c *conn) error {
		runs, err = runsOf(c, export, most, statuses...)
		return err
	})
	return runs, err
}

// runsOf asks for the runs of each status apart: a walk back through the index
// then ends after the last one wanted, and no run is ever forgotten, so they may
// be many.
func runsOf(c *conn, export string, most int, statuses ...segments.Status) (runs []segments.Run, err error) {
	if len(statuses) == 0 {
		statuses = []segments.Status{segments.Running, segments.Published, segments.Held, segments.Released, segments.Discarded, segments.Failed}
	}
	var asked []string
	var args []any
	for _, status := range statuses {
		asked = append(asked, "SELECT * FROM (SELECT id, "+runColumns+" FROM runs WHERE export = ? AND status = ? ORDER BY id DESC LIMIT ?)")
		args = append(args, export, string(status), most)
	}
	r := c.query("SELECT "+runColumns+" FROM ("+strings.Join(asked, " UNION ALL ")+") ORDER BY id DESC LIMIT ?", append(args, most)...)
	for r.next() {
		runs = append(runs, scanRun(r))
	}
	return runs, r.close()
}

// RunOf reads the run of that export and scheduled time; false when there is none.
func (s *Store) RunOf(export string, scheduled hygiene.Instant) (run segments.Run, ok bool, err error) {
	err = s.read(func(c *conn) error {
		r := c.query("SELECT "+runColumns+" FROM runs WHERE export = ? AND scheduled_at = ?", export, int64(scheduled))
		if ok = r.next(); ok {
			run = scanRun(r)
		}
		return r.close()
	})
	return run, ok, err
}

// Runs reads the run of every export that was begun last.
func (s *Store) Runs() (runs []segments.Run, err error) {
	err = s.read(func(c *conn) error {
		r := c.query("SELECT " + runColumns + ` FROM runs
			WHERE id IN (SELECT max(id) FROM runs GROUP BY export) ORDER BY export`)
		for r.next() {
			runs = append(runs, scanRun(r))
		}
		return r.close()
	})
	return runs, err
}

// keptTimes is how many times of each job are kept.
const keptTimes = 500

// Last is the latest time kept for the job that is not later than until; the
// zero time if there is none. See schedule.Book.
func (s *Store) Last(_ context.Context, job string, until time.Time) (at time.Time, err error) {
	err = s.read(func(c *conn) error {
		n, err := c.number("SELECT max(at) FROM jobs WHERE name = ? AND at <= ?", job, int64(hygiene.InstantOf(until)))
		at = hygiene.Instant(n).Time()
		return err
	})
	return at, err
}

// Keep adds a time for the job, and forgets the oldest behind it: those ahead of
// it, which a clock that ran ahead left, count for nothing. See schedule.Book.
func (s *Store) Keep(_ context.Context, job string, at time.Time) error {
	return s.write(func(c *conn) error {
		if err := c.exec("INSERT INTO jobs (name, at) VALUES (?, ?) ON CONFLICT DO NOTHING", job, int64(hygiene.InstantOf(at))); err != nil {
			return err
		}
		return c.exec(`DELETE FROM jobs WHERE name = ?1
			AND at < (SELECT at FROM jobs WHERE name = ?1 AND at <= ?2 ORDER BY at DESC LIMIT 1 OFFSET ?3)`, job, int64(hygiene.InstantOf(at)), keptTimes)
	})
}
