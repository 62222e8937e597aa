package contactkey

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Loose is the form that a key shares with those that are nearly the same: those that
// differ from it only by case, width, what nobody sees, leading zeros, a fraction of
// nothing (1042.0), the dot of an i, or how a phone number is written. Most keys are
// their own loose form, and found to be that without a copy. The loose form of a loose
// form is itself.
func Loose(key string) string {
	if isLoose(key) {
		return key
	}
	loose := key
	for range 8 { // it rarely takes a third time
		next := loosen(loose)
		if next == loose {
			break
		}
		loose = next
	}
	return loose
}

// isLoose reports whether the key is its own loose form, for most of those that are.
func isLoose(key string) bool {
	if key == "" || key[0] == '0' {
		return key == "0"
	}
	letters, marks := false, false
	for i := range len(key) {
		switch c := key[i]; {
		case 'a' <= c && c <= 'z':
			letters = true
		case c <= ' ' || c >= 0x7f || 'A' <= c && c <= 'Z':
			return false
		case strings.IndexByte(phoneMarks, c) >= 0 && (c != '+' || i > 0) || c == ',':
			marks = true
		}
	}
	return letters && !strings.HasPrefix(key, phoneScheme) || !letters && !marks
}

// phoneMarks are what people write between the digits of a phone number.
const phoneMarks = "+-.()/"

func loosen(key string) string {
	if key = dropUnseenASCII(key); !isASCII(key) {
		key = loosenLetters(key)
	}
	if whole, fraction, ok := cutAny(key, ".,"); ok && fraction != "" && whole != "" && strings.Trim(whole, "0123456789") == "" && strings.Trim(fraction, "0") == "" {
		key = whole
	}
	key = loosenPhone(key)
	if bare := strings.TrimLeft(key, "0"); bare != "" {
		return bare
	}
	return key[:min(len(key), 1)]
}

// loosenLetters is the text with letters folded, of one width, and without what is
// unseen.
func loosenLetters(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == 'ı':
			return 'i'
		case isUnseen(r):
			return -1
		}
		return r
	}, fold(norm.NFKC.String(text)))
	return strings.ReplaceAll(text, "i\u0307", "i")
}

// dropUnseenASCII is the text with ASCII's letters folded, and without what is unseen of
// it.
func dropUnseenASCII(text string) string {
	b := make([]byte, 0, len(text))
	for i := range len(text) {
		switch c := text[i]; {
		case 'A' <= c && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c > ' ' && c != 0x7f:
			b = append(b, c)
		}
	}
	return string(b)
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] > unicode.MaxASCII {
			return false
		}
	}
	return true
}

// loosenPhone is the text without the marks of a phone number, if it is written like
// one.
func loosenPhone(text string) string {
	const shortest, longest = 7, 18
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(phoneMarks, r) {
			return -1
		}
		return r
	}, strings.TrimPrefix(text, phoneScheme))
	if len(digits) < shortest || len(digits) > longest || strings.Trim(digits, "0123456789") != "" {
		return text
	}
	if strings.HasPrefix(strings.TrimLeft(strings.TrimPrefix(text, phoneScheme), "("), "+") {
		return "+" + digits
	}
	return digits
}

// isUnseen reports whether a character shows as nothing or as a blank.
func isUnseen(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r) || r == '\u2800'
}

// FoundByForm reports whether a key is its loose form, or that in capitals, so that it is
// found without being indexed by its loose form.
func FoundByForm(key, loose string) bool { return key == loose || key == Capitals(loose) }

// Capitals is a loose form in capitals.
func Capitals(loose string) string { return strings.ToUpper(loose) }

// LooseForms are the loose forms of the known keys that are nearly the same as this one.
// region is that of phone numbers without a country code.
func LooseForms(key, region string) []string {
	loose := Loose(key)
	forms := []string{loose}
	if bare, ok := numberIn(loose); ok {
		forms = append(forms, bare, "+"+bare)
		if phone := PhoneIn(key, region); phone != "" {
			forms = append(forms, phone, phone[1:], NationalNumber(phone))
		}
		slices.Sort(forms)
		forms = slices.Compact(forms)
	}
	return forms
}

// PhoneIn is the phone number, in E.164, that a key is which need not be one: one with
// its country code, whether it has a + or not, or one of the region. It is empty for any
// other key.
func PhoneIn(key, region string) string {
	if _, ok := numberIn(Loose(key)); !ok {
		return ""
	}
	for _, region := range []string{region, International} {
		if phone, err := ParsePhone(key, region); err == nil {
			return phone
		}
	}
	return ""
}

// numberIn is the digits of a loose form that may be a phone number.
func numberIn(loose string) (bare string, ok bool) {
	const fewest = 7
	bare = strings.TrimPrefix(loose, "+")
	return bare, len(bare) >= fewest && strings.Trim(bare, digits) == ""
}
