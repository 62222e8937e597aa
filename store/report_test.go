package store

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

// rowsOf makes a report and writes its rows down.
func rowsOf(t *testing.T, s *Store, o ReportOptions) (rows []string) {
	t.Helper()
	if o.Until == 0 {
		o.Until = start.Add(1000 * hygiene.Day)
	}
	r, err := s.Report(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	err = r.Each(func(row *ReportRow) error {
		rows = append(rows, fmt.Sprint(strings.Join(row.Values, "/"), " ", row.Events, " of ", row.Group))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.Rows(); err != nil || n != int64(len(rows)) {
		t.Errorf("Rows gives %d, %v; there are %d", n, err, len(rows))
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAReportCountsTheSameInWhicheverSteps(t *testing.T) {
	s := openStore(t)
	r := rand.New(rand.NewPCG(7, 7))
	want, groups := map[string]int64{}, map[string]int64{}
	for range 500 {
		e := ev(start.Add(time.Duration(r.IntN(100))*time.Hour), "ann", "m", []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.SoftBounce}[r.IntN(3)])
		campaign := fmt.Sprint("c", r.IntN(20))
		e.Body = fmt.Appendf(nil, `{"id":"m","event":"x","uniqueArgs":{"campaign":%q}}`, campaign)
		appendEvents(t, s, e)
		day := e.ReceivedAt.Time().Format(time.DateOnly)
		want[day+"/"+campaign+"/"+e.Outcome.String()]++
		groups[day+"/"+campaign]++
	}
	var rows []string
	for _, key := range slices.Sorted(maps.Keys(want)) {
		rows = append(rows, fmt.Sprint(key, " ", want[key], " of ", groups[key[:strings.LastIndexByte(key, '/')]]))
	}
	slices.SortFunc(rows, func(a, b string) int { // by values, not by the text of them all
		return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
	})
	by := []string{"day", "unique_args.campaign", "outcome"}
	for _, o := range []ReportOptions{{By: by}, {By: by, step: 7}, {By: by, groups: 3}, {By: by, step: 1, groups: 1}, {By: by, bytes: 1}, {By: by, bytes: 200}} {
		if got := rowsOf(t, s, o); !slices.Equal(got, rows) {
			t.Errorf("step %d, groups %d:\n%s\nwant\n%s", o.step, o.groups, strings.Join(got, "\n"), strings.Join(rows, "\n"))
		}
	}
}

func TestAReportWithoutTheOutcomeAddsItUp(t *testing.T) {
	s := openStore(t)
	appendEvents(t, s, ev(start, "ann", "m1", hygiene.Sent), ev(start, "ann", "m1", hygiene.Delivered), ev(start, "ann", "m1", hygiene.Delivered),
		ev(start.Add(hygiene.Day), "ann", "m2", hygiene.HardBounce))
	r, err := s.Report(context.Background(), ReportOptions{By: []string{"day"}, Until: start.Add(9 * hygiene.Day)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []string
	err = r.Each(func(row *ReportRow) error {
		got = append(got, fmt.Sprint(row.Values, row.Events, row.Outcomes[hygiene.Delivered], row.Outcomes[hygiene.HardBounce]))
		return nil
	})
	if want := []string{"[2026-01-01] 3 2 0", "[2026-01-02] 1 0 1"}; err != nil || !slices.Equal(got, want) || r.Events != 4 {
		t.Errorf("%q of %d events, %v; want %q", got, r.Events, err, want)
	}
}

func TestAReportsSpanBeginsAtSinceAndEndsBeforeUntil(t *testing.T) {
	s := openStore(t)
	appendEvents(t, s, ev(start+9, "a", "m", hygiene.Sent), ev(start+10, "a", "m", hygiene.Sent), ev(start+19, "a", "m", hygiene.Sent), ev(start+20, "a", "m", hygiene.Sent))
	if got := rowsOf(t, s, ReportOptions{By: []string{"source"}, Since: start + 10, Until: start + 20}); !slices.Equal(got, []string{"insider 2 of 2"}) {
		t.Errorf("%q", got)
	}
}

func TestWhatASenderAttachedIsReadAsItReads(t *testing.T) {
	s := openStore(t)
	bodies := map[string]string{
		`{"uniqueArgs":{"a":{"b":"x \"y\" ğ"}}}`: `x "y" ğ`,
		`{"uniqueArgs":{"a":{"b":0012}}}`:        ``, // no JSON
		`{"uniqueArgs":{"a":{"b":12.0}}}`:        `12.0`,
		`{"uniqueArgs":{"a":{"b":null}}}`:        ``,
		`{"uniqueArgs":{"a":{"b":[1, 2]}}}`:      `[1, 2]`,
		`{"uniqueArgs":{"a":"b"}}`:               ``,
		`{"uniqueArgs":"a"}`:                     ``,
		`not JSON`:                               ``,
	}
	at := start
	for body, want := range bodies {
		at++
		e := ev(at, "ann", "m", hygiene.Sent)
		e.Body = []byte(body)
		appendEvents(t, s, e)
		got := rowsOf(t, s, ReportOptions{By: []string{"unique_args.a.b"}, Since: at, Until: at + 1})
		if !slices.Equal(got, []string{want + " 1 of 1"}) {
			t.Errorf("%s: %q; want %q", body, got, want)
		}
	}
}

func TestLongValuesAreNotGatheredInMemory(t *testing.T) {
	s := openStore(t)
	for i := range 40 {
		e := ev(start, "ann", "m", hygiene.Sent)
		e.Body = fmt.Appendf(nil, `{"uniqueArgs":{"text":"%d%s"}}`, i, strings.Repeat("x", 1000))
		appendEvents(t, s, e)
	}
	most := 0
	o := ReportOptions{By: []string{"unique_args.text"}, Until: start + 1, step: 1, bytes: 5000}
	counted := newReport(o)
	defer counted.Close()
	g := counted.gather(s, o)
	for seq := range int64(41) {
		if err := s.readLog(func(c engine.LogReader) error { return g.step(c, seq, seq) }); err != nil {
			t.Fatal(err)
		}
		held := 0
		for key := range g.counts {
			held += len(key)
		}
		most = max(most, held)
	}
	if err := g.whole(); err != nil {
		t.Fatal(err)
	}
	if n, err := counted.Rows(); err != nil || n != 40 || most > 5000 || most < 1000 {
		t.Errorf("%d rows, %v; up to %d bytes were held", n, err, most)
	}
}

func TestACodeIsAShareOfItsGroupToo(t *testing.T) {
	s := openStore(t)
	a, b, c := ev(start, "a", "m", hygiene.HardBounce), ev(start, "b", "m", hygiene.HardBounce), ev(start, "c", "m", hygiene.Delivered)
	a.Code, b.Code = "1400", "1401"
	appendEvents(t, s, a, b, c, c)
	want := []string{"delivered/ 2 of 4", "hard_bounce/1400 1 of 4", "hard_bounce/1401 1 of 4"}
	if got := rowsOf(t, s, ReportOptions{By: []string{"outcome", "code"}}); !slices.Equal(got, want) {
		t.Errorf("%q; want %q", got, want)
	}
	if got := rowsOf(t, s, ReportOptions{By: []string{"code"}}); !slices.Equal(got, []string{" 2 of 2", "1400 1 of 1", "1401 1 of 1"}) {
		t.Errorf("%q", got)
	}
}
