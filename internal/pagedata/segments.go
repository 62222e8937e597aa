package pagedata

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/segments"
)

// counts is how many members all segments have, and who is pinned and listed.
type counts struct {
	members map[string]segments.Count
	pins    map[string]int64
	listed  map[string]int64
}

// Segments lists the segments of the config in force.
func (s *Source) Segments(ctx context.Context) (view.SegmentList, error) {
	cfg := s.Config()
	list := view.SegmentList{At: hygiene.InstantOf(time.Now())}
	files, err := s.lastFiles(cfg)
	counted := s.count(ctx, cfg)
	for i := range cfg.Segments {
		list.Segments = append(list.Segments, summaryOf(cfg, &cfg.Segments[i], counted, files))
	}
	return list, err
}

// Segment describes a segment, with some members as of now.
func (s *Source) Segment(ctx context.Context, name string) (view.SegmentPage, error) {
	cfg := s.Config()
	segment, err := segmentNamed(cfg, name)
	if err != nil {
		return view.SegmentPage{}, err
	}
	page := view.SegmentPage{At: hygiene.InstantOf(time.Now()), Written: settingsOf(segment), List: segment.List}
	files, err := s.lastFiles(cfg)
	if err != nil {
		return page, err
	}
	counted := s.count(ctx, cfg)
	page.SegmentSummary = summaryOf(cfg, segment, counted, files)
	page.Pins, page.Listed = counted.Value.pins[name], counted.Value.listed[segment.List]
	return page, s.addMembers(ctx, cfg, segment, &page)
}

func segmentNamed(cfg *config.Config, name string) (*segments.Segment, error) {
	i := slices.IndexFunc(cfg.Segments, func(s segments.Segment) bool { return s.Name == name })
	if i < 0 {
		return nil, console.NewAPIError(http.StatusNotFound, fmt.Errorf("there is no segment %q in %s", name, cfg.Path))
	}
	return &cfg.Segments[i], nil
}

// count counts the members of all segments, beside the page.
func (s *Source) count(ctx context.Context, cfg *config.Config) answer[counts] {
	return ask(ctx, &s.Passes, question{name: "segments of " + cfg.Hash}, func(ctx context.Context, _ *ui.Printer) (found counts, err error) {
		files, err := s.lastFiles(cfg)
		if err != nil {
			return found, err
		}
		since := map[string]segments.Reference{}
		for name, f := range files {
			since[name] = f.Reference
		}
		snapshot, err := s.Store.Snapshot()
		if err != nil {
			return found, err
		}
		found.members, err = segments.CountMembers(ctx, cfg.Segments, since, hygiene.InstantOf(time.Now()), snapshot, s.Store)
		if closeErr := snapshot.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return found, err
		}
		if found.pins, err = s.Store.PinnedSegments(); err != nil {
			return found, err
		}
		found.listed = map[string]int64{}
		lists, err := s.Store.Lists()
		for _, l := range lists {
			found.listed[l.Name] = l.Contacts
		}
		return found, err
	})
}

// lastFile is the last file of a segment that readers have.
type lastFile struct {
	segments.Reference
	rows int64
	asOf hygiene.Instant
}

// lastFiles finds the last file of each segment, in the first export that has one.
func (s *Source) lastFiles(cfg *config.Config) (map[string]lastFile, error) {
	files := map[string]lastFile{}
	for _, e := range cfg.Exports {
		bases, err := s.Store.Bases(e.Name)
		if err != nil {
			return nil, err
		}
		for name, base := range bases {
			if _, known := files[name]; known || !slices.Contains(e.Segments, name) {
				continue
			}
			f := lastFile{Reference: segments.Reference{Export: e.Name, Run: base.Run}, rows: base.Rows}
			if at, err := time.Parse(segments.RunLayout, base.Run); err == nil {
				run, _, err := s.Store.RunOf(e.Name, hygiene.InstantOf(at))
				if err != nil {
					return nil, err
				}
				f.asOf = run.AsOf
			}
			files[name] = f
		}
	}
	return files, nil
}

func summaryOf(cfg *config.Config, segment *segments.Segment, counted answer[counts], files map[string]lastFile) view.SegmentSummary {
	sum := view.SegmentSummary{Name: segment.Name, Words: segment.Words(), Counting: counted.Running,
		Count: counted.Value.members[segment.Name], CountedAt: counted.At}
	if sum.Err == nil {
		sum.Err = counted.Err
	}
	if f, ok := files[segment.Name]; ok {
		sum.File, sum.FileRows, sum.FileAsOf = f.Reference, f.rows, f.asOf
	}
	for _, e := range cfg.Exports {
		if slices.Contains(e.Segments, segment.Name) {
			sum.Exports = append(sum.Exports, e.Name)
		}
	}
	return sum
}

