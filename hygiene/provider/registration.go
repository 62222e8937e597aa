package provider

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"winnow/hygiene"
)

// Registration is one line of the send log: which contact a message went to.
// Callbacks name the message only.
type Registration struct {
	MessageID string
	Contact   string // as given; making it a key is the caller's
	Phone     string // as given; empty for none
	SentAt    hygiene.Instant
}

// Check tells what a registration lacks to be one, or has too much of. The contact
// is as it was given: whether a key can be made of it is the caller's to find out.
func (r Registration) Check() error {
	switch {
	case r.MessageID == "":
		return errors.New("the message id is missing: message_id, messageId or messageSid")
	case len(r.MessageID) > MaxText:
		return fmt.Errorf("a message id has at most %d bytes, this one has %d", MaxText, len(r.MessageID))
	case r.Contact == "":
		return errors.New("the contact is missing: add contact, or to, phoneNumber or phone")
	}
	return nil
}

// The members of a line, its own names and the providers', the first of each
// pair or triple preferred.
const (
	lineID = iota
	lineMessageID
	lineMessageSid
	lineContact
	linePhone
	linePhoneNumber
	lineTo
	lineSentAt
	lineMessages
	lineErrors
)

var lineMembers = want("message_id", "messageId", "messageSid", "contact", "phone", "phoneNumber", "to", "sent_at", "messageIds", "errors")

// Registrations reads one line of the send log:
//
//	{"message_id": "sms-1", "contact": "ann"}                 and phone, sent_at
//	{"message": "Accepted", "messageId": "sms-1", "to": "…"}  a provider's answer to a message sent
//	{"messageIds": [{"phoneNumber": "…", "messageSid": "sms-1"}], "errors": […]}  to many
//
// An answer to many gives one registration each, none when nothing was accepted.
// Without a contact the phone number is the contact. An error says what is
// missing, and that nothing of the line was taken.
func Registrations(line []byte) ([]Registration, error) {
	var object *values
	s := scan(string(line), lineMembers)
	err := s.elements(func(from, to int) {
		if s.text[from] == '{' {
			object = &s.found
		}
	})
	switch {
	case err != nil:
		return nil, err
	case s.array || object == nil:
		return nil, errors.New("a line of the send log is one JSON object")
	}
	return registrations(object)
}

func registrations(found *values) ([]Registration, error) {
	sent, err := sentAt(found[lineSentAt])
	if err != nil {
		return nil, err
	}
	messages := found[lineMessages]
	switch {
	case strings.HasPrefix(messages, "["):
		return many(messages, sent)
	case messages != "" && messages != "null":
		return nil, errors.New("messageIds is no array")
	case messageID(found) == "" && strings.HasPrefix(found[lineErrors], "["):
		return nil, nil
	}
	one, err := registration(found, sent)
	if err != nil {
		return nil, err
	}
	return []Registration{one}, nil
}

// many reads the messages of an answer to many.
func many(messages string, sent hygiene.Instant) ([]Registration, error) {
	var (
		all   []Registration
		first error
	)
	s := scan(messages, lineMembers)
	err := s.elements(func(int, int) {
		one, err := registration(&s.found, sent)
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

func registration(found *values, sent hygiene.Instant) (Registration, error) {
	phone := firstOf(found, linePhone, linePhoneNumber, lineTo)
	reg := Registration{MessageID: messageID(found), Contact: firstOf(found, lineContact), Phone: phone, SentAt: sent}
	if reg.Contact == "" {
		reg.Contact = phone
	}
	return reg, reg.Check()
}

func messageID(found *values) string {
	return firstOf(found, lineID, lineMessageID, lineMessageSid)
}

// firstOf is the first of the members that says something.
func firstOf(found *values, slots ...int) string {
	for _, slot := range slots {
		if s := scalar(found[slot]); s != "" {
			return s
		}
	}
	return ""
}

// sentAt reads a time as imports read them all; absent and null are none.
func sentAt(raw string) (hygiene.Instant, error) {
	at := strings.TrimSpace(told(raw))
	if at == "" {
		return 0, nil
	}
	sent, err := hygiene.ParseDate(at)
	if err != nil {
		return 0, fmt.Errorf("sent_at: %w", err)
	}
	return sent, nil
}
