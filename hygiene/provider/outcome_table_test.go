package provider

import (
	"testing"

	"winnow/hygiene"
)

func TestPossibleIsWhatTheTableCanGive(t *testing.T) {
	lines := []Line{{"undelivered", "1404", hygiene.Dropped}, {"failed", "", hygiene.HardBounce}}
	m, err := insider.Table(lines)
	if err != nil {
		t.Fatal(err)
	}
	has := func(codes []string, o hygiene.Outcome) bool { return m.Possible(codes...).Has(o) }
	for _, c := range []struct {
		outcome hygiene.Outcome
		codes   []string
		want    bool
	}{
		{hygiene.Delivered, nil, true},
		{hygiene.SoftBounce, nil, false}, // its only line says otherwise now
		{hygiene.Dropped, nil, true},
		{hygiene.SenderFault, nil, true},
		{hygiene.Resubscribed, nil, false},
		{hygiene.Unrecognized, nil, true},
		{hygiene.Unrecognized, []string{"1404"}, true}, // of an event that is not in the table
		{hygiene.Dropped, []string{"1404"}, true},
		{hygiene.Dropped, []string{"1400"}, false},
		{hygiene.Dropped, []string{"1400", "1404"}, true},
		{hygiene.InvalidNumber, []string{"1500"}, true}, // the line of that very code
		{hygiene.HardBounce, []string{"1500"}, false},   // not the line for any code
		{hygiene.HardBounce, []string{"77"}, true},      // the line for any code
	} {
		if got := has(c.codes, c.outcome); got != c.want {
			t.Errorf("%s with codes %q: possible is %t", c.outcome, c.codes, got)
		}
	}
	for code, want := range map[string]hygiene.Outcomes{"1404": hygiene.OutcomesOf(hygiene.Dropped), "1408.0": hygiene.OutcomesOf(hygiene.CarrierViolation), "77": 0, "": 0} {
		if got := m.ForCode(code); got != want {
			t.Errorf("code %q is %v", code, got.Names())
		}
	}
}

func TestPossibleIsWhatEventsGet(t *testing.T) {
	r, err := New(Config{Source: "s", Format: insider})
	if err != nil {
		t.Fatal(err)
	}
	m, err := insider.Table(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range []string{"sent", "undelivered", "failed", "opened", "new"} {
		for _, code := range []string{"", "1400", "1404", "1408", "1409", "1500", "77"} {
			o := r.Outcome(event, code)
			if !m.Possible().Has(o) || code != "" && !m.Possible(code).Has(o) {
				t.Errorf("%s %s becomes %s, which is not possible", event, code, o)
			}
		}
	}
}
