package plot

import (
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
)

var now = hygiene.InstantOf(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))

// someDays are three days: a good one, one without events, and a bad one.
func someDays() []view.Day {
	start := now - now%hygiene.Instant(hygiene.Day.Microseconds())
	return []view.Day{
		{Start: start.Add(-2 * hygiene.Day), Counts: view.Counts{Outcomes: map[string]int64{"delivered": 990, "hard_bounce": 10}, Delivered: 990, Tried: 1000}},
		{Start: start.Add(-hygiene.Day), Counts: view.Counts{Outcomes: map[string]int64{}}},
		{Start: start, Counts: view.Counts{Outcomes: map[string]int64{"delivered": 80, "hard_bounce": 20, "unrecognized": 1}, Delivered: 80, Tried: 100}},
	}
}

// daysOf are days up to today with so many of 100 delivered; below 0 nothing was tried.
func daysOf(delivered ...int64) (list []view.Day) {
	start := now - now%hygiene.Instant(hygiene.Day.Microseconds())
	for i, n := range delivered {
		day := view.Day{Start: start.Add(-time.Duration(len(delivered)-1-i) * hygiene.Day)}
		if n >= 0 {
			day.Counts = view.Counts{Delivered: n, Tried: 100}
		}
		list = append(list, day)
	}
	return list
}

func TestADayWithoutMessagesBreaksTheLine(t *testing.T) {
	c := DaysOf(daysOf(90, 95, -1, 80), nil)
	if len(c.Lines) != 1 || len(c.Points) != 3 || len(c.Table) != 4 || c.Table[1].Share != "–" {
		t.Errorf("%d lines, %d points, table %+v", len(c.Lines), len(c.Points), c.Table)
	}
}

// Points are circles of a fixed size, so a day alone is as visible as any other.
func TestASingleDayIsAPoint(t *testing.T) {
	c := DaysOf(daysOf(-1, -1, 97), nil)
	if len(c.Points) != 1 || len(c.Lines) != 0 || len(c.Y) < 3 {
		t.Errorf("%+v", c)
	}
}

func TestDeliverabilityOfNothingIsNotShown(t *testing.T) {
	if c := DaysOf(daysOf(-1), nil); c != nil {
		t.Errorf("%+v", c)
	}
}

func TestTheChartHoldsAllItDrawsAndHasAFewLabels(t *testing.T) {
	for delivered := range int64(101) {
		c := DaysOf(daysOf(delivered, 100), nil)
		for _, p := range c.Points {
			if p.Y < 0 || p.Y > 100 {
				t.Fatalf("%d of 100 is drawn at %g", delivered, p.Y)
			}
		}
		if n := len(c.Y); n < 3 || n > 6 || c.Y[0].Text != "100 %" || c.Y[n-1].At > 100.1 {
			t.Fatalf("with %d of 100 the labels are %+v", delivered, c.Y)
		}
	}
}

func TestWeekendsAreShadedAndDaysNamed(t *testing.T) {
	days := make([]int64, 30)
	c := DaysOf(daysOf(append(days, 90)...), nil)
	if len(c.Weekends) != 10 { // of the Saturday 24 October to the Monday 23 November
		t.Errorf("%d days of weekends", len(c.Weekends))
	}
	if n := len(c.X); n != 5 || c.X[n-1].Text != "today" || c.X[n-2].Text != "16 Nov" {
		t.Errorf("labels %+v", c.X)
	}
}

func TestWhatHappenedIsMarkedOnItsDay(t *testing.T) {
	days := daysOf(90, 90, 90, 90, 90, 90, 90, 90, 90, 60)
	at := func(ago int) hygiene.Instant { return now.Add(-time.Duration(ago) * hygiene.Day) }
	c := DaysOf(days, []view.Mark{
		view.Mark{At: at(30), Kind: view.PolicyMark, Text: "before these days"},
		view.Mark{At: at(12), Until: at(8), Kind: view.HeldMark, Text: "5 runs held"},
		view.Mark{At: at(5), Kind: view.PolicyMark, Text: "new policy"},
		view.Mark{At: at(5), Kind: view.UndoMark, Text: "undo by ali"},
		view.Mark{At: at(0), Kind: view.SurgeMark, Text: "surge"},
		view.Mark{At: at(-2), Kind: view.SurgeMark, Text: "of a clock that was ahead"},
	})
	var texts []string
	for _, m := range c.Marks {
		texts = append(texts, m.Text)
	}
	if got := strings.Join(texts, ", "); got != "5 runs held, new policy, undo by ali, surge" {
		t.Errorf("marks: %s", got)
	}
	if len(c.Held) != 1 || c.Held[0].X != 0 || c.Held[0].Width != 20 {
		t.Errorf("held nights are drawn at %+v", c.Held)
	}
	if c.Marks[1].X != c.Points[4].X || c.Marks[1].Row == c.Marks[2].Row || c.Marks[3].Anchor != "end" {
		t.Errorf("marks are drawn as %+v", c.Marks)
	}
	if got := c.Table[5].Marks; len(got) != 2 {
		t.Errorf("in the table that day has %q", got)
	}
}

func TestFailuresAreSharesInOneScale(t *testing.T) {
	f := FailuresOf(someDays())
	if len(f.Rows) != 2 || f.Rows[0].Name != "hard bounce" || !f.Rows[1].Urgent || f.Highest != "20.0 % hard bounce on 23 Nov" || f.LastDay != "today" {
		t.Fatalf("%+v", f)
	}
	if hard := f.Rows[0]; hard.Last != "20.0 %" || hard.Total != "2.7 %" || hard.Bars[0].Height != 2 || hard.Bars[2].Height != barsHeight {
		t.Errorf("hard bounces: %+v", hard)
	}
	if row := f.Rows[1]; row.Bars[2].Height != barsHeight/20. {
		t.Errorf("unrecognized, 1 %% of a day whose highest is 20 %%: %+v", row.Bars)
	}
}
