package runs

import (
	"errors"
	"io"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store/engine"
	"winnow/store/members"
)

// ReadyRun stores what the run holds, and that it is about to become visible; see
// segments.RunStore.
func (s *Store) ReadyRun(run segments.Run, parts []segments.RunSegment) error {
	run.Status = segments.Running
	return s.engine.Write(func(c engine.Writer) error {
		if err := putRun(c, run); err != nil {
			return err
		}
		return putSegments(c, run, parts)
	})
}

// putSegments writes the segments of the run, and deletes those that no run will
// be compared with any more.
func putSegments(c engine.Writer, run segments.Run, parts []segments.RunSegment) error {
	kept, err := segmentsOf(c, run.Export)
	if err != nil {
		return err
	}
	if err := c.Exec("DELETE FROM run_segments WHERE export = ?", run.Export); err != nil {
		return err
	}
	for _, k := range kept {
		if (k.base || k.status == segments.Held) && k.scheduled != run.ScheduledAt {
			err = errors.Join(err, insertSegment(c, run.Export, k.scheduled, k.RunSegment))
		}
	}
	for _, p := range parts {
		err = errors.Join(err, insertSegment(c, run.Export, run.ScheduledAt, p))
	}
	return err
}

func insertSegment(c engine.Writer, export string, scheduled hygiene.Instant, p segments.RunSegment) error {
	members := 0
	if p.Members {
		members = 1
	}
	return c.Exec("INSERT INTO run_segments (export, scheduled_at, segment, rows, members, days) VALUES (?, ?, ?, ?, ?, ?)",
		export, int64(scheduled), p.Segment, p.Rows, members, p.Days)
}

// runSegment is a segment with the run that holds it.
type runSegment struct {
	segments.RunSegment
	scheduled hygiene.Instant
	status    segments.Status
	base      bool // the run is the last published one in which the segment is whole
}

// segmentsOf reads the segments of an export's runs, those of the run that began
// last first.
func segmentsOf(c engine.Querier, export string) (list []runSegment, err error) {
	hasBase := map[string]bool{}
	r := c.Query(`SELECT segment, rows, members, scheduled_at, status, days FROM run_segments JOIN runs USING (export, scheduled_at)
		WHERE export = ? ORDER BY runs.id DESC, segment`, export)
	for r.Next() {
		p := runSegment{RunSegment: segments.RunSegment{Segment: r.Text(0), Rows: r.Int(1), Members: r.Int(2) != 0, Days: r.Int(5)},
			scheduled: hygiene.Instant(r.Int(3)), status: segments.Status(r.Text(4))}
		if p.base = visible(p.status) && !hasBase[p.Segment]; p.base {
			hasBase[p.Segment] = true
		}
		list = append(list, p)
	}
	return list, r.Close()
}

// Bases are what the segments of the export are compared with, by name.
func (s *Store) Bases(export string) (map[string]segments.Base, error) {
	list, err := s.segmentsOf(export)
	bases := map[string]segments.Base{}
	for _, p := range list {
		if p.base {
			bases[p.Segment] = segments.Base{Run: segments.RunName(p.scheduled), RunSegment: p.RunSegment}
		}
	}
	return bases, err
}

// SegmentSize is how many rows a segment has in a run.
type SegmentSize struct {
	Run  string
	Rows int64
	Held bool
}

// SegmentSizes are the rows of the export's segments, by name, in the runs with which later
// ones are compared, and in the published run before: those of the run that began last
// first. A run that is being made has none.
func (s *Store) SegmentSizes(export string) (map[string][]SegmentSize, error) {
	list, err := s.segmentsOf(export)
	sizes := map[string][]SegmentSize{}
	for _, p := range list {
		if held := p.status == segments.Held; held || visible(p.status) {
			sizes[p.Segment] = append(sizes[p.Segment], SegmentSize{segments.RunName(p.scheduled), p.Rows, held})
		}
	}
	return sizes, err
}

// HeldRuns are the held runs of the export, with the rows of their segments, the
// one that began last first.
func (s *Store) HeldRuns(export string) (held []segments.HeldRun, err error) {
	list, err := s.segmentsOf(export)
	for _, p := range list {
		if p.status != segments.Held {
			continue
		}
		name := segments.RunName(p.scheduled)
		if len(held) == 0 || held[len(held)-1].Name != name {
			held = append(held, segments.HeldRun{Name: name, Rows: map[string]int64{}})
		}
		held[len(held)-1].Rows[p.Segment] = p.Rows
	}
	return held, err
}

func (s *Store) segmentsOf(export string) (list []runSegment, err error) {
	err = s.engine.Read(func(c engine.Reader) (err error) {
		list, err = segmentsOf(c, export)
		return err
	})
	return list, err
}

// CreateMembers begins a list; see segments.RunStore.
func (s *Store) CreateMembers(run segments.Run, segment string) (segments.DraftFile, error) {
	return s.members.Create(members.Name{Export: run.Export, Segment: segment, Run: run.Name})
}

// OpenMembers opens a list; see segments.RunStore.
func (s *Store) OpenMembers(export, run, segment string) (io.ReadCloser, error) {
	return s.members.Open(members.Name{Export: export, Segment: segment, Run: run})
}

// Members are the lists of members that are kept.
func (s *Store) Members() members.Lists { return s.members }

// PruneMembers deletes the lists of the export that no run will be compared with.
// No run of the export may be made meanwhile.
func (s *Store) PruneMembers(export string) error {
	list, err := s.segmentsOf(export)
	if err != nil {
		return err
	}
	var keep []members.Name
	for _, p := range list {
		if p.Members && (p.base || p.status == segments.Held) {
			keep = append(keep, members.Name{Export: export, Segment: p.Segment, Run: segments.RunName(p.scheduled)})
		}
	}
	return s.members.Prune(export, keep)
}

// PruneMembersOfOthers deletes the lists of all exports but these that were
// written before that time.
func (s *Store) PruneMembersOfOthers(exports []string, before time.Time) error {
	return s.members.PruneOthers(exports, before)
}
