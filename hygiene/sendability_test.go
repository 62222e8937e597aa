package hygiene

import (
	"slices"
	"testing"
)

func TestActiveAndRetryDueContactsMayBeTexted(t *testing.T) {
	suppressed := func(reasons ...string) *Contact {
		c := &Contact{}
		for _, reason := range reasons {
			c.openSuppression(Suppression{Reason: reason, Until: day(2)})
		}
		return c
	}
	bounced := &Contact{Retry: &Retry{Since: Moment{At: day(0)}, DueAt: day(1), LapsesAt: day(2)}}
	held := &Contact{Suppressions: []Suppression{{Reason: "hard_bounce", Held: 7}}}
	for _, test := range []struct {
		c        *Contact
		at       Instant
		status   string
		sendable bool
		reasons  []string
	}{
		{nil, day(1), "unknown", true, nil},
		{&Contact{}, day(1), "active", true, nil},
		{bounced, day(0.5), "cooling", false, nil},
		{bounced, day(1), "retry", true, nil},
		{bounced, day(2), "active", true, nil},
		{suppressed("opted_out", "dormant"), day(1), "suppressed", false, []string{"dormant", "opted_out"}},
		{suppressed("dormant"), day(2), "active", true, nil},
		{held, day(1), "active", true, nil},
	} {
		s := SendabilityOf(test.c, test.at)
		if s.Status != test.status || s.Sendable != test.sendable || !slices.Equal(s.Reasons, test.reasons) {
			t.Errorf("%+v; want %+v", s, test)
		}
	}
}
