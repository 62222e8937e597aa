package bodies

import (
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/presets"
	"winnow/internal/simulate/traffic"
)

// sourceOf is a source with that preset, whose contact is at a path.
func sourceOf(t *testing.T, name, contact string) Source {
	t.Helper()
	p := presets.MustFind(name)
	r, err := provider.New(provider.Config{Source: name, Format: p.Format, Contact: contact})
	if err != nil {
		t.Fatal(err)
	}
	return Source{Format: p.Format, Contact: contact, Reader: r, Lines: p.Format.Outcomes, Examples: p.Examples}
}

// eachMaker calls do with a maker for each preset and each place of a contact that it has.
func eachMaker(t *testing.T, do func(name string, s Source, m *Maker)) {
	t.Helper()
	for _, name := range presets.Names() {
		made := 0
		for _, contact := range []string{presets.MustFind(name).Contact, "args.contact_id", "args", "to"} {
			s := sourceOf(t, name, contact)
			m, err := New(s)
			if err != nil {
				continue
			}
			made++
			do(name+" with the contact at "+contact, s, m)
		}
		if made < 2 {
			t.Errorf("%s: bodies are made for %d places of a contact", name, made)
		}
	}
}

func TestEveryPresetsBodiesAreReadAsTheEventsTheyClaim(t *testing.T) {
	v := Values{ID: "simulated-0a1b2c3d-4711", Phone: "+12125550199", Contact: "simulated-33", At: time.Date(2026, 11, 23, 9, 30, 15, 0, time.UTC)}
	received := hygiene.InstantOf(v.At.Add(time.Hour))
	eachMaker(t, func(name string, s Source, m *Maker) {
		for outcome, list := range m.honest {
			for _, template := range list {
				r := template.request(&v, 7)
				is, err := s.Reader.Read(&provider.Request{Method: r.Method, Query: r.Query, Body: r.Body, ReceivedAt: received})
				if err != nil || len(is.Events) != 1 || len(is.Unreadable)+is.LeftOut > 0 {
					t.Errorf("%s: %s: %v, %d events, %d unreadable: %s", name, outcome, err, len(is.Events), len(is.Unreadable), r.Body)
					continue
				}
				e := is.Events[0]
				contact := v.Contact
				if s.isPhone() {
					contact = v.Phone
				}
				if !strings.HasPrefix(e.MessageID, v.ID) || e.Outcome != outcome || s.Contact != "" && e.Contact != contact || e.To != "" && e.To != v.Phone {
					t.Errorf("%s: %s is read as %s %s of %s, %s: %s", name, outcome, e.MessageID, e.Outcome, e.Contact, e.To, r.Body)
				}
				if off := e.At.Sub(hygiene.InstantOf(v.At)).Abs(); e.At != received && off >= time.Minute {
					t.Errorf("%s: its time is read as %s: %s", name, e.At, r.Body)
				}
			}
		}
	})
}

func TestEveryOutcomeOfAPresetHasABody(t *testing.T) {
	eachMaker(t, func(name string, s Source, m *Maker) {
		for _, line := range s.Lines {
			if m.Lacks(line.Outcome) {
				t.Errorf("%s: there is no body for %s", name, line.Outcome)
			}
		}
	})
}

func TestLiesBecomeWhatIsExpectedOfThem(t *testing.T) {
	for name, want := range map[string]map[traffic.Lie]Expect{
		"insider": {traffic.Broken: AsQuarantine, traffic.UnknownCode: AsEvent, traffic.UnknownEvent: AsEvent, traffic.UnknownFields: AsEvent,
			traffic.WrongType: AsQuarantine, traffic.Oversized: AsRefused, traffic.WrongToken: AsRefused},
		"infobip": {traffic.Broken: AsQuarantine, traffic.UnknownCode: AsEvent, traffic.UnknownEvent: AsEvent, traffic.UnknownFields: AsEvent,
			traffic.WrongType: AsQuarantine, traffic.Oversized: AsQuarantine, traffic.WrongToken: AsRefused},
		"messagebird": {traffic.Broken: AsQuarantine, traffic.UnknownCode: AsEvent, traffic.UnknownEvent: AsEvent, traffic.UnknownFields: AsEvent, traffic.WrongToken: AsRefused},
	} {
		s := sourceOf(t, name, presets.MustFind(name).Contact)
		m, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(m.Lies()); got != len(want) {
			t.Errorf("%s tells %v", name, m.Lies())
		}
		for lie, expect := range want {
			e := traffic.Event{Last: true, Outcome: hygiene.Delivered, Lie: lie, Draw: 12345}
			if got := m.Expects(&e); got != expect {
				t.Errorf("%s: %s is expected to become %d, want %d", name, lie, got, expect)
			}
			if r := m.Make(&e, &sample); !strings.Contains(r.Query+string(r.Body[:min(len(r.Body), 4096)]), sample.ID) {
				t.Errorf("%s: a body that is %s does not name its message: %.300s", name, lie, r.Body)
			}
		}
	}
}
