package explain

import (
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/store"
)

// ByNumber is the author of what stands on a phone number and not on the contact.
const ByNumber = "number"

// Number explains a phone number in E.164 as a subject of its own, as of now. The result
// is false when nothing is, or was, on the number.
func Number(cfg *config.Config, s *store.Store, phone string, now hygiene.Instant) (*Explanation, bool, error) {
	number, ok, err := s.Number(phone)
	if err != nil || !ok {
		return nil, false, err
	}
	e, err := explainNumber(cfg, s, subject{Contact: number}, now)
	if err != nil {
		return nil, false, err
	}
	e.next = strings.Join(e.nextSteps(cfg.Policy, number), ". ")
	e.setWhy()
	return e, true, nil
}

// explainNumber explains a number as of a time, but for what comes next.
func explainNumber(cfg *config.Config, s *store.Store, number subject, at hygiene.Instant) (*Explanation, error) {
	e := &Explanation{policy: cfg.Policy, Explanation: view.Explanation{Phone: hygiene.NumberIn(number.Key), Status: number.Status(at).String(), AsOf: at, History: historyOf(number.Contact)}}
	if err := e.addTimeline(s, number.Contact); err != nil {
		return nil, err
	}
	r := &evidenceReader{subject: number, policy: cfg.Policy, store: s, timeline: e.Timeline, asOf: at}
	if err := r.addTo(e); err != nil {
		return nil, err
	}
	e.reason = e.statusReason(cfg)
	return e, nil
}

// numberOf is the number that the contact has now; an empty subject when nothing is, or
// was, on it.
func numberOf(s *store.Store, c *hygiene.Contact) (subject, error) {
	if c.Phone == "" {
		return subject{}, nil
	}
	number, ok, err := s.Number(c.Phone)
	if err != nil || !ok {
		return subject{}, err
	}
	return subject{Contact: number}, nil
}

// isNumber reports whether a number is explained, and no contact.
func (e *Explanation) isNumber() bool { return e.Contact == "" }

// name is the key of the contact, or the number.
func (e *Explanation) name() string {
	if e.isNumber() {
		return e.Phone
	}
	return e.Contact
}

// addGiver adds the number, and whose evidence the suppression of it is.
func (r *evidenceReader) addGiver(s *view.Suppression, p *hygiene.Suppression) (err error) {
	s.By, s.Number = ByNumber, hygiene.NumberIn(r.Key)
	if s.From, err = r.store.GiverOf(r.Contact, p); err != nil {
		return err
	}
	switch {
	case s.From == "" && p.Origin == hygiene.ByRule:
		s.Whose = "a forgotten contact's "
	case s.From != "" && s.From != r.of:
		s.Whose = s.From + "'s "
	}
	if r.of != "" && r.of != s.From {
		s.Summary = strings.Replace(s.Summary, p.Reason, p.Reason+" on its number "+s.Number, 1)
	}
	return nil
}

// allowCommand is the command that lifts a suppression. What rests on another contact's
// evidence is lifted from the number.
func (e *Explanation) allowCommand(s *view.Suppression) string {
	name, reason := e.Contact, ""
	if s.Number != "" && (e.isNumber() || s.From != e.Contact) {
		name = s.Number
	}
	if e.policy.Protects(s.Reason) {
		reason = "--reason " + s.Reason
	}
	return ui.CommandLine("winnow allow", name, reason)
}

// isCopy reports whether a suppression of the number is there for the same reason, and
// by the word of the same contact, as one of the contact.
func (e *Explanation) isCopy(s *view.Suppression) bool {
	return s.Number != "" && s.From != "" && s.From == e.Contact && slices.ContainsFunc(e.Suppressions, func(own view.Suppression) bool {
		return own.Number == "" && own.Held == 0 && own.Reason == s.Reason
	})
}

// opener says who opened a suppression, in short: the number, if not by what the contact
// itself did.
func (e *Explanation) opener(s *view.Suppression) string {
	if s.Number != "" && s.From != e.Contact && !e.isNumber() {
		return "on its number"
	}
	return fmt.Sprintf("by %s", s.Hand)
}
