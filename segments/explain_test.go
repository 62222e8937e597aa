package segments

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"winnow/hygiene"
)

// halves is lists of which each has half of all contacts.
type halves struct{}

func (halves) InList(list, key string) (bool, error) { return (len(list)+len(key))%2 == 0, nil }

func (halves) PinsOf(string) ([]Pin, error) { return nil, nil }

// randomContact is a contact of any status with any history.
func randomContact(r *rand.Rand) *hygiene.Contact {
	c := &hygiene.Contact{Key: strings.Repeat("k", 1+r.IntN(4))}
	for i := range r.IntN(8) {
		o := []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.SoftBounce}[r.IntN(3)]
		c.History.Add(&hygiene.Event{Seq: int64(i + 1), At: ago(fmt.Sprint(8-i, "d")), Source: "s", MessageID: fmt.Sprint(i), Outcome: o})
	}
	if r.IntN(3) == 0 {
		c.Suppressions = []hygiene.Suppression{{Reason: "hard_bounce", Since: hygiene.Moment{At: ago("2d")}, Until: noon.Add(hygiene.Day) - hygiene.Instant(r.IntN(2))*noon}}
	}
	if r.IntN(2) == 0 {
		c.Retry = &hygiene.Retry{Since: hygiene.Moment{At: ago("2d")}, DueAt: ago("1d"), LapsesAt: noon.Add(hygiene.Day), Attempt: 1}
	}
	if r.IntN(2) == 0 {
		c.Tags = []hygiene.Tag{{Name: "vip"}}
	}
	return c
}

// randomSegments may ask for those before them.
func randomSegments(r *rand.Rand) []Segment {
	var all []Segment
	condition := func() hygiene.Condition {
		switch n := r.IntN(5); {
		case n == 0 && len(all) > 0:
			return hygiene.SegmentTest(all[r.IntN(len(all))].Name)
		case n <= 1:
			return hygiene.StatusTest{hygiene.Active, hygiene.IsSuppressed}
		case n == 2:
			return hygiene.TagTest("vip")
		case n == 3:
			return hygiene.ListTest("staff")
		}
		return hygiene.OutcomeTest{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(hygiene.Delivered), Count: 1, Within: 4 * hygiene.Day}}
	}
	for i := range 8 {
		s := Segment{Name: fmt.Sprint("s", i), Suppressed: Suppressed(r.IntN(3))}
		if s.Suppressed == Exclude && r.IntN(2) == 0 {
			s.Except = [][]string{{"marketing_opt_out"}, {"hard_bounce", "marketing_opt_out"}}[r.IntN(2)]
		}
		switch r.IntN(4) {
		case 0:
			s.List = []string{"staff", "crew1"}[r.IntN(2)]
		case 1:
			s.Where = hygiene.All{condition(), hygiene.Not{Of: condition()}, condition()}
		case 2:
			s.Where = hygiene.Any{condition(), condition()}
		}
		all = append(all, s)
	}
	return all
}

func TestAnExplanationSaysWhatMembershipSays(t *testing.T) {
	told := map[string]int{}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		all := randomSegments(r)
		asked, explained := NewMembership(all, halves{}, noon), NewMembership(all, halves{}, noon)
		for range 5 {
			c := randomContact(r)
			asked.Reset(c)
			explained.Reset(c)
			for _, s := range all {
				is, err := asked.In(s.Name)
				f, failed := explained.Explain(s.Name)
				if err != nil || failed != nil {
					t.Fatal(err, failed)
				}
				partsHold := true
				for _, p := range f.Parts {
					partsHold = partsHold && p.Holds
				}
				if f.Holds != is || partsHold != is || f.Why.String() == "" {
					t.Fatalf("seed %d: in %s: %t, but explained as %+v", seed, s.Name, is, f)
				}
				told[fmt.Sprint(is, s.Suppressed, s.Except != nil)]++
			}
		}
	}
	if len(told) != 8 {
		t.Errorf("the segments are no test: %v", told)
	}
}

func TestTheFirstReasonIsSuppression(t *testing.T) {
	m := NewMembership([]Segment{
		{Name: "reachable", Where: hygiene.All{hygiene.StatusTest{hygiene.Active}, hygiene.TagTest("vip")}},
		{Name: "do-not-text", Suppressed: Only},
		{Name: "staff", List: "staff", Suppressed: Include},
		{Name: "all", Suppressed: Include},
		{Name: "vip", Where: hygiene.TagTest("vip")},
	}, halves{}, noon)
	why := func(c *hygiene.Contact, segment string) string {
		m.Reset(c)
		f, err := m.Explain(segment)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(f.Holds, ": ", f.Why)
	}
	barred, free := suppressedContact("c"), &hygiene.Contact{Key: "c0"}
	for _, test := range []struct {
		c             *hygiene.Contact
		segment, want string
	}{
		{barred, "vip", "false: is suppressed, and vip leaves suppressed contacts out"},
		{barred, "reachable", "false: is suppressed, and reachable leaves suppressed contacts out"},
		{barred, "do-not-text", "true: is suppressed"},
		{barred, "staff", "true: is on list staff"},
		{barred, "all", "true: everyone is in it"},
		{free, "reachable", "false: not tagged vip"},
		{free, "do-not-text", "false: is active, and do-not-text takes only suppressed contacts"},
		{free, "staff", "false: is not on list staff"},
	} {
		if got := why(test.c, test.segment); got != test.want {
			t.Errorf("%s: %s, want %s", test.segment, got, test.want)
		}
	}
}

// patchy is lists one of which can't be read.
type patchy struct{}

func (patchy) InList(list, _ string) (bool, error) {
	if list == "gone" {
		return false, errors.New("disk fault")
	}
	return true, nil
}

func (patchy) PinsOf(string) ([]Pin, error) { return nil, nil }

func TestWhatCantBeExplainedIsAnErrorAndSpoilsNoOther(t *testing.T) {
	m := NewMembership([]Segment{
		{Name: "behind", Where: hygiene.All{hygiene.TagTest("vip"), hygiene.ListTest("gone")}},
		{Name: "staff", List: "staff"},
	}, patchy{}, noon)
	m.Reset(&hygiene.Contact{Key: "c"})
	if is, err := m.In("behind"); is || err != nil {
		t.Errorf("the tag decides, but the answer is %t, %v", is, err)
	}
	if _, err := m.Explain("behind"); err == nil || !strings.Contains(err.Error(), `reading list "gone": disk fault`) {
		t.Errorf("a part that can't be read: %v", err)
	}
	if f, err := m.Explain("staff"); !f.Holds || err != nil {
		t.Errorf("the other segment: %+v, %v", f, err)
	}
	if _, err := m.Explain("nobody"); err == nil {
		t.Error("a segment that is not there was explained")
	}
}
