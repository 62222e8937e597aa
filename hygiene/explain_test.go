package hygiene

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// question is any condition that a segment may have, nested up to depth.
func (d generator) question(depth int) Condition {
	if depth > 0 && d.one(2) {
		var of []Condition
		for range d.IntN(4) {
			of = append(of, d.question(depth-1))
		}
		return []Condition{All(of), Any(of), Not{d.question(depth - 1)}}[d.IntN(3)]
	}
	age := time.Duration(1+d.IntN(20)) * Day
	switch d.IntN(9) {
	case 0:
		return StatusTest{Active + Status(d.IntN(4))}
	case 1:
		return ReasonTest{[]string{"a", "hard_bounce", "manual", OptedOut}[d.IntN(4)]}
	case 2:
		return TagTest([]string{"t", "apart", "content-review"}[d.IntN(3)])
	case 3:
		return ListTest([]string{"staff", "vip"}[d.IntN(2)])
	case 4:
		return SegmentTest([]string{"reachable", "vip"}[d.IntN(2)])
	case 5:
		return AttributeTest{[]string{"age", "city", "missing"}[d.IntN(3)], d.comparison()}
	case 6:
		return ContactTest{d.comparison()}
	case 7:
		return SeenTest{First: d.one(2), Within: age}
	}
	return d.condition()
}

func (d generator) comparison() Comparison {
	v := ParseValue([]string{"41", "Oslo", "2026-01-02", "k"}[d.IntN(4)])
	return Comparison{Op: Operators[d.IntN(len(Operators))], Values: []Value{v}, Exists: d.one(2)}
}

// consistent checks that every verdict is the condition's own, that those of parts add
// up, and that each has a reason.
func consistent(t *testing.T, c Condition, s *Subject, f *Finding) {
	t.Helper()
	if f.Holds != c.Holds(s) || f.Test != c.String() {
		t.Errorf("%s holds: %t, but the finding says %t of %s", c, c.Holds(s), f.Holds, f.Test)
	}
	var parts []Condition
	fails := func(p Finding) bool { return !p.Holds }
	adds := f.Parts == nil
	switch c := c.(type) {
	case All:
		parts, adds = c, f.Holds != slices.ContainsFunc(f.Parts, fails)
	case Any:
		parts, adds = c, f.Holds == slices.ContainsFunc(f.Parts, func(p Finding) bool { return p.Holds })
	case Not:
		parts = []Condition{c.Of}
		adds = len(f.Parts) == 1 && f.Holds == fails(f.Parts[0])
		inside := *s // what speaks for the contact is not struck
		inside.struck, inside.spared = s.spared, s.struck
		s = &inside
	}
	if !adds || len(parts) != len(f.Parts) {
		t.Fatalf("%s is %t, but its parts are %+v", c, f.Holds, f.Parts)
	}
	if len(parts) == 0 && f.Why.String() == "" && !strings.HasSuffix(c.String(), ": []}") {
		t.Errorf("%s is %t for no reason", c, f.Holds)
	}
	for i := range parts {
		consistent(t, parts[i], s, &f.Parts[i])
	}
}

func TestAFindingSaysWhatTheConditionSays(t *testing.T) {
	held := map[bool]int{}
	forRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c := &Contact{Key: "k", Attributes: Attributes{{Name: "age", Value: ParseValue("41")}, {Name: "city", Value: ParseValue("Oslo")}}}
		applyDisturbed(r, p, c, randomEvents(r, 5+r.IntN(120), r.IntN(2) == 0), func() {})
		s := &Subject{Contact: c, At: EndOf(c.History.Latest().At.Add(time.Duration(r.IntN(60)-20) * Day)),
			InList: func(l string) bool { return l == "staff" }, InSegment: func(s string) bool { return s == "vip" }}
		if r.IntN(3) == 0 {
			s.struck = func(e *Entry) bool { return e.Seq%3 == 0 }
		}
		for range 30 {
			q := generator{Rand: r}.question(4)
			f := Explain(q, s)
			consistent(t, q, s, &f)
			held[f.Holds]++
		}
	})
	if held[true] < 100 || held[false] < 100 {
		t.Errorf("the conditions are no test: %v", held)
	}
}

