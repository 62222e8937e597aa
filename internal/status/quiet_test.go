package status

import (
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/store/storetest"
)

// A source that spoke each hour of two days is quiet after three more, but not while no
// daemon could hear it. One that nobody has heard yet has no habit.
func TestTheTimeWithoutADaemonIsNotQuiet(t *testing.T) {
	a := apptest.Operations(t)
	for h := range hygiene.Instant(48) {
		e := storetest.Event(storetest.Start.Add(time.Duration(h)*time.Hour), "ann", "m", hygiene.Sent)
		storetest.Append(t, a.Store, e)
	}
	storetest.Sweep(t, a.Store, a.Config.Policy, 0)
	now := storetest.Start.Add(51 * time.Hour)
	printed := func() string {
		t.Helper()
		st, err := Collect(a.Config, a.Store, now)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		Print(&text, st, now)
		return text.String()
	}
	if got := printed(); strings.Contains(got, "quiet") || strings.Contains(got, "habit") {
		t.Errorf("no daemon listens, and the status is\n%s", got)
	}
	jobs := a.Store.Lock("jobs")
	if ok, err := jobs.TryLock(); !ok || err != nil {
		t.Fatal(err)
	}
	defer jobs.Unlock()
	if got := printed(); !strings.Contains(got, "nothing came for 4h0m0s, longer than ever") || strings.Contains(got, "habit") {
		t.Errorf("a daemon listens, and the status is\n%s", got)
	}
	a.Config.Sources[0].Name = "young"
	if got := printed(); !strings.Contains(got, "young") || !strings.Contains(got, "it has no habit yet") {
		t.Errorf("a source is new, and the status is\n%s", got)
	}
}
