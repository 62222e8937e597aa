package segments_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
)

// memoryStore keeps the members in memory.
type memoryStore struct {
	lists   map[string]*list
	parts   []segments.RunSegment
	full    bool              // nothing can be written
	formats []segments.Format // of the files; none for CSV and JSON
	shows   segments.Changes  // by the deltas; 0 for the usual

	merged map[string]string // into which contacts those of other keys were merged
}

type list struct {
	bytes.Buffer
	full, gone bool
}

func (l *list) Write(b []byte) (int, error) {
	if l.full {
		return 0, errors.New("no space left on device")
	}
	return l.Buffer.Write(b)
}

func (*list) Close() error { return nil }

func (l *list) Discard() error { l.gone = true; return nil }

func (s *memoryStore) CreateMembers(run segments.Run, segment string) (segments.DraftFile, error) {
	l := &list{full: s.full}
	s.lists[run.Name+segment] = l
	return l, nil
}

func (s *memoryStore) OpenMembers(_, run, segment string) (io.ReadCloser, error) {
	l := s.lists[run+segment]
	if l == nil || l.gone {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(l.Bytes())), nil
}

func (s *memoryStore) ReadyRun(_ segments.Run, parts []segments.RunSegment) error {
	s.parts = parts
	return nil
}

// night makes the run of a night, with a delta of each segment, against the night
// before.
func (s *memoryStore) night(t *testing.T, n int, from segments.Snapshot, list ...segments.Segment) (segments.Result, string) {
	t.Helper()
	formats := s.formats
	if formats == nil {
		formats = []segments.Format{segments.CSV, segments.JSON}
	}
	p := plan(formats, list...)
	p.Export.Delta, p.Store, p.Bases = p.Export.Segments, s, map[string]segments.Base{}
	p.Run.ScheduledAt, p.Run.Name = nightOf(n), segments.RunName(nightOf(n))
	p.Export.Changes = map[string]segments.Changes{}
	for _, name := range p.Export.Delta {
		p.Export.Changes[name] = cmp.Or(s.shows, segments.DefaultChanges)
	}
	p.MergedInto = func(key string) (string, error) { return s.merged[key], nil }
	for _, part := range s.parts {
		p.Bases[part.Segment] = segments.Base{Run: segments.RunName(nightOf(n - 1)), RunSegment: part}
	}
	return execute(t, p, from)
}

func nightOf(n int) hygiene.Instant {
	return noon.Add(time.Duration(n) * hygiene.Day)
}

func TestADeltaTellsWhoEnteredAndWhoLeft(t *testing.T) {
	s := &memoryStore{lists: map[string]*list{}}
	all := segments.Segment{Name: "all", Columns: segments.DefaultColumns()[:2]}
	s.night(t, 0, people(), all)
	now := people()
	now[0].Suppressions, now[1].Suppressions = now[1].Suppressions, nil
	now[2].Key = "c1" // and b1 is no longer in the store
	r, dir := s.night(t, 1, now, all)
	if got, want := read(t, dir, "all.delta.csv"), "change,contact,phone\nleft,a1,+905551234567\nentered,a2,\nentered,c1,+4915112345678\n"; got != want {
		t.Errorf("all.delta.csv is %q, want %q", got, want)
	}
	if got, want := read(t, dir, "all.delta.json"), `{"change":"left","contact":"a1","phone":"+905551234567"}`; !strings.Contains(got, want) {
		t.Errorf("all.delta.json is %q, want in it %s", got, want)
	}
	f := r.Manifest.Files[len(r.Manifest.Files)-1]
	if f.Kind != segments.Delta || f.Rows != 3 || f.Since != segments.RunName(nightOf(0)) || !slices.Equal(f.Columns, []string{"change", "contact", "phone"}) {
		t.Errorf("the manifest says %+v", f)
	}
}

const everyChange = segments.Entered | segments.Left | segments.Changed

