package schedule

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

func TestTheErrorOfABadScheduleSaysWhatToDo(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "empty",
		"   ":                      "empty",
		"TZ=0":                     "set timezone",
		"CRON_TZ=Europe/Berlin":    "set timezone",
		"tz=UTC 0 2 * * *":         "set timezone",
		"CRON_TZ=UTC 0 2 * * *":    "set timezone",
		"0 0 2 * * *":              "five fields",
		"0 2 * *":                  "five fields",
		"nightly":                  "five fields",
		"@nightly":                 "@daily",
		"@reboot":                  "@every 30m",
		"@every5m":                 "@every 30m",
		"@every":                   "not a duration",
		"@every x":                 "not a duration",
		"@every 0s":                "@every 1s",
		"@every -5m":               "@every 1s",
		"@every 500ms":             "@every 1s",
		"@every 1500ms":            "whole seconds",
		"@every 500d":              "@every 400d",
		"@every 9999999999999999h": "not a duration",
		"61 * * * *":               `the minute is "61"; write 0 to 59`,
		"0 24 * * *":               `the hour is "24"; write 0 to 23`,
		"0 0 0 * *":                `the day of the month is "0"; write 1 to 31`,
		"0 0 * 13 *":               `the month is "13"; write 1 to 12`,
		"0 0 * * 7":                "0 is Sunday",
		"*/90 * * * *":             "a step is at most 60",
		"0 */25 * * *":             "a step is at most 24",
		"*/0 * * * *":              "minute",
		", * * * *":                "minute",
		"1,,2 * * * *":             "minute",
		"*-5 * * * *":              "minute",
		"1*/2 * * * *":             "minute",
		"+5 * * * *":               "minute",
		"5-1 * * * *":              "minute",
		"-5 * * * *":               "minute",
		"1-2-3 * * * *":            "minute",
		"1/2/3 * * * *":            "minute",
		"0 0 30 2 *":               "never comes",
		"0 0 31 4,6,9,11 *":        "never comes",
		"0 0 29 2 *":               "leap years only",
	} {
		err := Check(text)
		if err == nil {
			t.Errorf("%q is accepted", text)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %q, it should contain %q", text, err, want)
		}
		if s, err := Parse(text, nil); err != nil && !s.Next(time.Now()).IsZero() {
			t.Errorf("%q: a refused schedule comes", text)
		}
	}
}

func TestAGoodScheduleIsReadAsWritten(t *testing.T) {
	from := at("2026-11-23T10:17:30Z") // a Monday
	for text, want := range map[string]string{
		"0 2 * * *":       "2026-11-24T02:00:00Z",
		"  0 2 * * *\n":   "2026-11-24T02:00:00Z",
		"*/15 * * * *":    "2026-11-23T10:30:00Z",
		"*/60 * * * *":    "2026-11-23T11:00:00Z",
		"5/20 * * * ?":    "2026-11-23T10:25:00Z",
		"0 8-18/2 * * *":  "2026-11-23T12:00:00Z",
		"30 1 * * sun":    "2026-11-29T01:30:00Z",
		"30 1 * JAN *":    "2027-01-01T01:30:00Z",
		"0 0 1,15 * *":    "2026-12-01T00:00:00Z",
		"0 0 13 * 5":      "2026-11-27T00:00:00Z", // each 13th and each Friday, as everywhere in cron
		"0 0 29 2 1":      "2027-02-01T00:00:00Z",
		"0 0 28 2 *":      "2027-02-28T00:00:00Z",
		"@hourly":         "2026-11-23T11:00:00Z",
		"@daily":          "2026-11-24T00:00:00Z",
		"@midnight":       "2026-11-24T00:00:00Z",
		"@weekly":         "2026-11-29T00:00:00Z",
		"@monthly":        "2026-12-01T00:00:00Z",
		"@yearly":         "2027-01-01T00:00:00Z",
		"@every 30s":      "2026-11-23T10:18:00Z",
		"@every 7s":       "2026-11-23T10:17:35Z",
		"@every 1.5h":     "2026-11-23T10:30:00Z",
		"@every 1h30m":    "2026-11-23T10:30:00Z",
		"@every 1d":       "2026-11-24T00:00:00Z",
		"@every   2w":     "2026-12-03T00:00:00Z",
		"@every 1d12h":    "2026-11-24T00:00:00Z",
		"0 12 31 */2 *":   "2027-01-31T12:00:00Z",
		"0 0 31 12 *":     "2026-12-31T00:00:00Z",
		"59 23 * * 1-5":   "2026-11-23T23:59:00Z",
		"0,30 10 23 11 *": "2026-11-23T10:30:00Z",
	} {
		s, err := Parse(text, time.UTC)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if got := s.Next(from); !got.Equal(at(want)) {
			t.Errorf("%q comes at %s, want %s", text, got.Format(time.RFC3339), want)
		}
		if s.String() != strings.TrimSpace(text) {
			t.Errorf("%q is shown as %q", text, s)
		}
	}
}

// What cannot be parsed must be refused; what can must come, again and again,
// and Latest must find what Next gives.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"0 2 * * *", "30 1 * * *", "@every 30s", "@every -5m", "@hourly", "TZ=0", "CRON_TZ=Europe/Berlin", "*/90 * * * *",
		"0 0 30 2 *", "0 0 13 * 5", "1-5,7/2 */3 ? jan-mar mon", "0 0 2 * * *", "* * 29 2 ?", "@every 9999999999h", "*-5/2 , * * *",
	} {
		f.Add(text, int64(1_764_000_000))
	}
	zone := load(f, "Australia/Lord_Howe")
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		s, err := Parse(text, zone)
		if err != nil {
			if strings.Contains(err.Error(), "*cron") || strings.Contains(err.Error(), "failed to") {
				t.Fatalf("%q: the error is not for people: %v", text, err)
			}
			return
		}
		after := time.Unix(unix%(1<<33), 500)
		next := s.Next(after)
		if !next.After(after) || next.Nanosecond() != 0 || next.Sub(after) > maxGap+24*time.Hour {
			t.Fatalf("%q after %s comes at %s", text, after, next)
		}
		if s.Next(next.Add(-time.Nanosecond)) != next {
			t.Fatalf("%q: Next is not the same from a nearer time: %s", text, next)
		}
		if got, ok := s.Latest(next, after); !ok || got != next {
			t.Fatalf("%q: Latest finds %s, %v instead of %s", text, got, ok, next)
		}
		if got, ok := s.Latest(next.Add(-time.Nanosecond), after); ok {
			t.Fatalf("%q: Latest finds %s before %s", text, got, next)
		}
	})
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func load(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func parse(t testing.TB, text, zone string) Schedule {
	t.Helper()
	s, err := Parse(text, load(t, zone))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
