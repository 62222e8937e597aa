package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
)

func TestAReportOfUniqueEventsIsThatOfALogWithoutRepeats(t *testing.T) {
	s, once := openStore(t), openStore(t)
	r := rand.New(rand.NewPCG(3, 3))
	known := map[string]bool{}
	repeats := int64(0)
	for i := range 600 {
		e := ev(start.Add(time.Duration(i)*time.Hour), fmt.Sprint("c", r.IntN(3)), fmt.Sprint("m", r.IntN(40)), []hygiene.Outcome{hygiene.Sent, hygiene.Delivered}[r.IntN(2)])
		e.Code = []string{"", "1"}[r.IntN(2)]
		e.Body = fmt.Appendf(nil, `{"uniqueArgs":{"campaign":"%d"}}`, r.IntN(300))
		appendEvents(t, s, e)
		if key := fmt.Sprint(e.Source, e.MessageID, e.Outcome, e.Code, e.Contact); known[key] {
			repeats++
		} else {
			known[key] = true
			appendEvents(t, once, e)
		}
	}
	for _, by := range [][]string{{"day", "outcome"}, {"unique_args.campaign", "outcome", "code"}, {"source"}} {
		want := rowsOf(t, once, ReportOptions{By: by})
		for _, o := range []ReportOptions{{}, {step: 7, batch: 3}, {groups: 2}, {groups: 1, batch: 1}, {bytes: 30, batch: 50}} {
			o.By, o.Unique = by, true
			if got := rowsOf(t, s, o); !slices.Equal(got, want) {
				t.Errorf("step %d, groups %d, batch %d:\n%s\nwant\n%s", o.step, o.groups, o.batch, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
	counted, err := s.Report(context.Background(), ReportOptions{By: []string{"day"}, Until: start.Add(99 * hygiene.Day), Unique: true})
	if err != nil || counted.Repeats != repeats || counted.Events != 600-repeats {
		t.Errorf("%d events and %d repeats, %v; want %d repeats of 600", counted.Events, counted.Repeats, err, repeats)
	}
	counted.Close()
}

func TestWhatTellsAnEventFromAnotherIsNoRepeat(t *testing.T) {
	s := openStore(t)
	a := ev(start, "ann", "m", hygiene.SoftBounce)
	list := []hygiene.Event{a, a, a, a, a, a}
	list[1].Source, list[2].MessageID, list[3].Outcome, list[4].Code, list[5].Contact = "other", "n", hygiene.HardBounce, "1404", "bob"
	appendEvents(t, s, list...)
	appendEvents(t, s, list...)
	if got := rowsOf(t, s, ReportOptions{By: []string{"day"}, Unique: true}); !slices.Equal(got, []string{"2026-01-01 6 of 6"}) {
		t.Errorf("%q", got)
	}
}

func TestAReportThatMemoryHasRoomForNeedsNoFolder(t *testing.T) {
	s := openStore(t)
	for i := range 5 {
		appendEvents(t, s, ev(start, "ann", fmt.Sprint("m", i), hygiene.Sent), ev(start, "ann", fmt.Sprint("m", i), hygiene.Delivered))
	}
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	t.Setenv("TMPDIR", nowhere)
	for _, by := range [][]string{{"outcome"}, {"code", "outcome", "day"}, {"source"}} {
		if got := rowsOf(t, s, ReportOptions{By: by, Unique: true}); len(got) == 0 {
			t.Errorf("by %v there is nothing", by)
		}
	}
	_, err := s.Report(context.Background(), ReportOptions{By: []string{"outcome"}, Until: start + 1, groups: 1})
	want := "make a temporary file in " + nowhere + ": no such file or directory; set TMPDIR to a folder that is there and that you may write in"
	if err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}

func TestAReportLeavesNoFileBehind(t *testing.T) {
	s := openStore(t)
	appendEvents(t, s, ev(start, "ann", "m", hygiene.Sent), ev(start, "ann", "m", hygiene.Delivered))
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	r, err := s.Report(context.Background(), ReportOptions{By: []string{"outcome"}, Until: start + 1, groups: 1})
	if err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(folder)
	if r.counts.Folder() != folder || err != nil || len(left) > 0 {
		t.Errorf("counts in %q leave %v, %v", r.counts.Folder(), left, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
