package segments

import (
	"maps"
	"slices"
	"testing"

	"winnow/hygiene"
)

func TestASegmentIsRedefinedWithThoseItAsksFor(t *testing.T) {
	asks := func(name string) hygiene.Condition {
		return hygiene.All{hygiene.Not{Of: hygiene.SegmentTest(name)}}
	}
	before := []Segment{
		{Name: "same", Where: hygiene.TagTest("a")},
		{Name: "edited", Where: hygiene.TagTest("a")},
		{Name: "wider", Where: hygiene.TagTest("a")},
		{Name: "gone", Where: hygiene.TagTest("a")},
		{Name: "asks-same", Where: asks("same")},
		{Name: "asks-edited", Where: asks("edited")},
		{Name: "asks-asking", Where: hygiene.Any{asks("asks-edited")}},
	}
	after := slices.Delete(slices.Clone(before), 3, 4)
	after[1].Where = hygiene.TagTest("b")
	after[2].Suppressed = Include
	after[0].Columns = DefaultColumns()
	after = append(after, Segment{Name: "new", List: "staff"})
	got := slices.Sorted(maps.Keys(Redefined(before, after)))
	want := []string{"asks-asking", "asks-edited", "edited", "gone", "new", "wider"}
	if !slices.Equal(got, want) {
		t.Errorf("redefined are %q, not %q", got, want)
	}
	if again := Redefined(before, before); len(again) > 0 {
		t.Errorf("of the same segments, %v are redefined", again)
	}
}
