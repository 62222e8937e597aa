package quiet

import (
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
)

func TestASourceIsQuietAfterItsOwnHabit(t *testing.T) {
	e := enginetest.Open(t, enginetest.Location(t))
	start := hygiene.InstantOf(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	hour := func(h float64) hygiene.Instant { return start.Add(time.Duration(h * float64(time.Hour))) }
	note := func(since hygiene.Instant, at ...hygiene.Instant) {
		t.Helper()
		var events []hygiene.Event
		for _, at := range at {
			events = append(events, hygiene.Event{Source: "a", ReceivedAt: at})
		}
		if err := e.Write(func(w engine.Writer) error { return Note(w, events, since) }); err != nil {
			t.Fatal(err)
		}
	}
	quietAt := func(now, since hygiene.Instant) (quiet time.Duration) {
		t.Helper()
		err := e.Read(func(c engine.Reader) error {
			list, err := Read(c, now)
			for i := range list {
				quiet = list[i].QuietFor(now, since)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return quiet
	}
	note(0, hour(0), hour(1), hour(3))
	if q := quietAt(hour(20), 0); q != 0 {
		t.Errorf("a source of less than a day is quiet for %s", q)
	}
	for h := 4.0; h <= 48; h++ {
		note(0, hour(h))
	}
	if q := quietAt(hour(50), 0); q != 0 {
		t.Errorf("quiet for %s within the habit of two hours", q)
	}
	if q := quietAt(hour(51), 0); q != 3*time.Hour {
		t.Errorf("quiet for %s, want 3h", q)
	}
	if q := quietAt(hour(51), hour(50)); q != 0 {
		t.Errorf("quiet for %s, although the daemon was down until an hour ago", q)
	}
	note(hour(100), hour(101)) // after the daemon was down for two days
	if q := quietAt(hour(103.5), hour(100)); q != 150*time.Minute {
		t.Errorf("quiet for %s, want 2h30m: the time without a daemon became a habit", q)
	}
	note(0, hour(10)) // an archive
	if q := quietAt(hour(103.5), 0); q != 150*time.Minute {
		t.Errorf("quiet for %s after an archive, want 2h30m", q)
	}
	for h := 102.0; h < 102+16*24; h++ { // 16 days later the two hours are forgotten
		note(0, hour(h))
	}
	if q := quietAt(hour(101+16*24+1.5), 0); q != 90*time.Minute {
		t.Errorf("quiet for %s, want 1h30m: gaps of more than 14 days ago count", q)
	}
}
