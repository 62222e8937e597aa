package instant_test

import (
	"strings"
	"testing"
	"time"

	"winnow/hygiene/instant"
)

func TestATimeThatIsTakenInIsInAYearThatCanBeWritten(t *testing.T) {
	for given, want := range map[string]string{
		"1971-01-01":                "1971-01-01T00:00:00Z",
		"2026-01-02T03:04:05+03:00": "2026-01-02T00:04:05Z",
		"9999-12-31T23:59:59Z":      "9999-12-31T23:59:59Z",
		"1970-12-31T22:30:00-02:00": "1971-01-01T00:30:00Z",
	} {
		if got, err := instant.ParseTime(given); err != nil || got.String() != want {
			t.Errorf("%s is read as %s, %v", given, got, err)
		}
	}
	for _, given := range []string{
		"1970-01-01", "1970-01-01T00:00:00Z", "1970-12-31T23:59:59Z", "1969-07-20", "0001-01-01T00:00:00Z", "0000-01-01",
		"9999-12-31T23:59:59-01:00", "1971-01-01T00:30:00+02:00",
	} {
		if got, err := instant.ParseTime(given); err == nil || !strings.Contains(err.Error(), "write a year from 1971 to 9999") {
			t.Errorf("%s is read as %s, %v", given, got, err)
		}
	}
	if _, err := instant.ParseTime("tomorrow"); err == nil || !strings.Contains(err.Error(), "is not a date") {
		t.Errorf("tomorrow: %v", err)
	}
}

// A retry of an event of the year 9999 is due in the year 10000.
func TestATimeAfterTheYear9999IsShownAsItsEnd(t *testing.T) {
	late := instant.Of(time.Date(9999, 12, 31, 23, 0, 0, 0, time.UTC)).Add(72 * time.Hour)
	const want = "9999-12-31T23:59:59.999999Z"
	json, err := late.MarshalJSON()
	if late.String() != want || string(late.AppendFormat(nil)) != want || string(json) != `"`+want+`"` || err != nil {
		t.Errorf("%s, %s, %v; want %s", late, json, err, want)
	}
	if instant.Latest.String() != want {
		t.Errorf("the latest is %s", instant.Latest)
	}
}

func TestDatesAreReadAsCRMsWriteThem(t *testing.T) {
	for written, want := range map[string]string{
		"2026-01-02":                   "2026-01-02T00:00:00Z",
		"2026-01-02T03:04:05Z":         "2026-01-02T03:04:05Z",
		"2026-01-02T03:04:05.25+03:00": "2026-01-02T00:04:05.25Z",
		"2026-01-02T03:04":             "2026-01-02T03:04:00Z",
		"2026-01-02 03:04":             "2026-01-02T03:04:00Z",
		"2026-01-02 03:04:05":          "2026-01-02T03:04:05Z",
		"2026-01-02 03:04:05.123456":   "2026-01-02T03:04:05.123456Z",
		"2026-01-02 03:04:05-05:00":    "2026-01-02T08:04:05Z",
		"02.01.2026":                   "2026-01-02T00:00:00Z",
		"2.1.2026":                     "2026-01-02T00:00:00Z",
		"31.12.2025 23:59":             "2025-12-31T23:59:00Z",
		"31.12.2025 23:59:58":          "2025-12-31T23:59:58Z",
	} {
		if got, err := instant.ParseDate(written); err != nil || got.String() != want {
			t.Errorf("%s is read as %s, %v; want %s", written, got, err, want)
		}
	}
}

func TestAmbiguousDatesAreRefused(t *testing.T) {
	for _, text := range []string{"", "1/2/2026", "01-02-2026", "2026-1-2", "2026-13-01", "31.02.2026", "12.31.2025", "1.2.26", "1.2.3", "2026-01-02 ", "2026-01-02x", "2026-01-02 3",
		"2026-01-02T", "2026-01-02 03:04:05 PM", "1.1.2026 0", "20260102", "2.1.2026-03:04", "a.1.2026", " 2026-01-02"} {
		if at, err := instant.ParseDate(text); err == nil {
			t.Errorf("%q is read as %s", text, at)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	f.Add("2026-01-02 03:04:05+03:00")
	f.Add("2.1.2026 3")
	f.Fuzz(func(t *testing.T, s string) {
		if at, err := instant.ParseDate(s); err == nil {
			if again, err := instant.ParseDate(at.String()); err != nil || again != at {
				t.Errorf("%q is %s, which is %s, %v", s, at, again, err)
			}
		}
	})
}