// settingsOf is the segment as the config says it.
func settingsOf(segment *segments.Segment) (list []view.SettingText) {
	if segment.List != "" {
		list = append(list, view.SettingText{Name: "list", Text: segment.List})
	}
	if segment.Where != nil {
		list = append(list, view.SettingText{Name: "where", Text: segment.Where.String()})
	}
	list = append(list, view.SettingText{Name: "suppressed", Text: segment.SuppressedText()})
	var columns []string
	for _, c := range segment.Columns {
		columns = append(columns, c.String())
	}
	if columns != nil {
		list = append(list, view.SettingText{Name: "columns", Text: "[" + strings.Join(columns, ", ") + "]"})
	}
	return list
}

const (
	shownMembers = 10
	// lookedAt is how many contacts are looked at for members: some ten milliseconds.
	lookedAt = 1000
)

// addMembers adds the first members, as they are now. Of a segment that few are in, none
// may be found soon; then the first keys of the last file are shown.
func (s *Source) addMembers(ctx context.Context, cfg *config.Config, segment *segments.Segment, page *view.SegmentPage) error {
	w := s.writing(cfg, segment, segments.CSV)
	w.Most, w.Look = shownMembers, lookedAt
	w.Segments = slices.Clone(w.Segments)
	i := slices.IndexFunc(w.Segments, func(other segments.Segment) bool { return other.Name == segment.Name })
	w.Segments[i].Columns = keyFirst(segment.Columns)
	snapshot, err := s.Store.Snapshot()
	if err != nil {
		return err
	}
	var text bytes.Buffer
	written, err := segments.Write(ctx, &text, w, snapshot)
	if closeErr := snapshot.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	rows, err := csv.NewReader(&text).ReadAll()
	if err != nil {
		return err
	}
	page.Header, page.Shown = rows[0], rows[1:]
	if written.Whole {
		return nil
	}
	if page.Rest = view.MoreMembers; len(page.Shown) == 0 && page.File.Run != "" {
		keys, err := segments.FirstMembers(s.Store, page.File, segment.Name, shownMembers)
		if err != nil {
			return nil // the list is not kept any more, or damaged: nothing depends on it here
		}
		page.Header, page.Rest = []string{"contact"}, view.OnlyInLastFile
		for _, key := range keys {
			page.Shown = append(page.Shown, []string{key})
		}
	}
	return nil
}

// keyFirst is the columns with the contact's key as the first.
func keyFirst(columns []segments.Column) []segments.Column {
	if len(columns) == 0 {
		columns = segments.DefaultColumns()
	}
	rest := slices.DeleteFunc(slices.Clone(columns), func(c segments.Column) bool { return c.String() == "contact" })
	return append([]segments.Column{segments.DefaultColumns()[0]}, rest...)
}

// writing says how the segment is written: as by the first export that has it.
func (s *Source) writing(cfg *config.Config, segment *segments.Segment, format segments.Format) segments.Writing {
	w := segments.Writing{Segments: cfg.Segments, Name: segment.Name, Format: format, AsOf: hygiene.InstantOf(time.Now()), PhoneKeys: cfg.Keys.Phone}
	if i := slices.IndexFunc(cfg.Exports, func(e segments.Export) bool { return slices.Contains(e.Segments, segment.Name) }); i >= 0 {
		w.CSV, w.Times = cfg.Exports[i].CSV, cfg.Exports[i].Times
	}
	return w
}

// WriteSegment returns what writes the segment as of now, csv or json. Its own error is that
// there is no such segment.
func (s *Source) WriteSegment(name, format string) (write func(ctx context.Context, to io.Writer) error, err error) {
	cfg := s.Config()
	segment, err := segmentNamed(cfg, name)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, to io.Writer) error {
		return spooled(ctx, s.Store.ScratchFolder(), to, func(ctx context.Context, spool io.Writer) error {
			s.downloads.Lock() // one pass at a time, however many ask
			defer s.downloads.Unlock()
			snapshot, err := s.Store.Snapshot()
			if err != nil {
				return err
			}
			_, err = segments.Write(ctx, spool, s.writing(cfg, segment, segments.Format(format)), snapshot)
			if closeErr := snapshot.Close(); err == nil {
				err = closeErr
			}
			return err
		})
	}, nil
}
