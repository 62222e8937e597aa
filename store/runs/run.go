// Package runs keeps what was exported: the runs of each export, the members of their
// segments, and their deliveries to remotes. A run is never deleted; the members of its
// segments are, once no other run will be compared with them.
//
// It is a part of the store, which embeds [Store]. What has changed since a run is asked
// of the ledger, in store/run_changes.go.
//
// Where to change what: a column of a run is in run.go and in the schema; which segments
// and members are kept to compare with, in members.go; which deliveries are due, in
// delivery.go.
package runs

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store/engine"
	"winnow/store/members"
)

// Store is the part of a store that has the runs.
type Store struct {
	engine  engine.Engine
	members members.Lists
}

// Of is that part of the store in this engine, with its lists of members.
func Of(e engine.Engine, lists members.Lists) *Store { return &Store{e, lists} }

const runColumns = "export, scheduled_at, status, as_of, finished_at, through_seq, policy, error, held_reason, ledger, next_try_at, started_by, released_by"

func scanRun(r engine.Rows) segments.Run {
	scheduled := hygiene.Instant(r.Int(1))
	return segments.Run{Export: r.Text(0), Name: segments.RunName(scheduled), ScheduledAt: scheduled, Status: segments.Status(r.Text(2)),
		AsOf: hygiene.Instant(r.Int(3)), FinishedAt: hygiene.Instant(r.Int(4)), ThroughSeq: r.Int(5), Policy: r.Text(6), Error: r.Text(7), HeldReason: r.Text(8), Ledger: r.Int(9), NextTryAt: hygiene.Instant(r.Int(10)),
		StartedBy: r.Text(11), ReleasedBy: r.Text(12)}
}

// BeginRun stores a run as running, and reports whether it may go on: a run of that
// export and scheduled time that ended well is not made again.
func (s *Store) BeginRun(run segments.Run) (begun bool, err error) {
	err = s.engine.Write(func(c engine.Writer) error {
		status, err := c.Text("SELECT status FROM runs WHERE export = ? AND scheduled_at = ?", run.Export, int64(run.ScheduledAt))
		if err != nil {
			return err
		}
		switch segments.Status(status) {
		case "", segments.Running, segments.Failed:
			begun = true
			run.Status = segments.Running
			return replaceRun(c, run)
		}
		return nil
	})
	return begun, err
}

// EndRun stores how a run ended. When it is published, the held runs of the export
// are discarded: their changes are relative to a run that is no longer the last.
func (s *Store) EndRun(run segments.Run) error {
	return s.engine.Write(func(c engine.Writer) error {
		if err := putRun(c, run); err != nil || !visible(run.Status) {
			return err
		}
		held, err := runsOf(c, run.Export, AllRuns, segments.Held)
		for _, other := range held {
			other.Discard("discarded when run " + run.Export + "/" + run.Name + " was " + howPublished(run))
			err = errors.Join(err, putRun(c, other))
		}
		return err
	})
}

// howPublished says how readers came to see the run.
func howPublished(run segments.Run) string {
	if run.ReleasedBy != "" {
		return "released by " + run.ReleasedBy
	}
	return "published"
}

// PostponeRun stores when a failed run is tried again. It does nothing to a run that
// has not failed.
func (s *Store) PostponeRun(export string, scheduled, nextTryAt hygiene.Instant) error {
	return s.engine.Write(func(c engine.Writer) error {
		return c.Exec("UPDATE runs SET next_try_at = ? WHERE export = ? AND scheduled_at = ? AND status = ?",
			int64(nextTryAt), export, int64(scheduled), string(segments.Failed))
	})
}

// visible reports whether readers see a run of that status.
func visible(status segments.Status) bool {
	return status == segments.Published || status == segments.Released
}

// replaceRun makes the run the one that began last.
func replaceRun(c engine.Writer, run segments.Run) error {
	if err := c.Exec("DELETE FROM runs WHERE export = ? AND scheduled_at = ?", run.Export, int64(run.ScheduledAt)); err != nil {
		return err
	}
	return putRun(c, run)
}

