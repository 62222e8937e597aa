package hygiene_test

import (
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
)

func TestATimeThatIsTakenInIsInAYearThatCanBeWritten(t *testing.T) {
	for given, want := range map[string]string{
		"1971-01-01":                "1971-01-01T00:00:00Z",
		"2026-01-02T03:04:05+03:00": "2026-01-02T00:04:05Z",
		"9999-12-31T23:59:59Z":      "9999-12-31T23:59:59Z",
		"1970-12-31T22:30:00-02:00": "1971-01-01T00:30:00Z",
	} {
		if got, err := hygiene.ParseTime(given); err != nil || got.String() != want {
			t.Errorf("%s is read as %s, %v", given, got, err)
		}
	}
	for _, given := range []string{
		"1970-01-01", "1970-01-01T00:00:00Z", "1970-12-31T23:59:59Z", "1969-07-20", "0001-01-01T00:00:00Z", "0000-01-01",
		"9999-12-31T23:59:59-01:00", "1971-01-01T00:30:00+02:00",
	} {
		if got, err := hygiene.ParseTime(given); err == nil || !strings.Contains(err.Error(), "write a year from 1971 to 9999") {
			t.Errorf("%s is read as %s, %v", given, got, err)
		}
	}
	if _, err := hygiene.ParseTime("tomorrow"); err == nil || !strings.Contains(err.Error(), "is not a date") {
		t.Errorf("tomorrow: %v", err)
	}
}

// A retry of an event of the year 9999 is due in the year 10000.
func TestATimeAfterTheYear9999IsShownAsItsEnd(t *testing.T) {
	late := hygiene.InstantOf(time.Date(9999, 12, 31, 23, 0, 0, 0, time.UTC)).Add(72 * time.Hour)
	const want = "9999-12-31T23:59:59.999999Z"
	json, err := late.MarshalJSON()
	if late.String() != want || string(late.AppendFormat(nil)) != want || string(json) != `"`+want+`"` || err != nil {
		t.Errorf("%s, %s, %v; want %s", late, json, err, want)
	}
	if hygiene.Latest.String() != want {
		t.Errorf("the latest is %s", hygiene.Latest)
	}
}