// Who keeps the rows of a segment by its deltas has those of members who stayed, too.
func TestADeltaWithChangesTellsWhoseRowIsAnother(t *testing.T) {
	s := &memoryStore{lists: map[string]*list{}, shows: everyChange}
	all := segments.Segment{Name: "all", Columns: segments.DefaultColumns()[:2]}
	before := append(people(), &hygiene.Contact{Key: "c1", Phone: "+4915112345678"})
	s.night(t, 0, before, all)
	now := append(people(), &hygiene.Contact{Key: "c1", Phone: "+4915112345678"})
	now[0].Phone, now[1].Suppressions = "+905557654321", nil
	now[3].Attributes = hygiene.Attributes{{Name: "country", Value: hygiene.Value{Text: "TR"}}} // not in a column
	_, dir := s.night(t, 1, now, all)
	if got, want := read(t, dir, "all.delta.csv"), "change,contact,phone\nchanged,a1,+905557654321\nentered,a2,\n"; got != want {
		t.Errorf("all.delta.csv is %q, want %q", got, want)
	}
	_, dir = s.night(t, 2, now, all)
	if got, want := read(t, dir, "all.delta.csv"), "change,contact,phone\n"; got != want {
		t.Errorf("a night later all.delta.csv is %q, want %q", got, want)
	}
	all.Columns = all.Columns[:1]
	_, dir = s.night(t, 3, now, all)
	if got, want := read(t, dir, "all.delta.csv"), "change,contact\nchanged,a1\nchanged,a2\nchanged,b1\nchanged,c1\n"; got != want {
		t.Errorf("with fewer columns all.delta.csv is %q, want %q", got, want)
	}
}

func TestADeltaListsTheChangesThatWereAskedFor(t *testing.T) {
	all := segments.Segment{Name: "all", Columns: segments.DefaultColumns()[:2]}
	for shows, want := range map[segments.Changes]string{
		segments.DefaultChanges: "left,a1,+1 entered,a2, merged,b1, ",
		segments.Entered:        "entered,a2, ",
		segments.Left:           "left,a1,+1 merged,b1, ",
		segments.Changed:        "changed,c1,+3 ",
		everyChange:             "left,a1,+1 entered,a2, merged,b1, changed,c1,+3 ",
	} {
		s := &memoryStore{lists: map[string]*list{}, shows: shows, merged: map[string]string{"b1": "c1"}}
		barred := people()[1].Suppressions
		s.night(t, 0, roster{{Key: "a1", Phone: "+1"}, {Key: "b1"}, {Key: "c1", Phone: "+2"}}, all)
		_, dir := s.night(t, 1, roster{{Key: "a1", Phone: "+1", Suppressions: barred}, {Key: "a2"}, {Key: "c1", Phone: "+3"}}, all)
		_, got, _ := strings.Cut(strings.ReplaceAll(read(t, dir, "all.delta.csv"), "\n", " "), " ")
		if got != want {
			t.Errorf("a delta of %b lists %q, want %q", shows, got, want)
		}
	}
}

// A list of an earlier build does not say what the rows were. Listing nobody would pass
// for complete, and listing everyone would flood the CRM.
func TestADeltaWithChangesIsNotMadeSinceABaseWithoutRows(t *testing.T) {
	all := segments.Segment{Name: "all"}
	for shows, made := range map[segments.Changes]bool{everyChange: false, segments.DefaultChanges: true} {
		s := &memoryStore{lists: map[string]*list{}, shows: shows}
		s.night(t, 0, people(), all)
		base := s.lists[segments.RunName(nightOf(0))+"all"]
		base.Reset()
		base.WriteString("winnow members 1 nightly/" + segments.RunName(nightOf(0)) + " all\n")
		records := []byte("\x02a1\x00\x02b1\x00")
		end := binary.LittleEndian.AppendUint64(nil, 2)
		for i, block := range [][]byte{records, end} {
			head := binary.LittleEndian.AppendUint32(nil, []uint32{uint32(len(records)), 0}[i])
			base.Write(append(binary.LittleEndian.AppendUint32(head, crc32.Checksum(block, crc32.MakeTable(crc32.Castagnoli))), block...))
		}
		r, dir := s.night(t, 1, people(), all)
		if got := slices.Contains(filesIn(t, dir), "all.delta.csv"); got != made {
			t.Errorf("made is %v, want %v: %v", got, made, r.Problems)
		}
		if says := strings.Contains(r.Run.Error, "kept by an earlier build, without what their rows were; read the full file this time, the next delta starts from this run"); says == made {
			t.Errorf("the run's error is %q", r.Run.Error)
		}
		if r, dir = s.night(t, 2, people(), all); len(r.Problems) > 0 || read(t, dir, "all.delta.csv") != "change,contact,phone,status\n" {
			t.Errorf("a night later: %v", r.Problems)
		}
	}
}

