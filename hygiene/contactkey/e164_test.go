package contactkey

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestNumbersInE164AreThoseOfTheLibrary(t *testing.T) {
	kinds := []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE}
	valid, codes := 0, 0
	for code := range phonenumbers.GetSupportedCallingCodes() {
		codes++
		for i := range 40 {
			example := phonenumbers.GetExampleNumberForType(phonenumbers.GetRegionCodeForCountryCode(int(code)), kinds[i%len(kinds)])
			if example == nil {
				continue
			}
			digits := []byte(strconv.FormatUint(example.GetNationalNumber(), 10))
			for j := rand.IntN(len(digits)); j < len(digits); j++ {
				digits[j] = byte('0' + rand.IntN(10))
			}
			text := fmt.Sprintf("+%d%s", code, digits)
			if isE164(text) {
				valid++
				if got := parseWithLibrary(text, ""); got != text {
					t.Errorf("%s is %q for the library", text, got)
				}
			}
		}
	}
	if codes < 200 || valid < 20*codes/2 {
		t.Errorf("%d numbers of %d calling codes are valid", valid, codes)
	}
}

func TestWhatTheParserMightChangeIsLeftToIt(t *testing.T) {
	for text, want := range map[string]string{
		"+49015112345678":       "+4915112345678",
		"+905551234567":         "+905551234567",
		"+3758105697077":        parseWithLibrary("+3758105697077", ""), // of Belarus, where people dial 8 first
		"+39061234567":          "+39061234567",                         // a zero that belongs to the number
		"+12125550123":          "+12125550123",
		"+112125550123":         parseWithLibrary("+112125550123", ""),
		"+9055512345":           "",
		"+99999999999":          "",
		"+90555123456789012345": "",
		"+905551234a67":         "",
		"+":                     "",
	} {
		if got := parsePhone(text, ""); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}

func FuzzNumbersInE164AreThoseOfTheLibrary(f *testing.F) {
	for _, text := range []string{"+905551234567", "+12125550123", "+3758105697077", "+78005553535", "+4915123456789", "+390612345678", "+8821612345678"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if isE164(text) {
			if got := parseWithLibrary(text, ""); got != text {
				t.Errorf("%q is %q for the library", text, got)
			}
		}
	})
}
