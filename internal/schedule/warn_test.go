package schedule

import (
	"strings"
	"testing"
	"time"
)

func TestNightsOfTheClockChangeAreWarnedOfWithTheirDates(t *testing.T) {
	now := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ text, zone, want string }{
		{"30 2 * * *", "Europe/Berlin", "02:30 does not exist on 2027-03-28 in Europe/Berlin, and it runs at the next instant that exists, 03:00; " +
			"02:30 comes twice on 2027-10-31 in Europe/Berlin, and it runs once, the first time; choose another hour or set timezone: UTC"},
		{"0 2 * * *", "Europe/Berlin", "02:00 does not exist on 2027-03-28"},
		{"0 3 * * *", "Europe/Berlin", ""},
		{"59 1 * * *", "Europe/Berlin", ""},
		{"30 1 * * *", "America/New_York", "01:30 comes twice on 2027-11-07"},
		{"30 2 * * *", "America/New_York", "02:30 does not exist on 2027-03-14"},
		{"0 0 * * *", "America/Santiago", "00:00 does not exist on 2027-09-05"},
		{"@daily", "America/Santiago", "00:00 does not exist on 2027-09-05"},
		{"10 2 * * *", "Australia/Lord_Howe", "02:10 does not exist on 2027-10-03 in Australia/Lord_Howe, and it runs at the next instant that exists, 02:30"},
		{"30 2 * * 1-5", "Europe/Berlin", ""}, // the clock moves on Sundays
		{"30 2 * * 0", "Europe/Berlin", "02:30 does not exist on 2027-03-28"},
		{"30 2 1 * *", "Europe/Berlin", ""},
		{"30 * * * *", "Europe/Berlin", ""},
		{"@every 1h", "Europe/Berlin", ""},
		{"30 2 * * *", "UTC", ""},
		{"30 2 * * *", "Europe/Istanbul", ""},
		{"30 2 * * *", "Asia/Kolkata", ""},
		{"no schedule", "Europe/Berlin", ""},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(Warnings(c.text, zone, now), "\n")
		if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s in %s: %q, expected %q", c.text, c.zone, got, c.want)
		}
	}
}

// TestWarningsOfTheClockChangeComeTrue asks the schedule itself about the dates.
func TestWarningsOfTheClockChangeComeTrue(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse("30 2 * * *", zone)
	if err != nil {
		t.Fatal(err)
	}
	spring := time.Date(2027, time.March, 28, 0, 0, 0, 0, zone)
	if at := s.Next(spring).In(zone).Format("15:04"); at != "03:00" {
		t.Errorf("the skipped run is at %s", at)
	}
	autumn := time.Date(2027, time.October, 31, 0, 0, 0, 0, zone)
	first := s.Next(autumn)
	if second := s.Next(first).In(zone); first.In(zone).Format("15:04 MST") != "02:30 CEST" || second.Day() != 1 {
		t.Errorf("it runs at %s and %s", first.In(zone), second)
	}
}

func TestOnlyTheYearAheadIsWarnedOf(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	after := time.Date(2027, time.March, 28, 12, 0, 0, 0, time.UTC)
	if warnings := Warnings("30 2 28 3 *", zone, after); warnings != nil {
		t.Errorf("warned of a night in the past: %q", warnings)
	}
}

func TestNamingBothKindsOfDayIsWarnedOf(t *testing.T) {
	for text, warned := range map[string]bool{
		"0 0 13 * 5": true, "0 0 1,15 * mon": true, "0 0 */2 * 5": true,
		"0 0 13 * *": false, "0 0 * * 5": false, "0 0 ? * 5": false, "@monthly": false, "@every 4h": false,
	} {
		if warnings := Warnings(text, time.UTC, time.Unix(0, 0)); (warnings != nil) != warned {
			t.Errorf("%s: %q", text, warnings)
		}
	}
}
