package daemon

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/internal/console"
	"winnow/store"
)

// testDesk is the desk of a daemon that does not listen to anyone.
func testDesk(t *testing.T, replace ...string) *dashboard {
	t.Helper()
	path := apptest.Config(t, t.TempDir(), "1h")
	apptest.Edit(t, path, replace...)
	d, err := New(Options{Config: path, Version: "test", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.public.Close()
		d.private.Close()
		if err := d.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &dashboard{Daemon: d, days: &dailyCounts{store: d.store}}
}

func (d *dashboard) append(t *testing.T, at time.Time, outcomes ...hygiene.Outcome) {
	t.Helper()
	var events []hygiene.Event
	for i, o := range outcomes {
		events = append(events, hygiene.Event{ReceivedAt: hygiene.InstantOf(at), Source: "insider", MessageID: at.String() + string(rune('a'+i)),
			Name: o.String(), Outcome: o, Contact: "ann", Body: []byte("{}")})
	}
	if err := d.store.Append(context.Background(), events, nil); err != nil {
		t.Fatal(err)
	}
}

func (d *dashboard) shows(t *testing.T) console.Page {
	t.Helper()
	<-d.days.begin(time.Now()) // however long it takes here
	p, err := d.page(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// troubles are the troubles of the page, a line each.
func troubles(p console.Page) string {
	var lines []string
	for _, t := range p.Trouble {
		lines = append(lines, t.What+" "+t.Do)
	}
	return strings.Join(lines, "\n")
}

func TestDaysAreCountedAsTheyWereReceived(t *testing.T) {
	d := testDesk(t)
	noon := time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour)
	for ago, outcomes := range map[int][]hygiene.Outcome{
		0:         {hygiene.Delivered, hygiene.HardBounce, hygiene.UnknownDelivery, hygiene.Sent},
		2:         {hygiene.Delivered},
		shownDays: {hygiene.Delivered},
	} {
		d.append(t, noon.AddDate(0, 0, -ago), outcomes...)
	}
	list, err := countDays(t.Context(), d.store, hygiene.InstantOf(noon))
	if err != nil || len(list) != shownDays {
		t.Fatalf("%d days, %v", len(list), err)
	}
	total := int64(0)
	for _, day := range list {
		for _, n := range day.Outcomes {
			total += n
		}
	}
	today := list[shownDays-1]
	if total != 5 || today.Tried != 2 || today.Delivered != 1 || today.Outcomes["unknown_delivery"] != 1 || list[shownDays-3].Delivered != 1 {
		t.Errorf("%d events, %+v", total, list[shownDays-3:])
	}
}

func TestDaysAreNotCountedAgainForEveryLook(t *testing.T) {
	d := testDesk(t)
	d.append(t, time.Now(), hygiene.Delivered)
	first := d.shows(t)
	d.append(t, time.Now(), hygiene.Delivered)
	if second := d.shows(t); first.DaysAt == 0 || second.DaysAt != first.DaysAt {
		t.Errorf("counted at %s and again at %s", first.DaysAt, second.DaysAt)
	}
	<-d.days.begin(time.Now().Add(time.Minute))
	if later := d.shows(t); later.DaysAt == first.DaysAt {
		t.Error("they are never counted again")
	}
}

func TestAPageIsShownThoughTheDaysCanNotBeCounted(t *testing.T) {
	d := testDesk(t)
	closed, err := store.Open(filepath.Join(t.TempDir(), "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	d.days.store = closed
	if p := d.shows(t); p.Days != nil || !strings.Contains(troubles(p), "count the days") {
		t.Errorf("%d days, troubles %s", len(p.Days), troubles(p))
	}
}

func TestThePageOfAWellDaemonHasNoTrouble(t *testing.T) {
	d := testDesk(t)
	d.append(t, time.Now(), hygiene.Delivered) // waits for a sweep that is soon
	if p := d.shows(t); len(p.Trouble) > 0 {
		t.Error(troubles(p))
	}
}

func TestThePageTellsOfASweepThatDoesNotCome(t *testing.T) {
	d := testDesk(t)
	d.append(t, time.Now().Add(-2*lagAllowed), hygiene.Delivered, hygiene.Sent)
	if p := d.shows(t); !strings.Contains(troubles(p), "2 events wait to be swept") {
		t.Errorf("troubles: %s", troubles(p))
	}
}

func TestThePageTellsOfHeldRunsAndTheirSizes(t *testing.T) {
	d := testDesk(t, "to: [./exports]", "to: [./exports], guard: {min_rows: {do-not-text: 1}}")
	d.append(t, time.Now(), hygiene.HardBounce)
	for i, want := range []string{"published", "held"} {
		if i == 1 {
			if _, err := d.instruct(t.Context(), console.Instruction{Contact: "ann", Kind: hygiene.Allow, By: "test"}); err != nil {
				t.Fatal(err)
			}
		}
		run, err := d.export(t.Context(), d.Exporter(), "nightly", time.Now().Add(time.Duration(i)*time.Second))
		if string(run.Status) != want {
			t.Fatalf("run %d is %s: %v", i, run.Status, err)
		}
	}
	p := d.shows(t)
	if !strings.Contains(troubles(p), "is held") {
		t.Errorf("troubles: %s", troubles(p))
	}
	if len(p.Sizes) != 2 || len(p.Sizes[1].Runs) != 2 {
		t.Fatalf("sizes %+v", p.Sizes)
	}
	if r := p.Sizes[1].Runs; r[0].Rows != 1 || r[0].Held || r[1].Rows != 0 || !r[1].Held {
		t.Errorf("sizes %+v", r)
	}
}
