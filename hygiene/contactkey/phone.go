package contactkey

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// ParsePhone is a phone number in E.164 (+905551234567). region is the country of
// numbers written without a country code, as two letters; empty for none. The error
// of an invalid number does not repeat the number.
func ParsePhone(text, region string) (string, error) {
	number := phones.parse(text, region, parsePhone)
	switch {
	case number != "":
		return number, nil
	case region == "":
		return "", errors.New("not a valid phone number with its country code, like +905551234567")
	}
	return "", fmt.Errorf("not a valid phone number of region %s, nor one with its country code", region)
}

// phones are those that were parsed lately.
var phones phoneMemory

// parsePhone is ParsePhone without the memory; "" for an invalid number.
func parsePhone(text, region string) string {
	if !writtenLikePhone(text) {
		return ""
	}
	if isE164(text) {
		return text
	}
	return parseWithLibrary(text, region)
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

// writtenLikePhone reports whether the text is a phone number and nothing else. The
// library finds a number within a text, reads letters as digits and drops
// extensions, so an order number could become a contact. A number that a program
// saved as a fraction, 491511234567.0, would become another contact.
func writtenLikePhone(text string) bool {
	text = strings.TrimPrefix(text, "tel:")
	text = strings.TrimPrefix(text, "+")
	if _, fraction, is := strings.Cut(text, "."); is && strings.Trim(fraction, "0") == "" {
		return false
	}
	return strings.Trim(text, "0123456789 -.()/\u00a0") == "" && strings.ContainsAny(text, "0123456789")
}

// KnownRegion reports whether numbers of that region can be read.
func KnownRegion(region string) bool { return phonenumbers.GetSupportedRegions()[region] }
