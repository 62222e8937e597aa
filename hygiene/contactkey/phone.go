package contactkey

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"
)

// International is the region of numbers that begin with a country code, with or
// without a + or 00 before it.
const International = "international"

// ParsePhone is a phone number in E.164 (+905551234567). region is the country of
// numbers written without a country code, as two letters, or [International]; empty for
// none. The error of an invalid number names the character that is wrong, and does not
// repeat the number.
func ParsePhone(text, region string) (string, error) {
	if number := phones.parse(text, region, parsePhone); number != "" {
		return number, nil
	}
	return "", phoneError(text, region)
}

// phoneError says why a text is not a phone number.
func phoneError(text, region string) error {
	plain, err := plainPhone(text)
	switch {
	case isRounded(text):
		return errRounded
	case err != nil:
		return fmt.Errorf("not a phone number: %w", err)
	case !strings.ContainsAny(plain, digits):
		return errors.New("not a phone number: it has no digits")
	case isFraction(plain):
		return errors.New("not a phone number: it is written as a fraction; format the column as text and export it again")
	case region == International:
		return errors.New("not a valid phone number that begins with its country code, like 905551234567")
	case region == "":
		return errors.New("not a valid phone number with its country code, like +905551234567")
	}
	return fmt.Errorf("not a valid phone number of region %s, nor one with its country code", region)
}

// phones are those that were parsed lately.
var phones phoneMemory

// parsePhone is ParsePhone without the memory; "" for an invalid number.
func parsePhone(text, region string) string {
	if isE164(text) {
		return text
	}
	text, err := plainPhone(text)
	if err != nil || isFraction(text) || !strings.ContainsAny(text, digits) {
		return ""
	}
	if region == International {
		text, region = international(text), ""
	}
	if isE164(text) {
		return text
	}
	return parseWithLibrary(text, region)
}

// international is a plain number that begins with its country code, with a + before it.
func international(text string) string {
	if strings.Contains(text, "+") {
		return text
	}
	bare := strings.Map(func(r rune) rune {
		if strings.ContainsRune(digits, r) {
			return r
		}
		return -1
	}, text)
	return "+" + strings.TrimPrefix(bare, "00")
}

func parseWithLibrary(text, region string) string {
	n, err := phonenumbers.Parse(text, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return ""
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}

// ReadablePhone is a phone number in E.164 as people write it: +90 555 123 45 67. Any
// other text stays as it is.
func ReadablePhone(e164 string) string {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return e164
	}
	return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
}

// NationalNumber is a number in E.164 without its country code.
func NationalNumber(e164 string) string {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return e164
	}
	return strconv.FormatUint(n.GetNationalNumber(), 10)
}

const (
	digits      = "0123456789"
	phoneScheme = "tel:"
)

// plainPhone is a phone number in ASCII, and nothing else: digits, a + before them, and
// what people write between them. Whatever the keyboard, a digit is a digit, a dash a
// dash and a blank a blank; format characters are dropped, as a contact card adds them.
// Any other character is an error, with its place.
//
// The library finds a number within a text, reads letters as digits and drops
// extensions, so an order number could become a contact.
func plainPhone(text string) (string, error) {
	start := 0 // of the number, in characters
	if len(text) >= len(phoneScheme) && strings.EqualFold(text[:len(phoneScheme)], phoneScheme) {
		text, start = text[len(phoneScheme):], len(phoneScheme)
	}
	if isPlainPhone(text) {
		return text, nil
	}
	var b strings.Builder
	place := start
	for i, r := range text {
		place++
		c := plainRune(r)
		switch {
		case c == dropped:
			continue
		case c == '+' && b.Len() > 0 && strings.ContainsAny(b.String(), "+"+digits):
			return "", fmt.Errorf("character %d is a second beginning, %U %q", place, r, r)
		case c == foreign && r == utf8.RuneError && !utf8.ValidString(text[i:]):
			return "", fmt.Errorf("character %d is not UTF-8", place)
		case c == foreign && isExtension(text[i:]) && strings.ContainsAny(b.String(), digits):
			return "", fmt.Errorf("it has an extension from character %d on, %U %q, and only a whole number can be texted", place, r, r)
		case c == foreign:
			return "", fmt.Errorf("character %d is %U %q", place, r, r)
		}
		b.WriteByte(c)
	}
	return strings.TrimSpace(b.String()), nil
}

// isPlainPhone reports whether plainPhone would return the text, for most texts.
func isPlainPhone(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && strings.IndexByte("-.()/", c) < 0 && (c != '+' || i > 0) && (c != ' ' || i == 0 || i == len(text)-1) {
			return false
		}
	}
	return true
}

// What plainRune returns for characters that are not in phone numbers, and for those
// that do not count.
const (
	foreign = 0
	dropped = 1
)

// plainRune is a character of a phone number in ASCII.
func plainRune(r rune) byte {
	switch {
	case unicode.Is(unicode.Cf, r):
		return dropped
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.Pd, r), r == '\u2212', r == '\u2043': // minus sign, hyphen bullet
		return '-'
	case unicode.Is(unicode.Nd, r):
		return digitOf(r)
	case unicode.Is(unicode.No, r): // a footnote, perhaps
		return foreign
	case r > unicode.MaxASCII:
		wide := norm.NFKC.String(string(r))
		if len(wide) != 1 {
			return foreign
		}
		r = rune(wide[0])
	}
	if r < ' ' || !strings.ContainsRune(phoneMarks, r) {
		return foreign
	}
	return byte(r)
}

// digitOf is a decimal digit of any script. Unicode has those of a script in order, from
// zero on.
func digitOf(r rune) byte {
	for _, ranges := range unicode.Nd.R16 {
		if lo, hi := rune(ranges.Lo), rune(ranges.Hi); lo <= r && r <= hi {
			return byte('0' + (r-lo)%10)
		}
	}
	for _, ranges := range unicode.Nd.R32 {
		if lo, hi := rune(ranges.Lo), rune(ranges.Hi); lo <= r && r <= hi {
			return byte('0' + (r-lo)%10)
		}
	}
	return foreign
}

// isExtension reports whether what follows a number begins an extension.
func isExtension(text string) bool {
	text = strings.ToLower(text)
	for _, mark := range []string{"x", "#", ";", ",", "ext", "dahili", "durchwahl", "poste", "доб"} {
		if strings.HasPrefix(text, mark) {
			return true
		}
	}
	return false
}

// isFraction reports whether a program saved the number as a fraction, 491511234567.0,
// which would become another contact.
func isFraction(text string) bool {
	_, fraction, is := strings.Cut(strings.TrimPrefix(text, "+"), ".")
	return is && strings.Trim(fraction, "0") == ""
}

// KnownRegion reports whether numbers of that region can be read.
func KnownRegion(region string) bool {
	return region == International || phonenumbers.GetSupportedRegions()[region]
}

// Digit is the decimal digit, in ASCII, that a character of any script is.
func Digit(r rune) (byte, bool) {
	if '0' <= r && r <= '9' {
		return byte(r), true
	}
	if c := plainRune(r); c >= '0' && c <= '9' {
		return c, true
	}
	return 0, false
}
