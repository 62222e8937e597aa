package presets

import (
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider/signature"
)

func TestEveryPresetReadsItsExamples(t *testing.T) {
	for _, name := range Names() {
		p, err := Find(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, x := range p.Examples {
			for _, wrong := range x.Try(p.Format, p.Contact, "", p.Account) {
				t.Errorf("%s.yaml:%d: %s: %s", name, x.Line, x.Name, wrong)
			}
		}
	}
}

// The examples are verified by the same code as callbacks, and by what their sender gave.
func TestEveryPresetOfASenderThatSignsHasAnExampleThatIsVerified(t *testing.T) {
	for _, name := range signature.Presets() {
		p := MustFind(name)
		verified := 0
		for _, x := range p.Examples {
			if x.Verified == nil || !*x.Verified {
				continue
			}
			verified++
			changed := x
			changed.Request.ReceivedAt = received.Add(100 * 365 * 24 * time.Hour)
			changed.Request.Header = nil
			changed.Request.Body = append([]byte("x"), x.Request.Body...)
			changed.Path, changed.Request.Query = "/another", x.Request.Query+"&sig=00"
			if wrong := changed.Try(p.Format, p.Contact, "", p.Account); len(wrong) != 1 || !strings.HasPrefix(wrong[0], "it is not verified, so nothing is read: ") {
				t.Errorf("%s.yaml:%d: with nothing that is signed: %q", name, x.Line, wrong)
			}
			not := false
			changed = x
			changed.Verified = &not
			if wrong := changed.Try(p.Format, p.Contact, "", p.Account); !slices.Equal(wrong, []string{"it is verified, and is expected not to be"}) {
				t.Errorf("%s.yaml:%d: expected not to be verified: %q", name, x.Line, wrong)
			}
		}
		if verified == 0 {
			t.Errorf("%s has no example that is verified", name)
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
		if wrong := strings.Join(changed.Try(p.Format, p.Contact, "", nil), "\n"); !strings.Contains(wrong, c.want) {
			t.Errorf("%q, want %q", wrong, c.want)
		}
	}
}
