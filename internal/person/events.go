package person

import (
	"context"
	"encoding/json"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/callback"
	"winnow/hygiene/contactkey"
	"winnow/store"
	"winnow/store/erasure"
	"winnow/store/personal"
)

// events writes the events of the log that are about the contact, with their bodies. Those
// that wait for the send log, or for their contact, are last of these where only their
// message or their body says whose they are.
func (x *Export) events(ctx context.Context, d *document, key string, named *erasure.Names) {
	messages := map[uint64]bool{}
	d.array("events", func() {
		d.fail(x.Store.EachEventOf(ctx, key, x.Progress, func(e *hygiene.Event, waits bool) {
			if d.err != nil {
				return
			}
			messages[messageOf(e)] = true
			whole, known, err := x.Store.Event(e.Seq)
			if d.fail(err); known {
				d.element(eventOf(&whole, waits))
			}
		}))
		d.fail(x.Store.EachUnmatched(ctx, func(e *hygiene.Event) error {
			if e.Contact == "" && (messages[messageOf(e)] || named.InBody(e.Body, e.Name, e.Code)) {
				d.element(eventOf(e, true))
			}
			return d.err
		}))
	})
}

// messageOf identifies the message of an event.
func messageOf(e *hygiene.Event) uint64 {
	return hygiene.MessageHash(e.Source, contactkey.MessageID(e.MessageID))
}

// namesOf are what names the contact in texts: its keys, and the numbers that no other
// contact has.
func (x *Export) namesOf(d *document, contact *hygiene.Contact, who *personal.Who) *erasure.Names {
	named, shared := erasure.NewNames(x.Config.Keys), map[int]bool{}
	for _, key := range who.Keys {
		named.AddKey(key, 1)
	}
	d.fail(x.Store.FindContactsByPhone(who.Phones, func(i int, c *hygiene.Contact) { shared[i] = shared[i] || c.Key != contact.Key }))
	for i, phone := range who.Phones {
		if !shared[i] {
			named.AddPhone(phone, 1)
		}
	}
	return named
}

// quarantined writes the bodies in quarantine that name the person. One may be about others
// too: nothing could read it.
func (x *Export) quarantined(ctx context.Context, d *document, named *erasure.Names) {
	d.array("quarantined", func() {
		d.fail(x.Store.EachQuarantined(ctx, "", 0, func(bodies []store.Quarantined) error {
			for i := range bodies {
				if b := &bodies[i]; named.InQuarantined(&b.Unreadable) {
					d.element(bodyOf(b))
				}
			}
			return d.err
		}))
	})
}

// unreadable is a body in quarantine.
type unreadable struct {
	ID         int64           `json:"id"`
	ReceivedAt hygiene.Instant `json:"received_at"`
	Source     string          `json:"source"`
	Why        string          `json:"why"`
	Body       any             `json:"body,omitempty"` // as that of an event
	// Unverified is what was beside the body of a callback that was not verified.
	Unverified *callback.Unverified `json:"unverified,omitempty"`
}

func bodyOf(b *store.Quarantined) unreadable {
	return unreadable{b.ID, b.ReceivedAt, b.Source, b.Why, written(b.Body), b.Unverified.Shown()}
}

// event is an event of the log, with its body.
type event struct {
	Seq        int64           `json:"seq"`
	ReceivedAt hygiene.Instant `json:"received_at"`
	At         hygiene.Instant `json:"at"`
	Source     string          `json:"source"`
	MessageID  string          `json:"message_id"`
	Event      string          `json:"event"`
	Code       string          `json:"code,omitempty"`
	Outcome    string          `json:"outcome"`
	Contact    string          `json:"contact,omitempty"` // as the body names it
	Unmatched  bool            `json:"unmatched,omitempty"`
	Body       any             `json:"body,omitempty"` // JSON as received; text if it is not JSON
}

func eventOf(e *hygiene.Event, waits bool) event {
	return event{e.Seq, e.ReceivedAt, e.At, e.Source, e.MessageID, e.Name, e.Code, e.Outcome.String(), e.Contact, waits, written(e.Body)}
}

// written is a body as the document has it: JSON as received, and text if it is not JSON.
func written(body []byte) any {
	switch {
	case json.Valid(body):
		return json.RawMessage(body)
	case len(body) > 0:
		return strings.ToValidUTF8(string(body), "\ufffd")
	}
	return nil
}
