package pages

import (
	"winnow/internal/console/view"
)

// segmentsData is what the page Segments shows.
type segmentsData struct {
	view.SegmentList
	Rows []segmentRow
}

// segmentRow is a segment as pages show it.
type segmentRow struct{ view.SegmentSummary }

var (
	segmentsPage = parsed("segments.html")
	segmentPage  = parsed("segment.html")
)

// Segments makes the page of all segments.
func Segments(p Page, list view.SegmentList) ([]byte, error) {
	p.Tab, p.At = "Segments", list.At
	data := segmentsData{SegmentList: list}
	for _, s := range list.Segments {
		data.Rows = append(data.Rows, segmentRow{s})
	}
	return render(segmentsPage, p, "Segments", data)
}

// CountedRow is the row that says when all were counted; nil when there is none.
func (d segmentsData) CountedRow() *segmentRow {
	if len(d.Rows) == 0 {
		return nil
	}
	return &d.Rows[0]
}

// Change is how many members there are more than in the last file, or fewer.
func (r segmentRow) Change() int64 { return r.Came - r.Went }

// segmentData is what the page of a segment shows.
type segmentData struct {
	view.SegmentPage
	Row segmentRow
}

// Segment makes the page of a segment.
func Segment(p Page, s view.SegmentPage) ([]byte, error) {
	p.Tab, p.At = "Segments", s.At
	return render(segmentPage, p, s.Name, segmentData{s, segmentRow{s.SegmentSummary}})
}

// AllShown reports whether the members that are shown are all.
func (d segmentData) AllShown() bool { return d.Rest == view.NoMoreMembers }

// FromFile reports whether the members are those of the last file.
func (d segmentData) FromFile() bool { return d.Rest == view.OnlyInLastFile }
