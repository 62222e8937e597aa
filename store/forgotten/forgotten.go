// Package forgotten has what stays of persons who were forgotten, so that who opted out
// or bounced does not return to the list by the next import.
//
// Nothing that stays can be read: contact keys, phone numbers and message ids are kept as
// HMAC-SHA256 under a secret that each store makes for itself. What is asked for is hashed,
// and compared. A person is a number that says which hashes belong together.
//
// Beside a hash stands why the person may not be texted: reasons that are a person's word,
// and hard bounces. A row without a reason is of a person that nothing keeps away; a late
// callback about one of their messages may still say that they opted out.
//
// Where nobody was forgotten, each question costs one query, however much is asked.
//
// Who was forgotten is kept in remember.go, and asked for in ask.go. Package store says
// when: store/remember.go before a contact is deleted, store/recall.go when one comes.
package forgotten

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"hash"

	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// Hasher makes the hashes of one store. It is used by one goroutine at a time.
type Hasher struct{ mac hash.Hash }

// NewHasher makes hashes under a secret.
func NewHasher(secret []byte) *Hasher { return &Hasher{hmac.New(sha256.New, secret)} }

// What a hash is of. The words are part of it, so that a contact's key that is a phone
// number has another hash than the number.
const (
	ofKey     = "contact"
	ofNumber  = "number"
	ofMessage = "message"
)

// Key is the hash of a contact's key, as package contactkey gives it.
func (h *Hasher) Key(key string) []byte { return h.sum(ofKey, key) }

// Number is the hash of a phone number in E.164.
func (h *Hasher) Number(phone string) []byte { return h.sum(ofNumber, phone) }

// Message is the hash of a message's id at a source.
func (h *Hasher) Message(m engine.MessageKey) []byte {
	return h.sum(ofMessage, m.Source, contactkey.MessageID(m.ID))
}

func (h *Hasher) sum(parts ...string) []byte {
	h.mac.Reset()
	for _, p := range parts {
		h.mac.Write([]byte(p))
		h.mac.Write([]byte{0}) // which none of them has
	}
	return h.mac.Sum(nil)
}

// Any reports whether anybody was forgotten.
func Any(c engine.Querier) (bool, error) {
	n, err := c.Number("SELECT EXISTS (SELECT 1 FROM forgotten) OR EXISTS (SELECT 1 FROM forgotten_messages)")
	return n == 1, err
}

// Open is the hasher of a store in which somebody was forgotten; nil for any other.
func Open(c engine.Querier) (*Hasher, error) {
	some, err := Any(c)
	if err != nil || !some {
		return nil, err
	}
	secret, err := Secret(c)
	if err != nil || secret == nil {
		return nil, err
	}
	return NewHasher(secret), nil
}

// Secret is the secret of the store's hashes; nil while it has none.
func Secret(c engine.Querier) (secret []byte, err error) {
	r := c.Query("SELECT secret FROM forgotten_secret WHERE id = 1")
	if r.Next() {
		secret = r.Blob(0)
	}
	return secret, r.Close()
}

// secretBytes is as long as the hash, which is what HMAC wants.
const secretBytes = sha256.Size

// ensureHasher is the hasher of the store, which gets a secret if it has none.
func ensureHasher(w engine.Writer) (*Hasher, error) {
	secret, err := Secret(w)
	if err != nil {
		return nil, err
	}
	if secret == nil {
		secret = make([]byte, secretBytes)
		rand.Read(secret) // it never fails
		if err := setSecret(w, secret); err != nil {
			return nil, err
		}
	}
	return NewHasher(secret), nil
}

// setSecret is the one writer of the secret.
func setSecret(w engine.Writer, secret []byte) error {
	return w.Exec("INSERT INTO forgotten_secret (id, secret) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET secret = excluded.secret", secret)
}
