package provider

import (
	"slices"
	"strings"

	"winnow/hygiene"
)

// document is what a report is made of: a value of JSON or a form. The values that a shape
// looks for are beside it: what points to them would move them to the heap.
type document struct {
	body   []byte // the part of the request, as it is stored
	query  string // of the callback's URL
	isForm bool
}

// raw is what was found in a slot; empty for noSlot.
func (d *document) raw(v *values, slot int) string {
	if slot == noSlot {
		return ""
	}
	return v[slot]
}

// text is the text of a string, or of a number as [contactkey.Number] gives it; empty for
// any other value.
func (d *document) text(v *values, slot int) string {
	raw := d.raw(v, slot)
	if d.isForm {
		return raw
	}
	text, _ := keyText(raw) // none for a number that is too long
	return text
}

// number is the text of a phone number. In a form, a + that was not escaped is read as a
// blank; without it, the number could be another one, of the country of the config.
func (d *document) number(v *values, slot int) string {
	text := d.text(v, slot)
	if digits := strings.TrimPrefix(text, " "); d.isForm && digits != text && digits != "" && '0' < digits[0] && digits[0] <= '9' {
		return "+" + digits
	}
	return text
}

// strict is the text of a string; empty for any other value.
func (d *document) strict(v *values, slot int) string {
	if raw := d.raw(v, slot); d.isForm {
		return raw
	} else {
		return stringValue(raw)
	}
}

// code is the value in a slot as a code.
func (d *document) code(v *values, slot int) string {
	if d.isForm {
		return codeOfText(d.raw(v, slot))
	}
	return codeOfValue(d.raw(v, slot))
}

// holds reports whether all conditions hold.
func (s *shapePlan) holds(d *document, v *values) bool {
	for i := range s.only {
		if !s.holdsAt(d, v, i) {
			return false
		}
	}
	return true
}

// mayHold reports whether the conditions hold that do not depend on an event.
func (s *shapePlan) mayHold(d *document, v *values) bool {
	for i, slot := range s.only {
		if s.isOfBody(slot) && !s.holdsAt(d, v, i) {
			return false
		}
	}
	return true
}

// isSilent reports whether all conditions that do not hold are about what is not there, so
// that nothing says that the part is about something else.
func (s *shapePlan) isSilent(d *document, v *values) bool {
	for i := range s.only {
		if !s.holdsAt(d, v, i) && d.shown(v, s.only[i]) != "" {
			return false
		}
	}
	return true
}

// bodyIsSilent is isSilent for the conditions that do not depend on an event.
func (s *shapePlan) bodyIsSilent(d *document, v *values) bool {
	for i, slot := range s.only {
		if s.isOfBody(slot) && !s.holdsAt(d, v, i) && d.shown(v, slot) != "" {
			return false
		}
	}
	return true
}

func (s *shapePlan) isOfBody(slot int) bool { return s.ofBody.from <= slot && slot < s.ofBody.to }

// shown is the value in a slot as people read it.
func (d *document) shown(v *values, slot int) string {
	if d.isForm {
		return strings.TrimSpace(d.raw(v, slot))
	}
	return strings.TrimSpace(displayText(d.raw(v, slot)))
}

func (s *shapePlan) holdsAt(d *document, v *values, condition int) bool {
	is := d.shown(v, s.only[condition])
	return slices.ContainsFunc(s.Only[condition].Words, func(word string) bool { return strings.EqualFold(word, is) })
}

// report reads an event of the shape.
func (s *shapePlan) report(r *report, d *document, v *values) {
	r.id, r.event, r.code, r.contact = s.messageID(d, v), s.eventOf(d, v), s.codeOf(d, v), s.contactOf(d, v)
	if s.to != noSlot {
		r.to, r.toIs, r.region = d.number(v, s.to), s.contact.isTo, s.region
	}
	switch {
	case s.args != noSlot:
		r.args = attached{d.raw(v, s.args), d.isForm}
	case s.Args == Query:
		r.args = attached{d.query, true}
	}
	if s.at != noSlot {
		r.atText, r.zoneless = d.timeText(v, s.at), !s.clock.known
		r.at = s.timeOf(r.atText)
	}
}

// messageID is the id of the message, made of all its parts; empty when one is missing. A
// number that is part of it loses its +, which providers write or leave out.
func (s *shapePlan) messageID(d *document, v *values) string {
	if len(s.id) == 1 {
		if s.strict {
			return d.strict(v, s.id[0])
		}
		return d.text(v, s.id[0])
	}
	parts := make([]string, len(s.id))
	for i, slot := range s.id {
		text := strings.TrimSpace(d.text(v, slot))
		if slot == s.to {
			text = strings.TrimPrefix(text, "+")
		}
		if text == "" {
			return ""
		}
		parts[i] = text
	}
	return strings.Join(parts, ":")
}

func (s *shapePlan) eventOf(d *document, v *values) string {
	if s.strict {
		return d.strict(v, s.event)
	}
	return d.text(v, s.event)
}

// codeOf is the first code that is there and not zero; of a single path also zero.
func (s *shapePlan) codeOf(d *document, v *values) string {
	if len(s.code) == 1 {
		return d.code(v, s.code[0])
	}
	for i, slot := range s.code {
		code := d.code(v, slot)
		switch {
		case strings.Trim(code, "0") == "":
		case i == 0:
			return code
		default:
			return codeOfText(s.Code[i] + ":" + code)
		}
	}
	return ""
}

// contactOf is the contact's key as it is written.
func (s *shapePlan) contactOf(d *document, v *values) string {
	if s.contactAt != noSlot {
		if text := d.text(v, s.contactAt); text != "" || !s.contact.isArgs {
			return text
		}
	}
	if !s.contact.isArgs {
		return ""
	}
	args := d.query
	if s.args != noSlot {
		args = d.text(v, s.args)
	}
	return s.contact.in(args)
}

// in is the contact's key in a text that the sender attached: in an object or a query,
// or the text as it is.
func (c *contactPath) in(args string) string {
	args = strings.TrimSpace(args)
	switch {
	case args == "":
		return ""
	case c.part == "":
		if text, err := unescape(args); err == nil && strings.IndexByte(args, '=') < 0 {
			return text
		}
		return ""
	case args[0] != '{':
		return formField(args, c.part)
	case c.within == nil:
		return ""
	}
	s, n, key := scan(args, c.within), 0, ""
	if err := s.elements(func(int, int) { n++; key, _ = keyText(s.found[0]) }); err != nil || n != 1 {
		return ""
	}
	return key
}

// timeOf is the provider's time of the event; 0 when it gives none that is known.
func (s *shapePlan) timeOf(text string) hygiene.Instant {
	at, err := s.clock.read(text)
	if err != nil {
		return 0
	}
	return at
}

// timeText is a time as it is written.
func (d *document) timeText(v *values, slot int) string {
	if d.isForm {
		return d.raw(v, slot)
	}
	return scalarText(d.raw(v, slot))
}