func TestEveryKeptEntryIsCountedOrExcludedForAReason(t *testing.T) {
	reasons := map[exclusion]int{}
	forRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c := &Contact{}
		applyDisturbed(r, p, c, randomEvents(r, 5+r.IntN(200), r.IntN(2) == 0), func() {})
		s := &Subject{Contact: c, At: EndOf(c.History.Latest().At.Add(time.Duration(-r.IntN(9)) * Day))}
		s.struck = []func(*Entry) bool{nil, func(e *Entry) bool { return e.Seq%2 == 0 }}[r.IntN(2)]
		for range 20 {
			q := generator{Rand: r}.counting()
			record := q.record(&c.History, s.At, s.struck)
			if n := q.count(&c.History, s.At, EntriesKept*int(outcomeEnd), s.struck).n; len(record.counted) != n {
				t.Errorf("%s counts %d, the engine %d", q.String(), len(record.counted), n)
			}
			most := 1 + r.IntN(6)
			if a, b := record.tally(most), q.count(&c.History, s.At, most, s.struck); !reflect.DeepEqual(a, b) {
				t.Errorf("%s records %+v, and counts %+v", q.String(), a, b)
			}
			if reaches := q.reaches(&c.History, s.At, s.struck); reaches != (len(record.counted) >= q.Count) {
				t.Errorf("%s reaches its count: %t; it records %d", q.String(), reaches, len(record.counted))
			}
			kept, n := 0, len(record.counted)
			for o := range q.Outcomes.All() {
				kept += len(c.History.Outcome(o).Entries)
			}
			for _, x := range record.excluded {
				n += x.n
				reasons[x.why]++
				if record.reason(x.why).String() == "" {
					t.Errorf("%d has no reason", x.why)
				}
			}
			if n != kept {
				t.Errorf("%s: %d entries are kept, %d are counted or excluded", q.String(), kept, n)
			}
		}
	})
	for why := later; why < ofOther; why++ {
		if reasons[why] == 0 {
			t.Errorf("nothing was excluded for reason %d: %v", why, reasons)
		}
	}
}

func TestAFindingShowsTheValueThatDecided(t *testing.T) {
	s := exampleScenario(t)
	for i, d := range []float64{0, 1, 2, 10, 30, 31} {
		s.eventOf(fmt.Sprint("s", i), d, SoftBounce)
		if d == 2 {
			s.eventOf("d", 3, Delivered)
		}
	}
	s.eventOf("h", 32, HardBounce)
	for i := range 3 {
		s.eventOf(fmt.Sprint("c", i), 33, CarrierViolation)
	}
	s.c.Key, s.c.Attributes = "crm-7", Attributes{{Name: "age", Value: ParseValue("old")}, {Name: "country", Value: ParseValue("FR")}}
	subject := &Subject{Contact: &s.c, At: EndOf(day(40)), InList: func(string) bool { return false }, InSegment: func(string) bool { return true }}
	text := func(s string) []Value { return []Value{ParseValue(s)} }
	soft := Counting{Outcomes: OutcomesOf(SoftBounce), Count: 4, Within: 14 * Day, Since: OutcomesOf(Delivered)}
	often := Counting{Outcomes: OutcomesOf(SoftBounce), Count: 2}
	for _, test := range []struct {
		c    Condition
		want string
	}{
		{OutcomeTest{soft}, "soft_bounce: 2 of 4 counted (2026-01-31T00:00:00Z, 2026-02-01T00:00:00Z); " +
			"not counted: 4 outside 14d (the latest 2026-01-11T00:00:00Z)"},
		{OutcomeTest{Counting{Outcomes: OutcomesOf(SoftBounce), Count: 4, Since: OutcomesOf(Delivered)}},
			"soft_bounce: 3 of 4 counted (2026-01-11T00:00:00Z, 2026-01-31T00:00:00Z, 2026-02-01T00:00:00Z); " +
				"not counted: 3 not after the delivery of 2026-01-04T00:00:00Z (the latest 2026-01-03T00:00:00Z)"},
		{OutcomeTest{often}, "soft_bounce: 6 counted, 2 needed (the latest 2026-01-03T00:00:00Z, 2026-01-11T00:00:00Z, 2026-01-31T00:00:00Z, 2026-02-01T00:00:00Z)"},
		{OutcomeTest{Counting{Outcomes: OutcomesOf(Clicked, Opened), Count: 1}}, "no opening or click is known"},
		{OutcomeTest{Counting{Outcomes: OutcomesOf(Delivered), Count: 1, Within: 30 * Day}},
			"delivered: 0 of 1 counted; not counted: 1 outside 30d (2026-01-04T00:00:00Z)"},
		{StatusTest{Active}, "is suppressed"},
		{ReasonTest{"dormant"}, "suppressed for hard_bounce"},
		{TagTest("content-review"), "tagged content-review since 2026-02-03T00:00:00Z"},
		{TagTest("vip"), "not tagged vip"},
		{ListTest("staff"), "is not on list staff"},
		{SegmentTest("reachable"), "is in reachable"},
		{AttributeTest{"country", Comparison{Op: In, Values: text("TR")}}, `country is "FR"`},
		{AttributeTest{"city", Comparison{Op: Is, Values: text("Oslo")}}, "city is not set"},
		{AttributeTest{"age", Comparison{Op: AtLeast, Values: text("18")}}, `age is "old", which can't be compared with 18`},
		{ContactTest{Comparison{Op: StartsWith, Values: text("vip-")}}, `the key is "crm-7"`},
		{SeenTest{OlderThan: Day}, "last seen 7d ago, at 2026-02-03T00:00:00Z"},
		{SeenTest{First: true, Within: Day}, "first seen 40d ago, at 2026-01-01T00:00:00Z"},
		{All{OutcomeTest{often}, StatusTest{Active}, SegmentTest("x")}, "is suppressed"},
		{All{Not{StatusTest{Active}}, SegmentTest("x")}, "is suppressed; is in x"},
		{Any{OutcomeTest{often}, SegmentTest("x")}, "is in x"},
		{Any{StatusTest{Active}, ListTest("staff")}, "is suppressed; is not on list staff"},
	} {
		if got := Explain(test.c, subject).Why.String(); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.c, got, test.want)
		}
	}
}