func putRun(c engine.Writer, run segments.Run) error {
	return c.Exec("INSERT INTO runs ("+runColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (export, scheduled_at) DO UPDATE SET status = excluded.status, as_of = excluded.as_of, finished_at = excluded.finished_at,
		through_seq = excluded.through_seq, policy = excluded.policy, error = excluded.error, held_reason = excluded.held_reason, ledger = excluded.ledger, next_try_at = excluded.next_try_at,
		started_by = excluded.started_by, released_by = excluded.released_by`,
		run.Export, int64(run.ScheduledAt), string(run.Status), int64(run.AsOf), int64(run.FinishedAt), run.ThroughSeq, run.Policy, ui.Printable(run.Error), run.HeldReason, run.Ledger, int64(run.NextTryAt), ui.Printable(run.StartedBy), ui.Printable(run.ReleasedBy))
}

// LastRun is the run of the export that began last, of those with one of these
// statuses, or of all when none is given; false when there is none. It is not the
// one scheduled last: after a clock was ahead once, that would stay the same.
func (s *Store) LastRun(export string, statuses ...segments.Status) (run segments.Run, ok bool, err error) {
	runs, err := s.RunsOf(export, 1, statuses...)
	if len(runs) == 0 {
		return segments.Run{}, false, err
	}
	return runs[0], true, err
}

// AllRuns is how many runs to read for all of them.
const AllRuns = -1

// RunsOf reads the runs of the export that have one of these statuses, or all when
// none is given, the one that began last first, and no more than most.
func (s *Store) RunsOf(export string, most int, statuses ...segments.Status) (runs []segments.Run, err error) {
	err = s.engine.Read(func(c engine.Reader) error {
		runs, err = runsOf(c, export, most, statuses...)
		return err
	})
	return runs, err
}

// runsOf reads the runs of each status apart: a walk back through the index then
// ends after the last one wanted. There may be many, as no run is ever deleted.
func runsOf(c engine.Querier, export string, most int, statuses ...segments.Status) (runs []segments.Run, err error) {
	if len(statuses) == 0 {
		statuses = []segments.Status{segments.Running, segments.Published, segments.Held, segments.Released, segments.Discarded, segments.Failed}
	}
	if most == AllRuns {
		most = math.MaxInt
	}
	var parts []string
	var args []any
	for i, status := range statuses {
		parts = append(parts, fmt.Sprintf("SELECT * FROM (SELECT id, %s FROM runs WHERE export = ? AND status = ? ORDER BY id DESC LIMIT ?) AS of%d", runColumns, i))
		args = append(args, export, string(status), most)
	}
	r := c.Query("SELECT "+runColumns+" FROM ("+strings.Join(parts, " UNION ALL ")+") AS found ORDER BY id DESC LIMIT ?", append(args, most)...)
	for r.Next() {
		runs = append(runs, scanRun(r))
	}
	return runs, r.Close()
}

// RunOf reads the run of that export and scheduled time; false when there is none.
func (s *Store) RunOf(export string, scheduled hygiene.Instant) (run segments.Run, ok bool, err error) {
	err = s.engine.Read(func(c engine.Reader) error {
		r := c.Query("SELECT "+runColumns+" FROM runs WHERE export = ? AND scheduled_at = ?", export, int64(scheduled))
		if ok = r.Next(); ok {
			run = scanRun(r)
		}
		return r.Close()
	})
	return run, ok, err
}

// Runs reads of every export the run that began last.
func (s *Store) Runs() (runs []segments.Run, err error) {
	err = s.engine.Read(func(c engine.Reader) error {
		r := c.Query("SELECT " + runColumns + ` FROM runs
			WHERE id IN (SELECT max(id) FROM runs GROUP BY export) ORDER BY export`)
		for r.Next() {
			runs = append(runs, scanRun(r))
		}
		return r.Close()
	})
	return runs, err
}
