package hygiene

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestWalkVisitsEverythingFromOutsideToInside(t *testing.T) {
	c := All{TagTest("a"), Any{Not{ListTest("b")}, All{}}, StatusTest{Active}}
	var visited []string
	Walk(c, func(c Condition) bool {
		visited = append(visited, c.String())
		return true
	})
	want := []string{c.String(), "{tag: a}", "{any: [{not: {list: b}}, {all: []}]}", "{not: {list: b}}", "{list: b}", "{all: []}", "{status: active}"}
	if !slices.Equal(visited, want) {
		t.Errorf("visited %q", visited)
	}
	visited = nil
	Walk(c, func(c Condition) bool {
		visited = append(visited, c.String())
		_, in := c.(Any)
		return !in
	})
	if !slices.Equal(visited, []string{want[0], want[1], want[2], want[6]}) {
		t.Errorf("without what is inside any it visited %q", visited)
	}
	Walk(nil, func(Condition) bool { t.Error("nothing was visited"); return true })
}

func TestInputsAreAllThatAConditionLooksAt(t *testing.T) {
	in := InputsOf(everyTest().Rules[0].Where)
	if in.Outcomes != OutcomesOf(Sent, Opened, Delivered) || !slices.Equal(in.Codes, []string{"1", "2"}) || !slices.Equal(in.Reasons, []string{"dormant"}) ||
		!slices.Equal(in.Lists, []string{"l"}) || !slices.Equal(in.Segments, []string{"s"}) || !slices.Equal(in.Attributes, []string{"country", "vip"}) {
		t.Errorf("%+v", in)
	}
	if in := InputsOf(nil); in.Outcomes != 0 || in.Attributes != nil {
		t.Errorf("no condition looks at %+v", in)
	}
}

// TestNoAnswerChangesBeforeItIsSaidTo lets time pass until just before the next
// change that is announced.
func TestNoAnswerChangesBeforeItIsSaidTo(t *testing.T) {
	announced, changed := 0, 0
	forRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c := &Contact{Key: "k", Attributes: Attributes{{Name: "age", Value: ParseValue("41")}, {Name: "city", Value: ParseValue("Oslo")}}}
		arrive(t, p, c, randomEvents(r, 5+r.IntN(60), true), 0)
		at := c.History.Latest().At.Add(time.Duration(r.IntN(30)) * Day)
		ask := func(q Condition, at Instant) bool {
			return q.Holds(&Subject{Contact: c, At: EndOf(at), InList: func(string) bool { return true }, InSegment: func(string) bool { return false }})
		}
		for range 20 {
			// Mostly one test alone: one that asks for the status may always change next,
			// and would hide the others beside it.
			q := generator{Rand: r}.question(max(0, r.IntN(6)-3))
			next := nextChangeOf(q, &c.History, at)
			if next != 0 && next <= at {
				t.Fatalf("%s is said to change in the past", q)
			}
			until := at.Add(400 * Day)
			if next != 0 {
				announced, until = announced+1, next-1
			}
			for _, later := range []Instant{until, at + (until-at)/2, at + (until-at)/3} {
				if ask(q, at) != ask(q, later) {
					t.Errorf("%s changed between %s and %s, and the next change is said to be %s", q, at, later, next)
				}
			}
			if next != 0 && ask(q, at) != ask(q, next) {
				changed++
			}
		}
	})
	if announced < 100 || changed < 20 {
		t.Errorf("%d changes were announced, %d came true: the law was held against too few", announced, changed)
	}
}