func TestAPartBehindTheOneThatDecidedHasItsVerdict(t *testing.T) {
	s := &Subject{Contact: &Contact{Key: "k"}, At: EndOf(day(1))}
	f := Explain(All{StatusTest{Cooling}, StatusTest{Active}, TagTest("t")}, s)
	if f.Holds || len(f.Parts) != 3 || !f.Parts[1].Holds || f.Parts[2].Why.String() != "not tagged t" {
		t.Errorf("found %+v", f)
	}
}

func TestAFindingSaysWhatTheHistoryNoLongerKeeps(t *testing.T) {
	s := exampleScenario(t)
	for i := range 20 {
		s.happens(float64(i), Opened, []string{"a", "b"}[i/4&1])
	}
	q := Counting{Outcomes: OutcomesOf(Opened), Count: 16, Source: "b"}
	why := Explain(OutcomeTest{q}, &Subject{Contact: &s.c, At: EndOf(day(30))}).Why.String()
	if !strings.Contains(why, "of another source") || !strings.HasSuffix(why, "; what was before 2026-01-05T00:00:00Z is no longer kept") {
		t.Errorf("the reason is %s", why)
	}
	q.Within = 20 * Day // reaches no further than what is kept
	if why := Explain(OutcomeTest{q}, &Subject{Contact: &s.c, At: EndOf(day(30))}).Why.String(); strings.Contains(why, "no longer kept") {
		t.Errorf("the reason is %s", why)
	}
}

func TestARuleThatWasEditedIsNotTheOneThatActed(t *testing.T) {
	s := exampleScenario(t)
	s.happens(0, HardBounce, "a")
	cause := &s.c.Suppressions[0].Cause
	if r := s.p.RuleOf(cause); r == nil || r.Name != "suppress-hard-bounce" {
		t.Errorf("the rule is %v", r)
	}
	edited := NewPolicy([]Rule{{Name: "suppress-hard-bounce", When: counting(2, 0, 0, HardBounce), Then: suppressFor("hard_bounce", 0)}}, "edited")
	if r := edited.RuleOf(cause); r != nil {
		t.Errorf("the edited rule is %v", r)
	}
}
