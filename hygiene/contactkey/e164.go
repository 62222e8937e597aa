package contactkey

import (
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// trunkPrefixes are the first digits of what people dial before a national number, by
// the calling code of their country; 0 for countries without one.
var trunkPrefixes = sync.OnceValue(func() map[int]byte {
	prefixes := map[int]byte{}
	for code := range phonenumbers.GetSupportedCallingCodes() {
		prefixes[int(code)] = 0
		if prefix := phonenumbers.GetNddPrefixForRegion(phonenumbers.GetRegionCodeForCountryCode(int(code)), true); prefix != "" {
			prefixes[int(code)] = prefix[0]
		}
	}
	return prefixes
})

// isE164 reports whether the text is a valid number in E.164 as it stands. Then only
// the library's check is needed and not its parser, which takes three times as long. It
// is false for some valid numbers: those whose first digits the parser might drop as a
// trunk prefix, as in +49 0151 12345678.
func isE164(text string) bool {
	digits, plus := strings.CutPrefix(text, "+")
	const shortest, longest = 7, 15
	if !plus || len(digits) < shortest || len(digits) > longest || digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	for length := 1; length <= 3; length++ { // no calling code begins another one
		code, _ := strconv.Atoi(digits[:length])
		if trunk, known := trunkPrefixes()[code]; known {
			first := digits[length]
			return first != '0' && first != trunk && isValid(code, digits[length:])
		}
	}
	return false
}

func isValid(code int, national string) bool {
	value, err := strconv.ParseUint(national, 10, 64)
	calling := int32(code)
	return err == nil && phonenumbers.IsValidNumber(&phonenumbers.PhoneNumber{CountryCode: &calling, NationalNumber: &value})
}
