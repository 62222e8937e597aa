package segments

import (
	"errors"
	"strings"
	"testing"

	"winnow/hygiene"
)

// pinnedLists is lists with pins.
type pinnedLists struct {
	staffed
	pins   []Pin
	asked  int
	failed error
}

func (p *pinnedLists) PinsOf(key string) (of []Pin, err error) {
	p.asked++
	for _, pin := range p.pins {
		if pin.Contact == key {
			of = append(of, pin)
		}
	}
	return of, p.failed
}

func pinOf(key, segment string, out bool) Pin {
	return Pin{Segment: segment, Contact: key, Out: out, At: noon, By: "ann", Note: "by hand"}
}

var pinnable = []Segment{
	{Name: "nobody", Where: hygiene.Any{}},
	{Name: "all", Where: hygiene.All{}},
	{Name: "with", Where: hygiene.Any{}, Suppressed: Include},
	{Name: "only", Suppressed: Only},
	{Name: "via", Where: hygiene.SegmentTest("nobody")},
	{Name: "staff", List: "staff"},
}

func TestAPinNeverOverridesASuppression(t *testing.T) {
	lists := &pinnedLists{}
	for _, s := range pinnable {
		lists.pins = append(lists.pins, pinOf("c1", s.Name, false), pinOf("c3", s.Name, true))
	}
	m := NewMembership(pinnable, lists, noon)
	for _, test := range []struct {
		c    *hygiene.Contact
		want string
	}{
		{&hygiene.Contact{Key: "c1"}, "nobody all with via staff"},
		{suppressedContact("c1"), "with only"},
		{&hygiene.Contact{Key: "c3"}, ""},
		{suppressedContact("c3"), ""},
		{&hygiene.Contact{Key: "c2"}, "all staff"},
		{suppressedContact("c2"), "only"},
	} {
		if got := memberOf(m, test.c); got != test.want {
			t.Errorf("%s, %d suppressions: in %q, not %q", test.c.Key, len(test.c.Suppressions), got, test.want)
		}
	}
}

func TestWhoAsksForASegmentGetsThosePinnedInIt(t *testing.T) {
	lists := &pinnedLists{pins: []Pin{pinOf("c1", "nobody", false)}}
	m := NewMembership(pinnable, lists, noon)
	if got := memberOf(m, &hygiene.Contact{Key: "c1"}); got != "nobody all via" {
		t.Errorf("in %q", got)
	}
	if lists.asked != 1 {
		t.Errorf("the pins of one contact were asked for %d times", lists.asked)
	}
}

func TestAnExplanationShowsThePin(t *testing.T) {
	lists := &pinnedLists{pins: []Pin{pinOf("c1", "nobody", false), pinOf("c1", "all", true)}}
	m := NewMembership(pinnable, lists, noon)
	for _, test := range []struct {
		c             *hygiene.Contact
		segment, want string
		holds         bool
	}{
		{&hygiene.Contact{Key: "c1"}, "nobody", "is pinned in by ann since " + noon.String() + ": by hand", true},
		{&hygiene.Contact{Key: "c1"}, "all", "is pinned out by ann since " + noon.String() + ": by hand", false},
		{suppressedContact("c1"), "nobody", "is suppressed, and nobody leaves suppressed contacts out", false},
	} {
		m.Reset(test.c)
		f, err := m.Explain(test.segment)
		if err != nil || f.Holds != test.holds || f.Why.String() != test.want || len(f.Parts) != 2 || !strings.HasPrefix(f.Parts[1].Test, "{pin: ") {
			t.Errorf("%s: %+v %v", test.segment, f, err)
		}
	}
}

func TestPinsThatCantBeReadAreNeitherYesNorNo(t *testing.T) {
	m := NewMembership(pinnable, &pinnedLists{failed: errors.New("disk fault")}, noon)
	if got := memberOf(m, &hygiene.Contact{Key: "c2"}); got != "nobody? all? with? via? staff?" {
		t.Errorf("in %q", got)
	}
	if _, err := m.In("all"); err == nil || !strings.Contains(err.Error(), "disk fault") {
		t.Error(err)
	}
}
