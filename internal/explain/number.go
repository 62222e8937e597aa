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
	case s.From == "" && p.Origin == hygiene.ByRule && !r.IsNamed(p):
		s.Whose = "a forgotten contact's "
	case s.From != "" && s.From != r.of:
		s.Whose = s.From + "'s "
	}
	if r.of != "" && r.of != s.From {
		s.Summary = strings.Replace(s.Summary, p.Reason, p.Reason+" on its number "+s.Number, 1)
	}
	return nil
}

// maxOtherNumbers is of how many numbers that is said.
const maxOtherNumbers = 3

// onOtherNumbers says which numbers are suppressed that events of the contact name and
// that are not known to be its own.
func (e *Explanation) onOtherNumbers(s *store.Store) (sentences []string, err error) {
	seen := []string{"", e.Phone}
	for i := range e.Timeline {
		phone := e.Timeline[i].To
		if slices.Contains(seen, phone) || len(sentences) == maxOtherNumbers {
			continue
		}
		seen = append(seen, phone)
		number, ok, err := s.Number(phone)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if open := number.OpenSuppressions(e.AsOf); len(open) > 0 {
			sentences = append(sentences, fmt.Sprintf("The number %s, which event %d names, is suppressed: %s. It is not known as a number of %s: winnow import contacts says which numbers contacts have",
				phone, e.Timeline[i].Seq, open[0].Reason, e.Contact))
		}
	}
	return sentences, nil
}

// allowCommands are the commands that lift a suppression. What rests on another contact's
// evidence is lifted from the number, and what was said of the number from both.
func (e *Explanation) allowCommands(s *view.Suppression) []string {
	reason := ""
	if e.policy.Protects(s.Reason) {
		reason = "--reason " + s.Reason
	}
	name := e.Contact
	switch {
	case s.By == ByNumber && (e.isNumber() || s.From != e.Contact):
		name = s.Number
	case s.By != ByNumber && s.Number != "" && s.SaidOf != "":
		return []string{ui.CommandLine("winnow allow", name, reason), ui.CommandLine("winnow allow", s.Number, reason)}
	}
	return []string{ui.CommandLine("winnow allow", name, reason)}
}

// joinCopies makes of a word that stands on the contact and on its number one entry, which
// names the number. It is the contact's own word, or was said of the number.
func (e *Explanation) joinCopies() {
	e.Suppressions = slices.DeleteFunc(e.Suppressions, func(s view.Suppression) bool {
		i := slices.IndexFunc(e.Suppressions, func(own view.Suppression) bool {
			return own.By != ByNumber && own.Reason == s.Reason && own.Hand == s.Hand && own.Held == s.Held &&
				(s.From == e.Contact || s.From == "" && own.SaidOf == s.Number && own.Since == s.Since)
		})
		if s.By != ByNumber || i < 0 {
			return false
		}
		e.Suppressions[i].Number = s.Number
		return true
	})
}

// opener says who opened a suppression, in short: the number, if not by what the contact
// itself did.
func (e *Explanation) opener(s *view.Suppression) string {
	if s.By == ByNumber && s.From != e.Contact && !e.isNumber() {
		return "on its number"
	}
	return fmt.Sprintf("by %s", s.Hand)
}

// toNumber says on which number an event lies whose body names one.
func toNumber(e *view.Event) string {
	if e.To == "" {
		return ""
	}
	return ", to " + e.To
}
