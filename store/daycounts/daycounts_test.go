package daycounts

import (
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
)

func TestCountsOfAnEarlierDayAreThoseOfItsFirstSweep(t *testing.T) {
	e := enginetest.Open(t, enginetest.Location(t))
	start := hygiene.InstantOf(time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC))
	on := func(day int) hygiene.Instant { return start.Add(time.Duration(day) * hygiene.Day) }
	note := func(at hygiene.Instant, n int64) {
		t.Helper()
		if err := e.Write(func(w engine.Writer) error { return Note(w, at, map[string]int64{"active": n}) }); err != nil {
			t.Fatal(err)
		}
	}
	before := func(now hygiene.Instant) (n int64, day hygiene.Instant) {
		t.Helper()
		n = -1
		if err := e.Read(func(c engine.Reader) error {
			d, ok, err := Before(c, now, 7)
			if ok {
				n, day = d.Statuses["active"], d.Start
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n, day
	}
	note(on(0), 100)
	note(on(0).Add(time.Hour), 150)
	if n, _ := before(on(0)); n != -1 {
		t.Errorf("on the first day the counts before are %d", n)
	}
	note(on(2), 200)
	if n, day := before(on(3)); n != 100 || day != start.Add(-6*time.Hour) {
		t.Errorf("on a day of the first week the counts before are %d of %s", n, day)
	}
	note(on(12), 300)
	if n, _ := before(on(9)); n != 200 {
		t.Errorf("a week after a day, its counts are %d", n)
	}
	if n, _ := before(on(18)); n != 200 {
		t.Errorf("of a week without a sweep the counts are %d, not those of the day before it", n)
	}
}
