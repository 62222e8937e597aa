package imports

import (
	"fmt"

	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/store"
)

// Registrar turns registrations of messages, as a send log has them, into those that
// the store keeps. The API and the import of messages share it.
type Registrar struct{ Keys contactkey.Format }

// Normalize normalizes the contact's key and phone number. An invalid phone number is
// left empty, since the message still has its contact. The error says why the
// registration is invalid.
func (r *Registrar) Normalize(g provider.Registration) (store.Registration, error) {
	n := store.Registration{MessageID: g.MessageID, SentAt: g.SentAt}
	err := g.Check()
	if err != nil {
		return n, err
	}
	if n.Contact, err = r.Keys.Normalize(g.Contact); err != nil {
		return n, fmt.Errorf("message %q: %w", g.MessageID, err)
	}
	if g.Phone != "" {
		n.Phone, _ = contactkey.ParsePhone(g.Phone, r.Keys.Region)
	}
	return n, nil
}
