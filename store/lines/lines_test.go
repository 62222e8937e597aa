package lines_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/lines"
	"winnow/store/retention"
	"winnow/store/storetest"
)

func body(n int) hygiene.Unreadable {
	return hygiene.Unreadable{ReceivedAt: storetest.Start, Source: "insider", Why: "unreadable", Body: fmt.Appendf(nil, "body %d", n)}
}

func event(n int) hygiene.Event {
	return storetest.Event(storetest.Start, "c", fmt.Sprint("m", n), hygiene.Sent)
}

// all reads the lines after one, so many at a time.
func all(t *testing.T, s *store.Store, after int64, page, bytes int) (list []lines.Line) {
	t.Helper()
	for {
		some, err := s.Lines(after, page, bytes)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) == 0 {
			return list
		}
		list, after = append(list, some...), some[len(some)-1].N
	}
}

// name is what a line is about.
func name(l lines.Line) string {
	if l.Why != "" {
		return string(l.Event.Body)
	}
	return l.Event.MessageID
}

func TestEveryLineIsReadOnceInTheOrderOfCommits(t *testing.T) {
	s, r := storetest.Open(t), rand.New(rand.NewPCG(1, 2))
	var want []string
	for n := range 200 {
		var events []hygiene.Event
		var bad []hygiene.Unreadable
		for i := range r.IntN(4) {
			events = append(events, event(10*n+i))
			want = append(want, events[i].MessageID)
		}
		for i := range max(0, r.IntN(6)-3) {
			bad = append(bad, body(10*n+i))
			want = append(want, string(bad[i].Body))
		}
		if err := s.Append(t.Context(), events, bad); err != nil {
			t.Fatal(err)
		}
		// Also where lines get their numbers when somebody asks.
		if last, err := s.LastLine(); err != nil || last != int64(len(want)) {
			t.Fatalf("the last line is %d of %d: %v", last, len(want), err)
		}
	}
	for range 60 {
		after := r.IntN(len(want) + 1)
		list := all(t, s, int64(after), 1+r.IntN(9), 1+r.IntN(2000))
		if len(list) != len(want)-after {
			t.Fatalf("after %d there are %d lines, not %d", after, len(list), len(want)-after)
		}
		for i, l := range list {
			if l.N != int64(after+i+1) || name(l) != want[after+i] || l.Writer == "" || l.Writer != list[0].Writer {
				t.Fatalf("line %d is %d %q of %q, not %q", after+i+1, l.N, name(l), l.Writer, want[after+i])
			}
		}
	}
}

func TestLinesKeepTheirNumbersWhenOthersAreDeleted(t *testing.T) {
	s := storetest.Open(t)
	for n := range 40 {
		if n%2 == 0 {
			storetest.Append(t, s, event(n))
		} else if err := s.Append(t.Context(), nil, []hygiene.Unreadable{body(n)}); err != nil {
			t.Fatal(err)
		}
	}
	numbers := map[string]int64{}
	for _, l := range all(t, s, 0, 100, 1<<20) {
		numbers[name(l)] = l.N
	}
	if err := s.AppendRetried(t.Context(), nil, nil, []int64{1, 2, 3, 4, 5, 11, 20}); err != nil {
		t.Fatal(err)
	}
	p := storetest.Policy(t, s)
	storetest.Sweep(t, s, p, 0)
	now := storetest.Start.Add(time.Hour)
	did, err := s.Retain(t.Context(), retention.Options{Keep: retention.Keep{Events: time.Minute}, Now: now, Policy: p, Spared: now, SparedBounces: now})
	if err != nil || did.Events < 10 {
		t.Fatalf("retention deleted %d events: %v", did.Events, err)
	}
	storetest.Append(t, s, event(100))
	left := all(t, s, 0, 3, 1<<20)
	if len(left) != 13+int(20-did.Events)+1 {
		t.Errorf("%d lines are left", len(left))
	}
	for _, l := range left[:len(left)-1] {
		if numbers[name(l)] != l.N {
			t.Errorf("%s is line %d, and was line %d", name(l), l.N, numbers[name(l)])
		}
	}
	if end := left[len(left)-1]; end.N != 41 || name(end) != "m100" {
		t.Errorf("the next line is %d %s", end.N, name(end))
	}
}

// A log that was restored from a backup gives numbers out again. A reader of the lost lines gets
// the new ones that have their numbers.
func TestARestoredLogGivesTheLinesThatItsReaderCannotHave(t *testing.T) {
	enginetest.SQLite(t) // the server's own tools copy it
	folder := t.TempDir()
	live := storetest.OpenAt(t, enginetest.LocationIn(t, folder))
	storetest.Append(t, live, event(1), event(2))
	copied := enginetest.Location(t)
	if err := live.Copy(t.Context(), copied, engine.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	storetest.Append(t, live, event(3), event(4), event(5))
	was := all(t, live, 0, 10, 1<<20)
	writer := was[0].Writer

	restored := storetest.OpenAt(t, copied)
	if after, err := restored.Resume(5, writer); !errors.Is(err, lines.ErrBeyond) {
		t.Errorf("a cursor beyond the log goes on after %d: %v", after, err)
	}
	storetest.Append(t, restored, event(6), event(7), event(8), event(9))
	after, err := restored.Resume(5, writer)
	if err != nil || after != 2 {
		t.Fatalf("a reader of 5 lines goes on after %d: %v", after, err)
	}
	var got []string
	for _, l := range all(t, restored, after, 10, 1<<20) {
		got = append(got, name(l))
		if l.Writer == writer || l.Writer == "" {
			t.Errorf("line %d has the writer of the lost line with its number", l.N)
		}
	}
	if !slices.Equal(got, []string{"m6", "m7", "m8", "m9"}) {
		t.Errorf("it reads %q", got)
	}
	if old := all(t, restored, 0, 1, 1); old[1].Writer != writer || old[2].Writer != got6Writer(t, restored) {
		t.Error("the lines from before have another writer now")
	}
	if after, err := restored.Resume(4, "of another host"); err != nil || after != 0 {
		t.Errorf("a reader of an unknown writer goes on after %d: %v", after, err)
	}
}

func got6Writer(t *testing.T, s *store.Store) string { return all(t, s, 5, 10, 1<<20)[0].Writer }

func TestLinesArePulledOnceWhoeverPullsThem(t *testing.T) {
	s := storetest.Open(t)
	pull := func(from, through int64, events ...hygiene.Event) error {
		return s.AppendPulled(t.Context(), events, nil, []engine.Pulled{{Writer: "w", Receiver: "r", From: from, Through: through, Received: storetest.Start}})
	}
	if err := pull(0, 2, event(1), event(2)); err != nil {
		t.Fatal(err)
	}
	if err := pull(0, 3, event(1), event(2), event(3)); !errors.Is(err, store.ErrPulled) {
		t.Errorf("lines that are there were stored again: %v", err)
	}
	if err := pull(2, 3, event(3)); err != nil {
		t.Fatal(err)
	}
	if err := pull(3, 9); err != nil { // nothing but lines to skip
		t.Fatal(err)
	}
	p, err := s.PulledOf("w")
	if n, _ := s.LastSeq(); err != nil || n != 3 || p.Through != 9 || p.Receiver != "r" {
		t.Errorf("%d events are stored, through line %d: %v", n, p.Through, err)
	}
}
