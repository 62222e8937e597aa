package provider

import (
	"errors"
	"fmt"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
)

// Listed is one row of a message list: what happened to a message, in the provider's
// words, as it can be looked up there after the callbacks.
type Listed struct {
	ID, Event, Code string
	Contact         string          // its key; empty when the row names none
	To              string          // the phone number of the message, in E.164; empty when the row names none
	At              hygiene.Instant // when it happened
	Row             []byte          // the row as JSON
}

// The errors of a row that is not an event.
var (
	ErrListedID    = fmt.Errorf("a message id has 1 to %d bytes", MaxText)
	ErrListedEvent = fmt.Errorf("the event is a text of 1 to %d bytes", MaxText)
	ErrListedCode  = errors.New("a code has no character U+0000")
)

// Listed makes an event of a row. As in an archive, it was received when it happened. The
// source's table says what it means.
func (r *Reader) Listed(l *Listed) (hygiene.Event, error) {
	id, code := contactkey.MessageID(l.ID), codeOfText(l.Code)
	hasNUL := func(text string) bool { return strings.IndexByte(text, 0) >= 0 }
	switch {
	case id == "" || len(id) > MaxText || hasNUL(id):
		return hygiene.Event{}, ErrListedID
	case NormalizeEvent(l.Event) == "" || len(l.Event) > MaxText || hasNUL(l.Event):
		return hygiene.Event{}, ErrListedEvent
	case hasNUL(code):
		return hygiene.Event{}, ErrListedCode
	}
	return hygiene.Event{ReceivedAt: l.At, At: l.At, Source: r.source, MessageID: id, Name: l.Event, Code: code,
		Outcome: r.Outcome(l.Event, code), Contact: l.Contact, To: l.To, Body: l.Row}, nil
}
