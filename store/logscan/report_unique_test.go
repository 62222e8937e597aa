package logscan_test

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
	"winnow/store/logscan"
	"winnow/store/storetest"
)

func TestAReportOfUniqueEventsIsThatOfALogWithoutRepeats(t *testing.T) {
	s, once := storetest.Open(t), storetest.Open(t)
	r := rand.New(rand.NewPCG(3, 3))
	known := map[string]bool{}
	repeats := int64(0)
	for i := range 600 {
		e := storetest.Event(storetest.Start.Add(time.Duration(i)*time.Hour), fmt.Sprint("c", r.IntN(3)), fmt.Sprint("m", r.IntN(40)), []hygiene.Outcome{hygiene.Sent, hygiene.Delivered}[r.IntN(2)])
		e.Code = []string{"", "1"}[r.IntN(2)]
		e.Body = fmt.Appendf(nil, `{"uniqueArgs":{"campaign":"%d"}}`, r.IntN(300))
		storetest.Append(t, s, e)
		if key := fmt.Sprint(e.Source, e.MessageID, e.Outcome, e.Code, e.Contact); known[key] {
			repeats++
		} else {
			known[key] = true
			storetest.Append(t, once, e)
		}
	}
	for _, by := range [][]string{{"day", "outcome"}, {"unique_args.campaign", "outcome", "code"}, {"source"}} {
		want := rowsOf(t, once, logscan.ReportOptions{By: by})
		for _, l := range []logscan.Limits{{}, {Step: 7, Batch: 3}, {Groups: 2}, {Groups: 1, Batch: 1}, {Bytes: 30, Batch: 50}} {
			o := logscan.ReportOptions{By: by, Unique: true}.Limited(l)
			if got := rowsOf(t, s, o); !slices.Equal(got, want) {
				t.Errorf("%+v:\n%s\nwant\n%s", l, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
	counted, err := s.Report(context.Background(), logscan.ReportOptions{By: []string{"day"}, Until: storetest.Start.Add(99 * hygiene.Day), Unique: true})
	if err != nil || counted.Repeats != repeats || counted.Events != 600-repeats {
		t.Errorf("%d events and %d repeats, %v; want %d repeats of 600", counted.Events, counted.Repeats, err, repeats)
	}
	counted.Close()
}

func TestEventsThatDifferInAnIdentityColumnAreNotRepeats(t *testing.T) {
	s := storetest.Open(t)
	a := storetest.Event(storetest.Start, "ann", "m", hygiene.SoftBounce)
	list := []hygiene.Event{a, a, a, a, a, a}
	list[1].Source, list[2].MessageID, list[3].Outcome, list[4].Code, list[5].Contact = "other", "n", hygiene.HardBounce, "1404", "bob"
	storetest.Append(t, s, list...)
	storetest.Append(t, s, list...)
	if got := rowsOf(t, s, logscan.ReportOptions{By: []string{"day"}, Unique: true}); !slices.Equal(got, []string{"2026-01-01 6 of 6"}) {
		t.Errorf("%q", got)
	}
}

func TestAReportThatMemoryHasRoomForNeedsNoFolder(t *testing.T) {
	s := storetest.Open(t)
	for i := range 5 {
		storetest.Append(t, s, storetest.Event(storetest.Start, "ann", fmt.Sprint("m", i), hygiene.Sent), storetest.Event(storetest.Start, "ann", fmt.Sprint("m", i), hygiene.Delivered))
	}
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	t.Setenv("TMPDIR", nowhere)
	for _, by := range [][]string{{"outcome"}, {"code", "outcome", "day"}, {"source"}} {
		if got := rowsOf(t, s, logscan.ReportOptions{By: by, Unique: true}); len(got) == 0 {
			t.Errorf("by %v there is nothing", by)
		}
	}
	_, err := s.Report(context.Background(), logscan.ReportOptions{By: []string{"outcome"}, Until: storetest.Start + 1}.Limited(logscan.Limits{Groups: 1}))
	want := "make a temporary file in " + nowhere + ": no such file or directory; set TMPDIR to a folder that is there and that you may write in"
	if err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}

func TestAReportLeavesNoFileBehind(t *testing.T) {
	s := storetest.Open(t)
	storetest.Append(t, s, storetest.Event(storetest.Start, "ann", "m", hygiene.Sent), storetest.Event(storetest.Start, "ann", "m", hygiene.Delivered))
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	r, err := s.Report(context.Background(), logscan.ReportOptions{By: []string{"outcome"}, Until: storetest.Start + 1}.Limited(logscan.Limits{Groups: 1}))
	if err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(folder)
	if r.Folder() != folder || err != nil || len(left) > 0 {
		t.Errorf("counts in %q leave %v, %v", r.Folder(), left, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
