package segments_test

import (
	"strings"
	"testing"
	"time"

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
		p.Bases = map[string]segments.Base{"all": {Run: "2027-01-14T080000Z", RunSegment: segments.RunSegment{Segment: "all", Rows: before, Days: 2}}}
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
		{"one fewer", share(.3), 1000, 699, `segment "all" would shrink: 1000 → 699 rows (-30.1%, allowed 30%)`},
		{"just at the limit, more", share(.3), 1000, 1300, ""},
		{"one more", share(.3), 1000, 1301, `segment "all" would grow: 1000 → 1301 rows (+30.1%, allowed 30%)`},
		{"a limit that is no exact number", share(.123), 1000, 877, ""},
		{"barely over reads as over", share(.3), 200_000, 139_999, "(-30.01%, allowed 30%)"},
		{"few count as a hundred", share(.3), 10, 40, ""},
		{"few, and more than that", share(.3), 10, 41, "10 → 41 rows (+31%, allowed 30%; fewer than 100 rows are taken as 100)"},
		{"no change at all is allowed", share(0), 10, 11, "10 → 11 rows (+1%, allowed 0%; fewer than 100 rows are taken as 100)"},
		{"and none happened", share(0), 10, 10, ""},
		{"from nothing", share(.3), 0, 31, "0 → 31 rows (+31%, allowed 30%"},
		{"more than all", share(1), 100, 201, "(+101%, allowed 100%)"},
		{"nothing before", share(0), -1, 50, ""},
		{"one limit for all", segments.Guard{MaxChangeAll: .1}, 1000, 800, "(-20%, allowed 10%)"},
		{"a limit for another", segments.Guard{MaxChange: map[string]float64{"other": 0}}, 1000, 0, ""},
		{"enough rows", least, -1, 5, ""},
		{"too few rows, also of a first run", least, -1, 4, `segment "all" has 4 rows now, and its min_rows is 5`},
		{"growth where only shrinking harms", segments.Guard{MaxShrink: limits(.3)}, 1000, 5000, ""},
		{"shrinking where only shrinking harms", segments.Guard{MaxShrink: limits(.3)}, 1000, 699, "1000 → 699 rows (-30.1%, allowed 30%)"},
		{"shrinking where only growth harms", segments.Guard{MaxGrowth: limits(.3)}, 1000, 0, ""},
		{"growth where only growth harms", segments.Guard{MaxGrowth: limits(.3)}, 1000, 1301, "1000 → 1301 rows (+30.1%, allowed 30%)"},
		{"a limit for each way", segments.Guard{MaxGrowth: limits(1), MaxShrink: limits(.1)}, 1000, 899, "(-10.1%, allowed 10%)"},
		{"growth of a young list", segments.Guard{MaxGrowth: limits(.3), After: 3}, 1000, 100_000, ""},
		{"shrinking of a young list", segments.Guard{MaxChange: limits(.3), After: 3}, 1000, 600, "1000 → 600 rows"},
		{"growth of a list that is old enough", segments.Guard{MaxChange: limits(.3), After: 2}, 1000, 1301, "1000 → 1301 rows"},
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

func limits(share float64) map[string]float64 { return map[string]float64{"all": share} }

func TestAChangeThatStaysIsShownAsOne(t *testing.T) {
	held := func(rows ...int64) (list []segments.HeldRun) {
		for i, n := range rows {
			list = append(list, segments.HeldRun{Name: segments.RunName(noon.Add(-time.Duration(i+1) * hygiene.Day)), Rows: map[string]int64{"all": n}})
		}
		return list
	}
	grew := segments.Guard{MaxGrowth: limits(.3)}
	for _, c := range []struct {
		name  string
		guard segments.Guard
		held  []segments.HeldRun
		says  string
	}{
		{"the first held run", grew, nil, "allowed 30%; fewer than 100 rows are taken as 100); the run is held"},
		{"the second", grew, held(598), "; the change stays, since held run 2027-01-14T080000Z with 598 rows; the run is held"},
		{"the fourth", grew, held(602, 590, 598), "; the change stays, since held run 2027-01-12T080000Z with 598 rows; "},
		{"it came back", grew, held(602, 30, 598), "; the change stays, since held run 2027-01-14T080000Z with 602 rows; "},
		{"the run before was held for another reason", grew, held(30, 598), "; held run 2027-01-14T080000Z had 30 rows; "},
		{"the run before was held without the segment", grew, []segments.HeldRun{{Name: "2027-01-14T080000Z"}}, "taken as 100); the run is held"},
		{"too few rows", segments.Guard{MinRows: map[string]int64{"all": 700}}, held(590), "its min_rows is 700; the change stays, since held run 2027-01-14T080000Z with 590 rows; "},
	} {
		many := make(roster, 604)
		for i := range many {
			many[i] = &hygiene.Contact{Key: "k"}
		}
		p := plan(csvOnly, segments.Segment{Name: "all"})
		p.Export.Guard, p.Held, p.Previous = c.guard, c.held, "2027-01-11T080000Z"
		p.Bases = map[string]segments.Base{"all": {Run: p.Previous, RunSegment: segments.RunSegment{Segment: "all", Rows: 20}}}
		r, _ := execute(t, p, many)
		if !strings.Contains(r.Run.Error, c.says) || !strings.Contains(r.Run.Error, "readers keep run 2027-01-11T080000Z") {
			t.Errorf("%s: %q, want %q", c.name, r.Run.Error, c.says)
		}
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
	want := `discarded when run nightly/later was published; it was held because: segment "all" would grow: 1000 → 1301 rows (+30.1%, allowed 30%)`
	if run.Status != segments.Discarded || run.Error != want {
		t.Errorf("it is %s: %q, want %q", run.Status, run.Error, want)
	}
}