// A contact that was merged is in the store no longer, and readers must not keep the key.
func TestADeltaTellsWhoWasMerged(t *testing.T) {
	s := &memoryStore{lists: map[string]*list{}, merged: map[string]string{"a1": "c1", "b1": "c1"}}
	all := segments.Segment{Name: "all", Columns: segments.DefaultColumns()[:2]}
	keyless := segments.Segment{Name: "keyless", Columns: segments.DefaultColumns()[1:2]}
	before := people()
	before[1].Suppressions = nil
	s.night(t, 0, before, all, keyless)
	now := before[1:2]
	now = append(now, before[2])
	now[1].Key = "c1"
	_, dir := s.night(t, 1, now, all, keyless)
	if got, want := read(t, dir, "all.delta.csv"), "change,contact,phone\nmerged,a1,\nmerged,b1,\nentered,c1,+4915112345678\n"; got != want {
		t.Errorf("all.delta.csv is %q, want %q", got, want)
	}
	if got, want := read(t, dir, "keyless.delta.csv"), "change,phone\nentered,+4915112345678\n"; got != want {
		t.Errorf("keyless.delta.csv is %q, want %q", got, want)
	}
	s.night(t, 2, now, all, keyless)
	s.night(t, 3, now[:1], all, keyless)
	s.merged["c1"] = "a2"
	_, dir = s.night(t, 4, now[:1], all, keyless)
	if got, want := read(t, dir, "all.delta.csv"), "change,contact,phone\n"; got != want {
		t.Errorf("a later all.delta.csv is %q, want %q", got, want)
	}
}

