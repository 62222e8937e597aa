// Package contactkey says what identifies a contact: a text that the CRM chooses, or a
// phone number. Callbacks, imports, the API and the command line all normalize keys
// here, and nowhere else.
package contactkey

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Format is which of the two the keys of a store are.
type Format struct {
	Phone  bool
	Region string // of phone numbers without a country code, like TR; empty for none
}

// Max is the most bytes a contact's key may have.
const Max = 256

// ErrEmpty is the error of an empty key.
var ErrEmpty = errors.New("a contact's key can't be empty")

// Normalize is the key that identifies the contact, or says why the text is not a
// key.
func (f Format) Normalize(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", ErrEmpty
	case len(text) > Max:
		return "", fmt.Errorf("a contact's key has at most %d bytes, this one has %d", Max, len(text))
	case !utf8.ValidString(text):
		return "", errors.New("a contact's key must be UTF-8")
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", errors.New("a contact's key can't have control characters")
	case f.Phone:
		return ParsePhone(text, f.Region)
	}
	return text, nil
}
