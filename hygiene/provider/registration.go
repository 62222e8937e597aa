package provider

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/hygiene/instant"
)

// Registration is one line of the send log: which contact, or which phone number, a
// message went to. Callbacks name the message only. All texts are as given; the caller
// normalizes them.
type Registration struct {
	Source    string // empty for none
	MessageID string
	Contact   string // empty for none
	Phone     string // empty for none
	SentAt    hygiene.Instant

	Refusal // what else the line says of the message
}

// Check says what is missing or wrong. It does not check whether the contact makes
// a valid key; the caller does.
func (r *Registration) Check() error {
	switch {
	case r.IsUnnamed():
		return errors.New("the refusal names nobody; add the message id, the contact or the phone number")
	case r.MessageID == "" && !r.said():
		return errors.New("the message id is missing; add message_id, messageId or messageSid")
	}
	if err := r.checkID(); err != nil {
		return err
	}
	if r.Contact == "" && r.Phone == "" && !r.said() {
		return errors.New("the contact is missing; add contact, or its phone number as phone, phoneNumber or to")
	}
	return nil
}

// checkID says what is wrong with the texts that an event has as well.
func (r *Registration) checkID() error {
	switch {
	case !utf8.ValidString(r.MessageID):
		return errors.New("the message id is not UTF-8, which every event's message id is")
	case len(r.MessageID) > MaxText:
		return fmt.Errorf("the message id has %d bytes; at most %d bytes are allowed", len(r.MessageID), MaxText)
	case len(r.Event) > MaxText:
		return fmt.Errorf("the event has %d bytes; at most %d bytes are allowed", len(r.Event), MaxText)
	case strings.IndexByte(r.MessageID, 0) >= 0:
		return errors.New("the message id has the character U+0000, which no event's message id has")
	case strings.IndexByte(r.Event, 0) >= 0 || strings.IndexByte(r.Code, 0) >= 0:
		return errors.New("the event or code has the character U+0000, which can't be stored as text")
	}
	return nil
}

// The slots of a line's members: winnow's own names and the providers'. Of several
// names for one thing the first is preferred.
const (
	lineID = iota
	lineMessageID
	lineMessageSid
	lineContact
	linePhone
	linePhoneNumber
	lineTo
	lineSentAt
	lineSource
	lineMessages
	lineErrors
)

var lineMembers = pathTree("message_id", "messageId", "messageSid", "contact", "phone", "phoneNumber", "to", "sent_at", "source", "messageIds", "errors")

// Registrations reads one line of the send log:
//
//	{"message_id": "sms-1", "contact": "ann"}                 and source, phone, sent_at
//	{"message": "Accepted", "messageId": "sms-1", "to": "…"}  a provider's answer to a message sent
//	{"messageIds": [{"phoneNumber": "…", "messageSid": "sms-1"}], "errors": […]}  to many
//
// An answer to many gives one registration for each message and each refusal; source and
// sent_at beside messageIds are those of each. A line or a part of it is a [Refusal] if it
// has an error, event or code. After an error nothing of the line counts.
func Registrations(line []byte) ([]Registration, error) {
	object := ""
	var found values
	s := scan(string(line), lineMembers)
	err := s.elements(func(from, to int) {
		if s.text[from] == '{' {
			object, found = s.text[from:to], s.found
		}
	})
	switch {
	case err != nil:
		return nil, err
	case s.array || object == "":
		return nil, errors.New("a line of the send log must be one JSON object")
	}
	return registrations(object, &found)
}

func registrations(object string, found *values) (all []Registration, err error) {
	sent, err := sentAt(found[lineSentAt])
	if err != nil {
		return nil, err
	}
	source := firstOf(found, lineSource)
	messages, refused := found[lineMessages], found[lineErrors]
	if messages == "null" {
		messages = ""
	}
	to, err := named(found)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasPrefix(messages, "["):
		all, err = many(messages, source, sent)
	case messages != "":
		err = errors.New("messageIds is not an array")
	case !strings.HasPrefix(refused, "["), to.MessageID != "" && to.Contact+to.Phone != "":
		all, err = single(object, found, source, sent)
	}
	if err != nil || !strings.HasPrefix(refused, "[") {
		return all, err
	}
	more, err := refusals(object, found, source, sent)
	if err != nil {
		return nil, fmt.Errorf("errors: %w", err)
	}
	return append(all, more...), nil
}

// single reads a line about one message.
func single(object string, found *values, source string, sent hygiene.Instant) ([]Registration, error) {
	r, err := registration(object, found, source, sent)
	if err != nil {
		return nil, err
	}
	return []Registration{r}, nil
}

// many reads the messages of an answer to many.
func many(messages, source string, sent hygiene.Instant) ([]Registration, error) {
	var (
		all   []Registration
		first error
	)
	s := scan(messages, lineMembers)
	err := s.elements(func(from, to int) {
		one, err := registration(s.text[from:to], &s.found, source, sent)
		if err != nil && first == nil {
			first = fmt.Errorf("messageIds[%d]: %w", len(all), err)
		}
		all = append(all, one)
	})
	if err = cmp.Or(err, first); err != nil {
		return nil, err
	}
	return all, nil
}

func registration(object string, found *values, source string, sent hygiene.Instant) (Registration, error) {
	r, err := named(found)
	if err != nil {
		return r, err
	}
	r.Source, r.SentAt, r.Refusal = source, sent, refusalIn(object)
	return r, r.Check()
}

// named reads the message, contact and phone number that an object names.
func named(found *values) (r Registration, err error) {
	r.MessageID = messageID(found)
	if r.Phone, err = firstKey(found, linePhone, linePhoneNumber, lineTo); err != nil {
		return r, err
	}
	r.Contact, err = firstKey(found, lineContact)
	return r, err
}

// firstKey is the first of the members that is not empty, as keyText reads it.
func firstKey(found *values, slots ...int) (string, error) {
	for _, slot := range slots {
		if text, err := keyText(found[slot]); err != nil || text != "" {
			return text, err
		}
	}
	return "", nil
}

func messageID(found *values) string {
	return firstOf(found, lineID, lineMessageID, lineMessageSid)
}

// firstOf is the first of the members that is not empty.
func firstOf(found *values, slots ...int) string {
	for _, slot := range slots {
		if s := scalarText(found[slot]); s != "" {
			return s
		}
	}
	return ""
}

// sentAt reads a time as all imports do; 0 for absent and null.
func sentAt(raw string) (hygiene.Instant, error) {
	at := strings.TrimSpace(displayText(raw))
	if at == "" {
		return 0, nil
	}
	sent, err := instant.ParseTime(at)
	if err != nil {
		return 0, fmt.Errorf("sent_at: %w", err)
	}
	return sent, nil
}
