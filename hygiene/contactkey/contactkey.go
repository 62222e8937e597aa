// Package contactkey says what identifies a contact: a text that the CRM chooses, or a
// phone number. Callbacks, imports, the API and the command line all normalize keys
// here, and nowhere else.
//
// What nobody sees does not tell two contacts apart, so a text becomes a key like this:
//
//  1. Format characters are dropped: Unicode's category Cf, which has zero-width
//     spaces, direction marks, the byte order mark and soft hyphens.
//  2. Each run of blanks, which are Unicode's white space with tabs and line ends, is
//     one space. There are none at the ends.
//  3. The rest is composed (Unicode NFC) and, if [Format.Fold] says so, its case is
//     folded. Control characters are refused.
//  4. A placeholder, such as undefined or {{contact.id}}, is nobody's key.
//  5. A key has at most [Max] bytes.
//
// A key that is normalized again stays the same.
//
// [Number] is for keys that a JSON body writes as numbers, [Format.NormalizeCell] for
// the cells of lists, and [Loose] for keys that nearly are the same.
//
// Where to change what: what is dropped or refused is in contactkey.go, the
// placeholders in placeholder.go, phone numbers in phone.go, and what makes two keys
// nearly the same in loose.go. Stored keys were normalized by the version that stored
// them, and their loose forms are indexed: with a change to 1 to 3 or to [Loose], raise
// [Version], so that stores are looked through. A test compares both with those of the
// version.
package contactkey

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Version is that of the way in which keys are normalized.
const Version = 2

// Format is which of the two the keys of a store are.
type Format struct {
	Phone  bool
	Region string // of phone numbers without a country code, like TR, or [International]; empty for none
	Fold   bool   // the case of keys is folded: Ann and ANN are ann
	Nobody Words  // placeholders besides the known ones
}

// Max is the most bytes a contact's key may have.
const Max = 256

// ErrEmpty is the error of an empty key.
var ErrEmpty = errors.New("a contact's key can't be empty")

// Normalize is the key that identifies the contact, or says why the text is not a
// key.
func (f Format) Normalize(text string) (string, error) {
	key, err := f.clean(text)
	switch {
	case err != nil:
		return "", err
	case key == "":
		return "", ErrEmpty
	case f.isNobody(key):
		return "", placeholderError(key)
	case f.Phone:
		return ParsePhone(text, f.Region)
	case len(key) > Max:
		return "", fmt.Errorf("a contact's key has at most %d bytes, this one has %d", Max, len(key))
	}
	return key, nil
}

// NormalizeCell is Normalize for a cell of a list, which a spreadsheet may have written.
func (f Format) NormalizeCell(cell string) (string, error) {
	if isRounded(cell) {
		return "", errRounded
	}
	return f.Normalize(cell)
}

// Part is a part of a key, such as its beginning, as the keys that have it are
// normalized. Blanks stay as they are.
func (f Format) Part(text string) string {
	text = norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, text))
	if f.Fold {
		text = fold(text)
	}
	return text
}

// clean is the text without what does not tell contacts apart.
func (f Format) clean(text string) (string, error) {
	if isClean(text, f.Fold) {
		return text, nil
	}
	if !utf8.ValidString(text) {
		return "", errors.New("a contact's key must be UTF-8")
	}
	text, err := dropUnseen(text)
	if err != nil {
		return "", err
	}
	if text = norm.NFC.String(text); f.Fold {
		text = fold(text)
	}
	return text, nil
}

// isClean reports whether clean would return the text, for nearly all keys. Each
// callback's key is looked at here and usually nowhere else.
func isClean(text string, fold bool) bool {
	blank := true // before the text
	for i := range len(text) {
		c := text[i]
		switch {
		case c > ' ' && c < 0x7f && !(fold && 'A' <= c && c <= 'Z'):
			blank = false
		case c == ' ' && !blank:
			blank = true
		default:
			return false
		}
	}
	return text == "" || !blank
}

// dropUnseen drops format characters and surplus blanks. Control characters are an
// error.
func dropUnseen(text string) (string, error) {
	var b strings.Builder
	blank, place := false, 0
	for _, r := range text {
		place++
		switch {
		case unicode.IsSpace(r):
			blank = true
		case unicode.Is(unicode.Cf, r):
		case unicode.IsControl(r):
			return "", fmt.Errorf("a contact's key can't have control characters: character %d is %U", place, r)
		default:
			if blank && b.Len() > 0 {
				b.WriteByte(' ')
			}
			blank = false
			b.WriteRune(r)
		}
	}
	return b.String(), nil
}

// fold folds the case of a composed text. Composed characters may fold
// further.
func fold(text string) string {
	for {
		folded := norm.NFC.String(foldLetters(text))
		if folded == text {
			return text
		}
		text = folded
	}
}

// foldLetters folds each letter by itself. The letters of Cherokee fold to capitals, and
// are done here: package cases exchanges the two cases, time and again.
func foldLetters(text string) string {
	if strings.IndexFunc(text, isCherokee) < 0 {
		return cases.Fold().String(text)
	}
	var b strings.Builder
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		if isCherokee(r) {
			b.WriteRune(unicode.ToUpper(r))
		} else {
			if size = strings.IndexFunc(text, isCherokee); size < 0 {
				size = len(text)
			}
			b.WriteString(cases.Fold().String(text[:size]))
		}
		text = text[size:]
	}
	return b.String()
}

func isCherokee(r rune) bool { return r >= '\u13a0' && unicode.Is(unicode.Cherokee, r) }
