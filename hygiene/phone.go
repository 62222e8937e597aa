package hygiene

import (
	"fmt"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// ParsePhone gives a phone number in E.164 (+905551234567). region is the
// country of numbers written without a country code, as two letters; empty for
// none. What is no valid number is an error that does not repeat the number.
func ParsePhone(text, region string) (string, error) {
	n, err := phonenumbers.Parse(text, region)
	if !writtenLikePhone(text) || err != nil || !phonenumbers.IsValidNumber(n) {
		if region == "" {
			return "", fmt.Errorf("not a valid phone number with its country code, like +905551234567")
		}
		return "", fmt.Errorf("not a valid phone number of region %s, nor one with its country code", region)
	}
	return phonenumbers.Format(n, phonenumbers.E164), nil
}

// writtenLikePhone tells whether the text is a number and nothing else. The
// library finds one within a text, takes letters for digits and drops
// extensions: an order's number would become somebody. A number that a program
// saved as a fraction, 491511234567.0, would become somebody else.
func writtenLikePhone(text string) bool {
	text = strings.TrimPrefix(text, "tel:")
	text = strings.TrimPrefix(text, "+")
	if _, fraction, is := strings.Cut(text, "."); is && strings.Trim(fraction, "0") == "" {
		return false
	}
	return strings.Trim(text, "0123456789 -.()/\u00a0") == "" && strings.ContainsAny(text, "0123456789")
}

// KnownRegion tells whether numbers of that region can be read.
func KnownRegion(region string) bool { return phonenumbers.GetSupportedRegions()[region] }
