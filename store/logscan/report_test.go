package logscan_test

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
	"winnow/store"
	"winnow/store/logscan"
	"winnow/store/storetest"
)

// rowsOf makes a report and writes its rows down.
func rowsOf(t *testing.T, s *store.Store, o logscan.ReportOptions) (rows []string) {
	t.Helper()
	if o.Until == 0 {
		o.Until = storetest.Start.Add(1000 * hygiene.Day)
	}
	r, err := s.Report(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	err = r.Each(func(row *logscan.ReportRow) error {
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

func TestAReportDoesNotDependOnTheSizeOfItsSteps(t *testing.T) {
	s := storetest.Open(t)
	r := rand.New(rand.NewPCG(7, 7))
	want, groups := map[string]int64{}, map[string]int64{}
	for range 500 {
		e := storetest.Event(storetest.Start.Add(time.Duration(r.IntN(100))*time.Hour), "ann", "m", []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.SoftBounce}[r.IntN(3)])
		campaign := fmt.Sprint("c", r.IntN(20))
		e.Body = fmt.Appendf(nil, `{"id":"m","event":"x","uniqueArgs":{"campaign":%q}}`, campaign)
		storetest.Append(t, s, e)
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
	for _, l := range []logscan.Limits{{}, {Step: 7}, {Groups: 3}, {Step: 1, Groups: 1}, {Bytes: 1}, {Bytes: 200}} {
		if got := rowsOf(t, s, logscan.ReportOptions{By: by}.Limited(l)); !slices.Equal(got, rows) {
			t.Errorf("%+v:\n%s\nwant\n%s", l, strings.Join(got, "\n"), strings.Join(rows, "\n"))
		}
	}
}

func TestAReportWithoutTheOutcomeAddsItUp(t *testing.T) {
	s := storetest.Open(t)
	storetest.Append(t, s, storetest.Event(storetest.Start, "ann", "m1", hygiene.Sent), storetest.Event(storetest.Start, "ann", "m1", hygiene.Delivered), storetest.Event(storetest.Start, "ann", "m1", hygiene.Delivered),
		storetest.Event(storetest.Start.Add(hygiene.Day), "ann", "m2", hygiene.HardBounce))
	r, err := s.Report(context.Background(), logscan.ReportOptions{By: []string{"day"}, Until: storetest.Start.Add(9 * hygiene.Day)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []string
	err = r.Each(func(row *logscan.ReportRow) error {
		got = append(got, fmt.Sprint(row.Values, row.Events, row.Outcomes[hygiene.Delivered], row.Outcomes[hygiene.HardBounce]))
		return nil
	})
	if want := []string{"[2026-01-01] 3 2 0", "[2026-01-02] 1 0 1"}; err != nil || !slices.Equal(got, want) || r.Events != 4 {
		t.Errorf("%q of %d events, %v; want %q", got, r.Events, err, want)
	}
}

func TestAReportsSpanBeginsAtSinceAndEndsBeforeUntil(t *testing.T) {
	s := storetest.Open(t)
	storetest.Append(t, s, storetest.Event(storetest.Start+9, "a", "m", hygiene.Sent), storetest.Event(storetest.Start+10, "a", "m", hygiene.Sent), storetest.Event(storetest.Start+19, "a", "m", hygiene.Sent), storetest.Event(storetest.Start+20, "a", "m", hygiene.Sent))
	if got := rowsOf(t, s, logscan.ReportOptions{By: []string{"source"}, Since: storetest.Start + 10, Until: storetest.Start + 20}); !slices.Equal(got, []string{"insider 2 of 2"}) {
		t.Errorf("%q", got)
	}
}

func TestAttachedValuesAreReportedAsWritten(t *testing.T) {
	s := storetest.Open(t)
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
	at := storetest.Start
	for body, want := range bodies {
		at++
		e := storetest.Event(at, "ann", "m", hygiene.Sent)
		e.Body = []byte(body)
		storetest.Append(t, s, e)
		got := rowsOf(t, s, logscan.ReportOptions{By: []string{"unique_args.a.b"}, Since: at, Until: at + 1})
		if !slices.Equal(got, []string{want + " 1 of 1"}) {
			t.Errorf("%s: %q; want %q", body, got, want)
		}
	}
}

func TestACodeIsAShareOfItsGroupToo(t *testing.T) {
	s := storetest.Open(t)
	a, b, c := storetest.Event(storetest.Start, "a", "m", hygiene.HardBounce), storetest.Event(storetest.Start, "b", "m", hygiene.HardBounce), storetest.Event(storetest.Start, "c", "m", hygiene.Delivered)
	a.Code, b.Code = "1400", "1401"
	storetest.Append(t, s, a, b, c, c)
	want := []string{"delivered/ 2 of 4", "hard_bounce/1400 1 of 4", "hard_bounce/1401 1 of 4"}
	if got := rowsOf(t, s, logscan.ReportOptions{By: []string{"outcome", "code"}}); !slices.Equal(got, want) {
		t.Errorf("%q; want %q", got, want)
	}
	if got := rowsOf(t, s, logscan.ReportOptions{By: []string{"code"}}); !slices.Equal(got, []string{" 2 of 2", "1400 1 of 1", "1401 1 of 1"}) {
		t.Errorf("%q", got)
	}
}
