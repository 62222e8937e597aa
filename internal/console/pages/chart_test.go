package pages

import (
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/internal/console/view"
)

// someDays are three days: a good one, one without events, and a bad one.
func someDays() []view.Day {
	start := now - now%hygiene.Instant(hygiene.Day.Microseconds())
	return []view.Day{
		{Start: start.Add(-2 * hygiene.Day), Outcomes: map[string]int64{"delivered": 990, "hard_bounce": 10}, Delivered: 990, Tried: 1000},
		{Start: start.Add(-hygiene.Day), Outcomes: map[string]int64{}},
		{Start: start, Outcomes: map[string]int64{"delivered": 80, "hard_bounce": 20, "unrecognized": 1}, Delivered: 80, Tried: 100},
	}
}

func TestDaysAreDrawnAndDescribedInWords(t *testing.T) {
	page := somePage()
	page.Days, page.DaysAt = someDays(), now
	wantWords(t, shown(t, page), "<strong>80.0 %</strong> on 2026-11-23, 97.3 % in all", "at worst 80.0 %", ">75 %<", "2026-11-22: nothing tried",
		"2026-11-21: 99.0 %, 990 of 1,000", "delivered: 990 on 2026-11-21, 80 on 2026-11-23, at most 990 on 2026-11-21",
		`<td class="n">20</td><td class="n">30</td>`, `<tr class="look"><th scope="row">unrecognized</th>`)
}

func TestOutcomesThatDidNotHappenHaveNoRow(t *testing.T) {
	for _, row := range (overview{Overview: view.Overview{Days: someDays()}}).OutcomeRows() {
		if row.Total == 0 || row.Name == "clicked" {
			t.Errorf("there is a row of %s with %d", row.Name, row.Total)
		}
	}
}

func TestADayWithoutMessagesBreaksTheLine(t *testing.T) {
	p := (overview{Overview: view.Overview{Days: someDays()}}).Deliverability().Chart
	if len(p.Lines) != 2 || len(p.Columns) != 3 {
		t.Errorf("%d lines and %d columns: %v", len(p.Lines), len(p.Columns), p.Lines)
	}
}

func TestDeliverabilityOfNothingIsNotShown(t *testing.T) {
	if d := (overview{Overview: view.Overview{Days: []view.Day{{Start: now}}}}).Deliverability(); d != nil {
		t.Errorf("%+v", d)
	}
}

func TestTheLineStaysWithinTheChart(t *testing.T) {
	for delivered := range int64(101) {
		d := (overview{Overview: view.Overview{Days: []view.Day{{Start: now, Delivered: delivered, Tried: 100}, {Start: now, Delivered: 100, Tried: 100}}}}).Deliverability()
		for _, point := range strings.Fields(strings.Join(d.Chart.Lines, " ")) {
			if _, y, _ := strings.Cut(point, ","); strings.HasPrefix(y, "-") || len(y) == 5 && y > "40.00" || strings.ContainsAny(y, "IN") {
				t.Fatalf("%d of 100 is drawn at %s", delivered, point)
			}
		}
	}
}

func TestASmallNumberIsVisibleBesideALargeOne(t *testing.T) {
	p := barChart("sent", []point{{label: "a", n: 1}, {label: "b", n: 1_000_000}, {label: "c"}})
	if p.Columns[0].Height < 1 || p.Columns[1].Height != chartHeight || p.Columns[2].Height != 0 {
		t.Errorf("heights %v", p.Columns)
	}
}

func TestSizesAreComparedWithTheLastPublishedRun(t *testing.T) {
	page := somePage()
	page.Sizes = []view.SegmentSizes{
		{Export: "nightly", Segment: "reachable", Runs: []view.RunSize{{Run: "r1", Rows: 2000}, {Run: "r2", Rows: 500, Held: true}, {Run: "r3", Rows: 900, Held: true}}},
		{Export: "nightly", Segment: "new", Runs: []view.RunSize{{Run: "r3", Rows: 7}}},
		{Export: "nightly", Segment: "never"},
	}
	text := shown(t, page)
	wantWords(t, text, "-1,100", "r2 (held): 500", `<rect class="held"`, "reachable: 2,000 on r1")
	if strings.Contains(text, "never") {
		t.Error("a segment without a run is shown")
	}
}
