package presets

import (
	"strings"
	"testing"

	"winnow/hygiene"
)

func TestEveryPresetReadsItsExamples(t *testing.T) {
	for _, name := range Names() {
		p, err := Find(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, x := range p.Examples {
			for _, wrong := range x.Try(p.Format, p.Contact, "") {
				t.Errorf("%s.yaml:%d: %s: %s", name, x.Line, x.Name, wrong)
			}
		}
	}
}

// Every word that a preset knows decides something, and every preset knows a delivery.
func TestEveryPresetKnowsADelivery(t *testing.T) {
	for _, name := range Names() {
		delivered := false
		for _, l := range MustFind(name).Format.Outcomes {
			delivered = delivered || l.Outcome == hygiene.Delivered
			if l.Outcome == hygiene.Unrecognized {
				t.Errorf("%s: %q is known and unrecognized", name, l.Event)
			}
		}
		if !delivered {
			t.Errorf("%s has no delivery", name)
		}
	}
}

func TestAnExampleThatIsNotSoIsReported(t *testing.T) {
	p := *MustFind("insider")
	x := p.Examples[0]
	for _, c := range []struct {
		change func(*Case)
		want   string
	}{
		{func(x *Case) { x.Events = nil }, "1 events are read, 0 are expected"},
		{func(x *Case) { x.Events[0].ID = "other" }, `the id of event 1 is "sms-66944540-5ade", "other" is expected`},
		{func(x *Case) { x.Events[0].Code = "" }, `the code of event 1 is "1400", "" is expected`},
		{func(x *Case) { x.Events[0].Outcome = hygiene.Delivered }, `the outcome of event 1 is "hard_bounce", "delivered" is expected`},
		{func(x *Case) { x.Events[0].At = "2026-01-02T03:04:05Z" }, `the time of event 1 is ""`},
		{func(x *Case) { x.LeftOut = 1 }, "0 parts are left out, 1 are expected"},
		{func(x *Case) { x.Quarantined = 1 }, "0 parts can't be read, 1 are expected"},
		{func(x *Case) { x.Request.Body = []byte("{") }, "0 events are read, 1 are expected"},
	} {
		changed := x
		changed.Events = append([]Event{}, x.Events...)
		c.change(&changed)
		if wrong := strings.Join(changed.Try(p.Format, p.Contact, ""), "\n"); !strings.Contains(wrong, c.want) {
			t.Errorf("%q, want %q", wrong, c.want)
		}
	}
}