func TestTheSameStateGivesTheSameDeltas(t *testing.T) {
	s := &memoryStore{lists: map[string]*list{}}
	all := segments.Segment{Name: "all"}
	s.night(t, 0, people()[:1], all)
	kept := s.parts
	_, a := s.night(t, 1, people(), all)
	s.parts = kept
	_, b := s.night(t, 1, people(), all)
	for _, name := range filesIn(t, a) {
		if read(t, a, name) != read(t, b, name) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestASegmentThatFailsLeavesNoListBehind(t *testing.T) {
	s := &memoryStore{lists: map[string]*list{}}
	s.night(t, 0, people(), segments.Segment{Name: "lost", List: "gone"}, segments.Segment{Name: "well"})
	if l := s.lists[segments.RunName(nightOf(0))+"lost"]; !l.gone {
		t.Error("the list of the segment that failed is kept")
	}
	if len(s.parts) != 1 || s.parts[0].Segment != "well" || !s.parts[0].Members {
		t.Errorf("the parts are %+v", s.parts)
	}
}

// Readers may have the whole file of the run before, in which nobody asked for a
// delta yet.
func TestADeltaThatIsNewTellsWhoLeftSinceTheRunBefore(t *testing.T) {
	s := &memoryStore{lists: map[string]*list{}}
	all := segments.Segment{Name: "all"}
	p := plan([]segments.Format{segments.CSV}, all)
	p.Store, p.Run.ScheduledAt, p.Run.Name = s, nightOf(0), segments.RunName(nightOf(0))
	execute(t, p, people())
	now := people()
	now[0].Suppressions, now[1].Suppressions = now[1].Suppressions, nil
	_, dir := s.night(t, 1, now, all)
	if got := read(t, dir, "all.delta.csv"); !strings.Contains(got, "\nleft,a1,") || !strings.Contains(got, "\nentered,a2,") || strings.Count(got, "\n") != 3 {
		t.Errorf("the first delta is %q", got)
	}
}

func TestADeltaWithoutTheMembersBeforeAndAfterPromisesNoNextOne(t *testing.T) {
	s := &memoryStore{lists: map[string]*list{}}
	all := segments.Segment{Name: "all"}
	s.night(t, 0, people(), all)
	s.lists, s.full = map[string]*list{}, true
	if r, _ := s.night(t, 1, people(), all); !strings.Contains(r.Run.Error, "this time and the next") || !strings.Contains(r.Run.Error, "no space left") {
		t.Errorf("the run's error is %q", r.Run.Error)
	}
}

func TestMembersThatCanNotBeKeptAreToldAndTheNextDeltaIsNotMade(t *testing.T) {
	s := &memoryStore{lists: map[string]*list{}, full: true}
	all := segments.Segment{Name: "all"}
	r, dir := s.night(t, 0, people(), all)
	if !strings.Contains(r.Run.Error, "members could not be kept: no space left") || !slices.Contains(filesIn(t, dir), "all.delta.csv") {
		t.Errorf("the run's error is %q, it has %v", r.Run.Error, filesIn(t, dir))
	}
	s.full = false
	r, dir = s.night(t, 1, people(), all)
	if f := r.Manifest.Failed; len(f) != 1 || f[0].Kind != segments.Delta || slices.Contains(filesIn(t, dir), "all.delta.csv") || !slices.Contains(filesIn(t, dir), "all.csv") {
		t.Errorf("failed: %+v, the run holds %v", f, filesIn(t, dir))
	}
	if r, _ = s.night(t, 2, people(), all); len(r.Problems) > 0 {
		t.Errorf("and the one after it: %v", r.Problems)
	}
}

// Who keeps a queue of resends by message id takes out of it what left: the contact
// itself may have no retry any more, or another one.
func TestARowOfWhoLeftHasTheMessageThatLeft(t *testing.T) {
	retry := func(message string) *hygiene.Retry {
		return &hygiene.Retry{Since: hygiene.Moment{At: noon - 10}, DueAt: noon, LapsesAt: noon + hygiene.Instant(time.Hour.Microseconds()), Attempt: 1,
			Message: hygiene.MessageHash("insider", message), MessageID: message}
	}
	var columns []segments.Column
	for _, name := range []string{"contact", "message_id", "attempt"} {
		c, err := segments.ParseColumn(name)
		if err != nil {
			t.Fatal(err)
		}
		columns = append(columns, c)
	}
	due := segments.Segment{Name: "due", Columns: columns, Where: hygiene.StatusTest{hygiene.RetryDue}}
	s := &memoryStore{lists: map[string]*list{}}
	s.night(t, 0, roster{{Key: "delivered", Retry: retry("m1")}, {Key: "new", Retry: retry("m2")}, {Key: "same", Retry: retry("m3")}, {Key: "tagged", Retry: retry("m4")}}, due)
	cooling := retry("m5")
	cooling.DueAt += hygiene.Instant(time.Minute.Microseconds())
	_, dir := s.night(t, 1, roster{{Key: "delivered"}, {Key: "new", Retry: retry("m6")}, {Key: "same", Retry: retry("m3")}, {Key: "tagged", Retry: cooling}}, due)
	want := "change,contact,message_id,attempt\nleft,delivered,m1,1\nentered,new,m6,1\nleft,tagged,m4,1\n"
	if got := read(t, dir, "due.delta.csv"); got != want {
		t.Errorf("due.delta.csv is %q, want %q", got, want)
	}
}
