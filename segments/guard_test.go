package segments_test

import (
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/segments/destination/local"
)

// guarded makes a run of a segment of now contacts, which had before rows in the
// previous run; before is negative for no previous run.
func guarded(t *testing.T, g segments.Guard, before int64, now int) segments.Run {
	t.Helper()
	many := make(roster, now)
	for i := range many {
		many[i] = &hygiene.Contact{Key: "k"}
	}
	p := plan(csvOnly, segments.Segment{Name: "all"})
	p.Export.Guard = g
	if before >= 0 {
		p.Bases = map[string]segments.Base{"all": {Run: "2027-01-14T080000Z", RunSegment: segments.RunSegment{Segment: "all", Rows: before}}}
	}
	r, err := segments.Execute(t.Context(), p, many, []segments.Publisher{local.Folder(t.TempDir())}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if held := r.Run.Status == segments.Held; held != (len(r.Problems) > 0) || held != strings.Contains(r.Run.Error, "winnow release nightly/") {
		t.Errorf("%s with %v: %q", r.Run.Status, r.Problems, r.Run.Error)
	}
	return r.Run
}

func share(limit float64) segments.Guard {
	return segments.Guard{MaxChange: map[string]float64{"all": limit}}
}

func TestTheGuardHoldsWhatChangesTooMuch(t *testing.T) {
	least := segments.Guard{MinRows: map[string]int64{"all": 5}}
	for _, c := range []struct {
		name   string
		guard  segments.Guard
		before int64
		now    int
		says   string // empty for a run that is published
	}{
		{"just at the limit", share(.3), 1000, 700, ""},
		{"one fewer", share(.3), 1000, 699, `segment "all" had 1000 rows before and has 699 now: a change of 30.1%, and its max_change is 30%`},
		{"just at the limit, more", share(.3), 1000, 1300, ""},
		{"one more", share(.3), 1000, 1301, "a change of 30.1%"},
		{"a limit that is no exact number", share(.123), 1000, 877, ""},
		{"barely over reads as over", share(.3), 200_000, 139_999, "a change of 30.01%, and its max_change is 30%"},
		{"few count as a hundred", share(.3), 10, 40, ""},
		{"few, and more than that", share(.3), 10, 41, "a change of 31% of 100 (fewer rows count as 100)"},
		{"no change at all is allowed", share(0), 10, 11, "a change of 1% of 100 (fewer rows count as 100), and its max_change is 0%"},
		{"and none happened", share(0), 10, 10, ""},
		{"from nothing", share(.3), 0, 31, "a change of 31%"},
		{"more than all", share(1), 100, 201, "a change of 101%"},
		{"nothing before", share(0), -1, 50, ""},
		{"one limit for all", segments.Guard{MaxChangeAll: .1}, 1000, 800, "a change of 20%"},
		{"a limit for another", segments.Guard{MaxChange: map[string]float64{"other": 0}}, 1000, 0, ""},
		{"enough rows", least, -1, 5, ""},
		{"too few rows, also of a first run", least, -1, 4, `segment "all" has 4 rows now, and its min_rows is 5`},
		{"no guard", segments.Guard{}, 1000, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := guarded(t, c.guard, c.before, c.now)
			want := segments.Published
			if c.says != "" {
				want = segments.Held
			}
			if run.Status != want || !strings.Contains(run.Error, c.says) {
				t.Errorf("%s: %q; want %s: %q", run.Status, run.Error, want, c.says)
			}
		})
	}
}

func TestASegmentThatFailsIsNoReasonToHold(t *testing.T) {
	p := plan(csvOnly, segments.Segment{Name: "lost", List: "gone"}, segments.Segment{Name: "well"})
	p.Export.Guard = segments.Guard{MaxChangeAll: .1, MinRows: map[string]int64{"lost": 1}}
	p.Bases = map[string]segments.Base{"lost": {RunSegment: segments.RunSegment{Rows: 1000}}}
	if r, _ := execute(t, p, people()); r.Run.Status != segments.Published || len(r.Problems) != 1 {
		t.Errorf("the run is %s: %v", r.Run.Status, r.Problems)
	}
}

func TestADiscardedRunSaysWhyItWasHeldAndNotHowToPublishIt(t *testing.T) {
	run := guarded(t, share(.3), 1000, 1301)
	run.Discard("discarded when run nightly/later was published")
	want := `discarded when run nightly/later was published; it was held because: segment "all" had 1000 rows before and has 1301 now: a change of 30.1%, and its max_change is 30%`
	if run.Status != segments.Discarded || run.Error != want {
		t.Errorf("it is %s: %q, want %q", run.Status, run.Error, want)
	}
}
