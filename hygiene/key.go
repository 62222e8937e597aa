package hygiene

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// KeyFormat is what identifies contacts: a text that the CRM chooses, or a phone
// number. Callbacks, imports, the API and the command line all normalize keys here,
// and nowhere else.
type KeyFormat struct {
	Phone  bool
	Region string // of phone numbers without a country code, like TR; empty for none
}

// MaxKey is the most bytes a contact's key may have.
const MaxKey = 256

// ErrNoKey is the error of an empty key.
var ErrNoKey = errors.New("a contact's key can't be empty")

// Normalize is the key that identifies the contact, or says why the text is not a
// key.
func (f KeyFormat) Normalize(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", ErrNoKey
	case len(text) > MaxKey:
		return "", fmt.Errorf("a contact's key has at most %d bytes, this one has %d", MaxKey, len(text))
	case !utf8.ValidString(text):
		return "", errors.New("a contact's key must be UTF-8")
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", errors.New("a contact's key can't have control characters")
	case f.Phone:
		return ParsePhone(text, f.Region)
	}
	return text, nil
}
