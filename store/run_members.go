package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store/engine"
)

// The members that segments had in a run are kept as sorted files in a folder
// beside the roster: a night rewrites all of them, which would be a heavy load for
// the roster and costs a file next to nothing. A file is named after export,
// segment and run, and is used only if the roster knows that run, so half a file
// of a killed run is ignored.

// ReadyRun enters what the run holds, and that it is about to be seen; see
// segments.Book.
func (s *Store) ReadyRun(run segments.Run, parts []segments.Part) error {
	run.Status = segments.Running
	return s.write(func(c engine.Writer) error {
		if err := putRun(c, run); err != nil {
			return err
		}
		return putSegments(c, run, parts)
	})
}

// putSegments writes the parts of the run, and drops those that no run will be
// compared with any more.
func putSegments(c engine.Writer, run segments.Run, parts []segments.Part) error {
	kept, err := partsOf(c, run.Export)
	if err != nil {
		return err
	}
	if err := c.Exec("DELETE FROM run_segments WHERE export = ?", run.Export); err != nil {
		return err
	}
	for _, k := range kept {
		if (k.base || k.status == segments.Held) && k.scheduled != run.ScheduledAt {
			err = errors.Join(err, putSegment(c, run.Export, k.scheduled, k.Part))
		}
	}
	for _, p := range parts {
		err = errors.Join(err, putSegment(c, run.Export, run.ScheduledAt, p))
	}
	return err
}

func putSegment(c engine.Writer, export string, scheduled hygiene.Instant, p segments.Part) error {
	return c.Exec("INSERT INTO run_segments (export, scheduled_at, segment, rows, members) VALUES (?, ?, ?, ?, ?)",
		export, int64(scheduled), p.Segment, p.Rows, asInt(p.Members))
}

// part is a part with the run that holds it.
type part struct {
	segments.Part
	scheduled hygiene.Instant
	status    segments.Status
	base      bool // the run is the last published one in which the segment is whole
}

// partsOf reads the parts of an export, those of the run begun last first.
func partsOf(c engine.Querier, export string) (list []part, err error) {
	based := map[string]bool{}
	r := c.Query(`SELECT segment, rows, members, scheduled_at, status FROM run_segments JOIN runs USING (export, scheduled_at)
		WHERE export = ? ORDER BY runs.id DESC, segment`, export)
	for r.Next() {
		p := part{Part: segments.Part{Segment: r.Text(0), Rows: r.Int(1), Members: r.Int(2) != 0},
			scheduled: hygiene.Instant(r.Int(3)), status: segments.Status(r.Text(4))}
		if p.base = seen(p.status) && !based[p.Segment]; p.base {
			based[p.Segment] = true
		}
		list = append(list, p)
	}
	return list, r.Close()
}

// Bases are what the segments of the export are compared with, by name.
func (s *Store) Bases(export string) (map[string]segments.Base, error) {
	list, err := s.parts(export)
	bases := map[string]segments.Base{}
	for _, p := range list {
		if p.base {
			bases[p.Segment] = segments.Base{Run: segments.RunName(p.scheduled), Part: p.Part}
		}
	}
	return bases, err
}

func (s *Store) parts(export string) (list []part, err error) {
	err = s.read(func(c engine.Reader) (err error) {
		list, err = partsOf(c, export)
		return err
	})
	return list, err
}

// membersPath is the folder of the lists.
func (s *Store) membersPath() string { return s.Folder("members") }

// membersFile names a list. None of its parts has a dot.
func membersFile(export, segment, run string) string { return export + "." + segment + "." + run }

// CreateMembers begins a list; see segments.Book.
func (s *Store) CreateMembers(run segments.Run, segment string) (segments.DraftFile, error) {
	folder := s.membersPath()
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, fmt.Errorf("create the folder of members: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(folder, membersFile(run.Export, segment, run.Name)), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return membersDraft{f}, nil
}

// OpenMembers opens a list; see segments.Book.
func (s *Store) OpenMembers(export, run, segment string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(s.membersPath(), membersFile(export, segment, run)))
}

// PruneMembers takes away the lists of the export that no run will be compared
// with. Nobody makes a run of the export meanwhile.
func (s *Store) PruneMembers(export string) error {
	entries, err := os.ReadDir(s.membersPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	list, partsErr := s.parts(export)
	if err := errors.Join(err, partsErr); err != nil {
		return err
	}
	var keep []string
	for _, p := range list {
		if p.Members && (p.base || p.status == segments.Held) {
			keep = append(keep, membersFile(export, p.Segment, segments.RunName(p.scheduled)))
		}
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), export+".") && !slices.Contains(keep, e.Name()) {
			err = errors.Join(err, os.Remove(filepath.Join(s.membersPath(), e.Name())))
		}
	}
	return err
}

// PruneMembersOfOthers takes away the lists of all exports but these that were
// written before then.
func (s *Store) PruneMembersOfOthers(exports []string, before time.Time) error {
	entries, err := os.ReadDir(s.membersPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		export, _, _ := strings.Cut(e.Name(), ".")
		info, infoErr := e.Info()
		if infoErr == nil && info.ModTime().Before(before) && !slices.Contains(exports, export) {
			err = errors.Join(err, os.Remove(filepath.Join(s.membersPath(), e.Name())))
		}
	}
	return err
}

// membersDraft is a list in the making.
type membersDraft struct{ *os.File }

// Close ends the list; without an error it is on disk.
func (d membersDraft) Close() error {
	return errors.Join(d.Sync(), d.File.Close(), syncFolder(filepath.Dir(d.Name())))
}

// Discard takes the list away.
func (d membersDraft) Discard() error {
	return errors.Join(d.File.Close(), os.Remove(d.Name()))
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
