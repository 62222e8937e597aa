package schedule

import (
	"encoding/json"
	"testing"
	"time"
)

// far are times at which a zone's rules, years of four digits or both end.
var far = []time.Time{
	time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
	time.Date(1, 1, 3, 0, 0, 0, 0, time.UTC),
	time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC),
	time.Date(9998, 12, 31, 12, 0, 0, 0, time.UTC),
	time.Date(9999, 6, 1, 0, 0, 0, 0, time.UTC),
	time.Date(9999, 12, 31, 12, 0, 0, 0, time.UTC),
	time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
}

var farZones = []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Kiritimati"}

func TestNoLoopRunsForeverAtTheEndOfTime(t *testing.T) {
	ended := make(chan bool)
	go func() {
		defer close(ended)
		for _, zone := range farZones {
			for _, now := range far {
				for _, text := range []string{"30 2 * * *", "0 * * * *", "0 2 28 2 *", "@every 90s"} {
					s := parse(t, text, zone)
					Warnings(text, s.zone, now)
					if at := s.Next(now); !at.IsZero() && !at.After(now) {
						t.Errorf("%s in %s after %s comes at %s", text, zone, now, at)
					}
					s.Latest(now, now.AddDate(-1, 0, 0))
				}
			}
		}
	}()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on for ever")
	}
}

func TestTimesThatCannotBeWrittenAreNotListed(t *testing.T) {
	for _, zone := range farZones {
		for _, now := range far {
			var jobs []Job
			for _, text := range []string{"30 2 * * *", "0 * * * *", "@every 90s"} {
				jobs = append(jobs, Job{Kind: Export, Name: text, Schedule: parse(t, text, zone)})
			}
			list := Upcoming(jobs, now, 3000)
			if _, err := json.Marshal(list); err != nil {
				t.Errorf("in %s after %s: %v", zone, now, err)
			}
			for _, e := range list {
				if e.Next == nil || now.After(far[0]) && now.Year() < 9998 && len(e.Next) != 3000 {
					t.Errorf("%s in %s after %s has the times %v", e.Name, zone, now, e.Next)
				}
			}
		}
	}
}
