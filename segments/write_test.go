package segments_test

import (
	"strings"
	"testing"

	"winnow/segments"
)

// What is written of a segment without a run is what its file in a run has.
func TestASegmentIsWrittenAsInAFile(t *testing.T) {
	list := []segments.Segment{{Name: "sendable"}, {Name: "do-not-text", Suppressed: segments.Only}, {Name: "most", Suppressed: segments.Exclude, Except: []string{"opted_out"}}}
	p := plan([]segments.Format{segments.CSV, segments.JSON}, list...)
	_, dir := execute(t, p, people())
	for _, s := range list {
		for _, format := range p.Export.Formats {
			var got strings.Builder
			w := segments.Writing{Segments: list, Name: s.Name, Format: format, AsOf: p.Run.AsOf}
			written, err := segments.Write(t.Context(), &got, w, people())
			want := read(t, dir, s.Name+"."+string(format))
			if err != nil || !written.Whole || got.String() != want {
				t.Errorf("%s.%s is %q, %+v, %v, want %q", s.Name, format, got.String(), written, err, want)
			}
		}
	}
}

func TestTheFirstMembersAreWrittenWithoutLookingAtEveryone(t *testing.T) {
	list := []segments.Segment{{Name: "sendable", Columns: segments.DefaultColumns()[:1]}}
	for _, c := range []struct {
		most, look int64
		want       string
		whole      bool
	}{{1, 0, "contact\na1\n", false}, {0, 2, "contact\na1\n", false}, {9, 9, "contact\na1\nb1\n", true}} {
		var got strings.Builder
		written, err := segments.Write(t.Context(), &got, segments.Writing{Segments: list, Name: "sendable", Format: segments.CSV, AsOf: noon, Most: c.most, Look: c.look}, people())
		if err != nil || got.String() != c.want || written.Whole != c.whole {
			t.Errorf("%+v: %q, %+v, %v", c, got.String(), written, err)
		}
	}
}

func TestASegmentThatCanNotBeAnsweredIsNotWritten(t *testing.T) {
	list := []segments.Segment{{Name: "lost", List: "gone"}}
	var got strings.Builder
	if _, err := segments.Write(t.Context(), &got, segments.Writing{Segments: list, Name: "lost", Format: segments.JSON, AsOf: noon}, people()); err == nil {
		t.Errorf("it is written as %q", got.String())
	}
}

func TestMembersAreCountedAndComparedWithTheLastFile(t *testing.T) {
	s := &memoryStore{lists: map[string]*list{}}
	all, lost := segments.Segment{Name: "all"}, segments.Segment{Name: "lost", List: "gone"}
	s.night(t, 0, people(), all)
	now := people()
	now[0].Suppressions, now[1].Suppressions = now[1].Suppressions, nil
	now[2].Key = "c1" // and b1 is no longer in the store
	since := map[string]segments.Reference{"all": {Export: "nightly", Run: segments.RunName(nightOf(0))}}
	counts, err := segments.CountMembers(t.Context(), []segments.Segment{all, lost}, since, noon, now, s)
	if err != nil || counts["all"] != (segments.Count{Members: 2, Came: 2, Went: 2, Since: since["all"]}) || counts["lost"].Err == nil {
		t.Errorf("counted %+v, %v", counts, err)
	}
	since["all"] = segments.Reference{Export: "nightly", Run: segments.RunName(nightOf(7))}
	counts, err = segments.CountMembers(t.Context(), []segments.Segment{all}, since, noon, now, s)
	if c := counts["all"]; err != nil || c.Members != 2 || c.Err == nil || c.Since.Run != "" {
		t.Errorf("without the list of members it is counted as %+v, %v", c, err)
	}
}

func TestASegmentIsASentence(t *testing.T) {
	for want, s := range map[string]segments.Segment{
		"Every contact, but not when suppressed": {},
		"Every contact, also when suppressed":    {Suppressed: segments.Include},
		"Every suppressed contact":               {Suppressed: segments.Only},
		"Every contact that is on the static list staff, but not when suppressed, except for promotions": {List: "staff", Except: []string{"promotions"}},
	} {
		if got := s.Words(); got != want {
			t.Errorf("%+v reads %q, want %q", s, got, want)
		}
	}
}
