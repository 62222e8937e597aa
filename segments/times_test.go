package segments

import (
	"testing"
	"time"

	"winnow/hygiene"
)

func TestTimesAreWrittenAsTheExportSays(t *testing.T) {
	istanbul, err := time.LoadLocation("Europe/Istanbul")
	if err != nil {
		t.Fatal(err)
	}
	evening := hygiene.InstantOf(time.Date(2026, 11, 29, 22, 6, 12, 225_960_000, time.UTC))
	last := hygiene.InstantOf(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC))
	first := hygiene.InstantOf(time.Date(1971, 1, 1, 0, 0, 0, 999_999_000, time.UTC))
	for _, c := range []struct {
		options TimeOptions
		at      hygiene.Instant
		want    string
	}{
		{TimeOptions{}, evening, "2026-11-29T22:06:12Z"},
		{TimeOptions{Form: FullTime}, evening, "2026-11-29T22:06:12.22596Z"},
		{TimeOptions{Form: DateOnly}, evening, "2026-11-29"},
		{TimeOptions{Zone: istanbul}, evening, "2026-11-30T01:06:12+03:00"},
		{TimeOptions{Form: FullTime, Zone: istanbul}, evening, "2026-11-30T01:06:12.22596+03:00"},
		{TimeOptions{Form: DateOnly, Zone: istanbul}, evening, "2026-11-30"},
		{TimeOptions{}, first, "1971-01-01T00:00:00Z"},
		{TimeOptions{Zone: istanbul}, last, "9999-12-31T23:59:59Z"},
		{TimeOptions{Form: DateOnly, Zone: istanbul}, last, "9999-12-31"},
		{TimeOptions{Form: FullTime}, last.Add(72 * time.Hour), "9999-12-31T23:59:59.999999Z"},
	} {
		for _, format := range []Format{CSV, NDJSON, JSON} {
			column, err := ParseColumn("first_seen")
			if err != nil {
				t.Fatal(err)
			}
			e, err := newEncoder(format, []Column{column}, encoding{times: c.options})
			if err != nil {
				t.Fatal(err)
			}
			var shown cell
			shown.setTime(c.at)
			got := string(e.row(nil, []cell{shown}))
			want := map[Format]string{CSV: c.want + "\n", NDJSON: `{"first_seen":"` + c.want + "\"}\n", JSON: "\n" + `{"first_seen":"` + c.want + `"}`}[format]
			if got != want {
				t.Errorf("%s with %+v: %q, want %q", format, c.options, got, want)
			}
		}
	}
}
