package segments

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"winnow/hygiene"
)

// staffed is lists where every other contact is staff, and one list that can't
// be read.
type staffed struct{ asked int }

func (s *staffed) InList(list, key string) (bool, error) {
	s.asked++
	if list != "staff" {
		return false, errors.New("no such list")
	}
	return (key[len(key)-1]-'0')%2 == 0, nil
}

func (*staffed) PinsOf(string) ([]Pin, error) { return nil, nil }

func suppressedContact(key string) *hygiene.Contact {
	return &hygiene.Contact{Key: key, Suppressions: []hygiene.Suppression{{Reason: "hard_bounce", Since: hygiene.Moment{At: noon - 1}}}}
}

// memberOf lists the segments that the contact is in, those that can't be
// answered with a question mark.
func memberOf(m *Membership, c *hygiene.Contact) string {
	m.Reset(c)
	var names []string
	for _, s := range m.segments {
		switch is, err := m.In(s.Name); {
		case err != nil:
			names = append(names, s.Name+"?")
		case is:
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, " ")
}

func TestASuppressedContactIsInNoSegmentUnlessItSaysSo(t *testing.T) {
	m := NewMembership([]Segment{
		{Name: "everyone"},
		{Name: "staff", List: "staff"},
		{Name: "never", Where: hygiene.Not{Of: hygiene.All{}}},
		{Name: "by-name", Where: hygiene.ContactTest{Comparison: hygiene.Comparison{Op: hygiene.StartsWith, Values: []hygiene.Value{{Text: "c"}}}}},
		{Name: "via", Where: hygiene.SegmentTest("with")},
		{Name: "with", Suppressed: Include},
		{Name: "only", Suppressed: Only},
		{Name: "via-only", Where: hygiene.SegmentTest("only"), Suppressed: Include},
		{Name: "only-never", Where: hygiene.Any{}, Suppressed: Only},
	}, &staffed{}, noon)
	if got := memberOf(m, suppressedContact("c0")); got != "with only via-only" {
		t.Errorf("a suppressed contact is in %s", got)
	}
	if got := memberOf(m, &hygiene.Contact{Key: "c0"}); got != "everyone staff by-name via with" {
		t.Errorf("an active contact is in %s", got)
	}
}

func TestASuppressionCountsFromItsOpeningUntilItsEnd(t *testing.T) {
	c := suppressedContact("c0")
	c.Suppressions[0].Since.At, c.Suppressions[0].Until = noon, noon+2
	for asOf, want := range map[hygiene.Instant]string{noon - 1: "everyone", noon: "only", noon + 1: "only", noon + 2: "everyone"} {
		m := NewMembership([]Segment{{Name: "everyone"}, {Name: "only", Suppressed: Only}}, &staffed{}, asOf)
		if got := memberOf(m, c); got != want {
			t.Errorf("as of noon%+d the contact is in %s, want %s", asOf-noon, got, want)
		}
	}
}

func TestASegmentAndItsNegationAreEveryone(t *testing.T) {
	staff := hygiene.ListTest("staff")
	m := NewMembership([]Segment{
		{Name: "staff", Where: staff, Suppressed: Include},
		{Name: "others", Where: hygiene.Not{Of: staff}, Suppressed: Include},
		{Name: "union", Where: hygiene.Any{hygiene.SegmentTest("staff"), hygiene.SegmentTest("others")}, Suppressed: Include},
		{Name: "both", Where: hygiene.All{hygiene.SegmentTest("staff"), hygiene.SegmentTest("others")}, Suppressed: Include},
	}, &staffed{}, noon)
	for i := range 20 {
		c := &hygiene.Contact{Key: fmt.Sprintf("c%d", i)}
		if i%3 == 0 {
			c = suppressedContact(c.Key)
		}
		want := []string{"staff union", "others union"}[i%2]
		if got := memberOf(m, c); got != want {
			t.Errorf("contact %d is in %s, want %s", i, got, want)
		}
	}
}

func TestASegmentIsAnsweredOnceForAContact(t *testing.T) {
	lists := &staffed{}
	segments := []Segment{{Name: "s0", List: "staff"}}
	for i := range 30 { // without memory this asks 2^30 times
		before := hygiene.SegmentTest(fmt.Sprintf("s%d", i))
		segments = append(segments, Segment{Name: fmt.Sprintf("s%d", i+1), Where: hygiene.All{before, before}})
	}
	m := NewMembership(segments, lists, noon)
	if memberOf(m, &hygiene.Contact{Key: "c0"}); lists.asked != 1 {
		t.Errorf("the list was asked %d times", lists.asked)
	}
	if memberOf(m, &hygiene.Contact{Key: "c1"}); lists.asked != 2 {
		t.Errorf("the answer for one contact was given for another")
	}
}

func TestWhatCantBeAnsweredIsNeitherYesNorNo(t *testing.T) {
	m := NewMembership([]Segment{
		{Name: "gone", List: "gone"},
		{Name: "not-gone", Where: hygiene.Not{Of: hygiene.ListTest("gone")}},
		{Name: "not-via", Where: hygiene.Not{Of: hygiene.SegmentTest("not-gone")}},
		{Name: "missing", Where: hygiene.Not{Of: hygiene.SegmentTest("nobody")}},
		{Name: "left", Where: hygiene.SegmentTest("right")},
		{Name: "right", Where: hygiene.Not{Of: hygiene.SegmentTest("left")}},
		{Name: "well"},
	}, &staffed{}, noon)
	want := "gone? not-gone? not-via? missing? left? right? well"
	if got := memberOf(m, &hygiene.Contact{Key: "c0"}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for name, want := range map[string]string{"not-via": `reading list "gone": no such list`, "missing": `there is no segment "nobody"`, "left": "asks about itself"} {
		if _, err := m.In(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// A suppression for another purpose does not count for a segment that says so: neither for
// its condition nor for the columns of its files. A test that names the reason finds it.
func TestASuppressionForAnotherPurposeDoesNotCount(t *testing.T) {
	service := []string{"marketing_opt_out"}
	active := hygiene.StatusTest{hygiene.Active}
	m := NewMembership([]Segment{
		{Name: "marketing"},
		{Name: "service", Except: service},
		{Name: "active-service", Except: service, Where: active},
		{Name: "opted-out-of-marketing", Except: service, Where: hygiene.ReasonTest{"marketing_opt_out"}},
		{Name: "in-service", Where: hygiene.SegmentTest("service"), Suppressed: Include},
		{Name: "in-service-and-active", Where: hygiene.All{hygiene.SegmentTest("service"), active}, Suppressed: Include},
		{Name: "service-asks", Except: service, Where: hygiene.All{hygiene.SegmentTest("only"), active}},
		{Name: "only", Suppressed: Only},
	}, &staffed{}, noon)
	suppressed := func(reasons ...string) *hygiene.Contact {
		c := &hygiene.Contact{Key: "c0"}
		for _, reason := range reasons {
			c.Suppressions = append(c.Suppressions, hygiene.Suppression{Reason: reason, Since: hygiene.Moment{At: noon - 1}})
		}
		return c
	}
	for reasons, want := range map[string]string{
		"marketing_opt_out":             "service active-service opted-out-of-marketing in-service service-asks only",
		"marketing_opt_out hard_bounce": "only",
		"hard_bounce":                   "only",
		"":                              "marketing service active-service in-service in-service-and-active",
	} {
		c := suppressed(strings.Fields(reasons)...)
		if got := memberOf(m, c); got != want {
			t.Errorf("suppressed for %q it is in %s, want %s", reasons, got, want)
		}
		if is := c.Status(noon) == hygiene.IsSuppressed; is != (reasons != "") {
			t.Errorf("asked about segments, a contact suppressed for %q is suppressed: %t", reasons, is)
		}
	}
}
