package contactkey

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestAPhoneNumberIsNeverExtractedFromText(t *testing.T) {
	f := Format{Phone: true, Region: "TR"}
	for _, text := range []string{"crm-05551234567", "Order #0555 1234567", "id=+905551234567", "++905551234567", "0555 123 45 67 ext 3",
		"0555-1234567;ext=9", "+1800FLOWERS", "x5551234567", "+90555123456\u2077", "+90 555+1234567", "0555 123 45 67#3", "12", "+", ""} {
		if key, err := f.Normalize(text); err == nil {
			t.Errorf("%q became %s", text, key)
		}
	}
	for _, text := range []string{"+905551234567", "0555 123 45 67", "(0555) 123-45-67", "tel:+905551234567", " 05551234567 ", "90 555 123 4567", "0555/123.45.67",
		"\u202a+90 555 123 45 67\u202c", "\u200e+90\u2011555\u2013123\u201445\u221267", "\uff0b\uff19\uff10\uff15\uff15\uff15\uff11\uff12\uff13\uff14\uff15\uff16\uff17",
		"+٩٠٥٥٥١٢٣٤٥٦٧", "+90\u00a0555\u2009123\u202f45\u300067", "\ufeff05551234567\t", "(+90) 555 123 45 67", "TEL:+905551234567", "\uff080555\uff091234567"} {
		if key, err := f.Normalize(text); err != nil || key != "+905551234567" {
			t.Errorf("%q became %q, %v", text, key, err)
		}
	}
}

func TestANumberSavedAsAFractionIsNotAPhoneNumber(t *testing.T) {
	for _, region := range []string{"", "DE", "AT", "ID", "BR", "TR"} {
		for _, text := range []string{"491511234567.0", "+491511234567.0", "4915112345.00", "491511234567."} {
			if phone, err := ParsePhone(text, region); err == nil {
				t.Errorf("region %q: %s became %s", region, text, phone)
			}
		}
	}
	if phone, err := ParsePhone("0151.12345678", "DE"); err != nil || phone != "+4915112345678" {
		t.Errorf("a number with a dot in it became %q, %v", phone, err)
	}
}

func TestANumberWithoutARegionMayBeInternational(t *testing.T) {
	for _, text := range []string{"905551234567", "00905551234567", "+905551234567", "90 555 123 45 67", "(90) 555-1234567"} {
		for range 2 {
			if phone, err := ParsePhone(text, International); err != nil || phone != "+905551234567" {
				t.Errorf("%q is %q, %v", text, phone, err)
			}
		}
	}
	if phone, err := ParsePhone("4915112345678", International); err != nil || phone != "+4915112345678" {
		t.Errorf("%q, %v", phone, err)
	}
	for _, text := range []string{"05551234567", "5551234567", "0"} {
		if phone, err := ParsePhone(text, International); err == nil {
			t.Errorf("%q became %s", text, phone)
		}
	}
}

func TestARefusedPhoneIsToldWithTheCharacterThatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"0555 12e 45 67":        `not a phone number: character 8 is U+0065 'e'`,
		"\u200e0555 123_4567":   `not a phone number: character 10 is U+005F '_'`,
		"tel:0555x":             `not a phone number: it has an extension from character 9 on, U+0078 'x', and only a whole number can be texted`,
		"0555 123 45 67 ext. 3": `not a phone number: it has an extension from character 16 on, U+0065 'e', and only a whole number can be texted`,
		"0555\xff1234567":       `not a phone number: character 5 is not UTF-8`,
		"+90+5551234567":        `not a phone number: character 4 is a second beginning, U+002B '+'`,
		"--":                    `not a phone number: it has no digits`,
		"491511234567.0":        `not a phone number: it is written as a fraction; format the column as text and export it again`,
		"4.91511E+11":           errRounded.Error(),
		"0555 123 45":           `not a valid phone number of region TR, nor one with its country code`,
		"+90555123456\u00b2":    `not a phone number: character 13 is U+00B2 '²'`,
	} {
		if _, err := ParsePhone(text, "TR"); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestEveryDecimalDigitIsOne(t *testing.T) {
	for r, place := rune(0), 0; r <= unicode.MaxRune; r++ {
		if !unicode.Is(unicode.Nd, r) {
			if place%10 != 0 {
				t.Fatalf("before %U there are %d digits", r, place)
			}
			place = 0
			continue
		}
		if got := plainRune(r); got != byte('0'+place%10) {
			t.Errorf("%U is %q", r, got)
		}
		place++
	}
}

func TestWhatNobodySeesTellsNoContactsApart(t *testing.T) {
	for want, texts := range map[string][]string{
		"crm-1":     {"crm-1", " crm-1\t", "crm-1\u200b", "\ufeffcrm-1", "c\u00adrm\u2060-1", "\u202acrm-1\u202c", "\r\ncrm-1\u2028", "crm-1\u00a0", "\u3000crm-1"},
		"Jos\u00e9": {"Jose\u0301", "\u200dJos\u00e9", "Jos\u00e9 "},
		"Ann Lee":   {"Ann  Lee", "Ann\u00a0Lee", "Ann \t\r\n\u2003 Lee", "Ann \u200b Lee", "Ann\u0085Lee"},
		"K1":        {"\u212a1"}, // the Kelvin sign
		"crm\uff11": {"crm\uff11"},
		"CRM-1":     {"CRM-1"},
	} {
		for _, text := range texts {
			if key, err := (Format{}).Normalize(text); err != nil || key != want {
				t.Errorf("%q is %q, %v, want %q", text, key, err, want)
			}
		}
	}
	for want, texts := range map[string][]string{
		"ann@example.com": {"Ann@Example.COM", "ANN@example.com ", "ann@example.com"},
		"strasse":         {"STRASSE", "Stra\u00dfe", "STRA\u1e9eE"},
		"d\u0131":         {"d\u0131"}, // not di
		"di":              {"DI", "di"},
	} {
		for _, text := range texts {
			if key, err := (Format{Fold: true}).Normalize(text); err != nil || key != want {
				t.Errorf("%q is folded to %q, %v, want %q", text, key, err, want)
			}
		}
	}
}

func TestControlCharactersAreRefusedWithTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"a\ab":                   "a contact's key can't have control characters: character 2 is U+0007",
		"\u200bé\u009f":          "a contact's key can't have control characters: character 3 is U+009F",
		"a\x00":                  "a contact's key can't have control characters: character 2 is U+0000",
		"\x7f":                   "a contact's key can't have control characters: character 1 is U+007F",
		"a\xff":                  "a contact's key must be UTF-8",
		"\u200b \u2060":          ErrEmpty.Error(),
		strings.Repeat("é", 129): "a contact's key has at most 256 bytes, this one has 258",
	} {
		if _, err := (Format{}).Normalize(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	long := strings.Repeat("e\u0301\u200b  ", 85) // 85 times é and a blank
	if key, err := (Format{}).Normalize(long); err != nil || len(key) != 85*3-1 {
		t.Errorf("it has %d bytes, %v", len(key), err)
	}
}

func TestAPlaceholderIsNobody(t *testing.T) {
	var nobody Words
	if err := errors.Join(nobody.Add("Unknown  Contact"), nobody.Add("STRASSE")); err != nil {
		t.Fatal(err)
	}
	for _, f := range []Format{{Nobody: nobody}, {Nobody: nobody, Fold: true}, {Nobody: nobody, Phone: true, Region: "TR"}} {
		for _, text := range []string{"{{contact.id}}", "{{}}", "${id}", "%ID%", "%%", "<no value>", "[object Object]", "undefined", "Undefined", "NULL", "none", "Nil", "NaN", "n/a", "NA", "-", "0",
			" null\u200b", "{{ a }}-{{ b }}", "unknown\u00a0contact", "UNKNOWN CONTACT", "straße"} {
			if key, err := f.Normalize(text); !errors.Is(err, ErrPlaceholder) {
				t.Errorf("%q is %q, %v", text, key, err)
			}
		}
	}
	for _, text := range []string{"{contact}", "$5", "%", "50%", "a<b>", "<a", "[1", "nullable", "00", "--", "n/b", "_", "undefined1", "x{{id}}", "unknown"} {
		if _, err := (Format{Nobody: nobody}).Normalize(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := (Format{}).Normalize("NULL"); err == nil || err.Error() != `"NULL" is a placeholder, not a contact's key` {
		t.Error(err)
	}
	if err := nobody.Add("\u200b"); err == nil {
		t.Error("nothing is a word")
	}
}

func TestANumberWithoutAFractionIsItsInteger(t *testing.T) {
	for raw, want := range map[string]string{
		"1042": "1042", "1042.0": "1042", "1042.000": "1042", "1.042e3": "1042", "1.042E+3": "1042", "10420e-1": "1042", "104200.0e-2": "1042", "-1042.0": "-1042",
		"-5": "-5", "0": "0", "0.0": "0", "-0": "0", "0e99999999999999999999": "0", "1e0": "1", "1e1": "10", "5e-0": "5",
		"1042.5": "1042.5", "1.0425e3": "1.0425e3", "1e-1": "1e-1", "1e-99999999999999999999": "1e-99999999999999999999", "0.5": "0.5", "10e-1": "1", "100e-3": "100e-3",
		"9.05551234567e11": "905551234567", "0.001e3": "1", "0.00e3": "0", "12345678901234567890123": "12345678901234567890123",
	} {
		if got, err := Number(raw); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{"1e256", "1e99999999999999999999", "-1e300", strings.Repeat("9", 257), "1e1099511627777"} {
		if got, err := Number(raw); err == nil {
			t.Errorf("%.20s is %.20q", raw, got)
		}
	}
	if got, err := Number("1e255"); err != nil || len(got) != 256 {
		t.Errorf("%d digits, %v", len(got), err)
	}
}

func TestARoundedNumberInAListIsNoKey(t *testing.T) {
	for _, cell := range []string{"1.04E+12", "1,04E+12", "1E+12", "9.05551e+11", " -1.5E+20 "} {
		if key, err := (Format{}).NormalizeCell(cell); !errors.Is(err, errRounded) {
			t.Errorf("%q is %q, %v", cell, key, err)
		}
	}
	for _, cell := range []string{"1E12", "1.04E-12", "12.5E+3", "a1E+3", "1.E+3", "E+12", "1E+", "1E+x", "1.0.4E+12"} {
		if _, err := (Format{}).NormalizeCell(cell); err != nil {
			t.Errorf("%q: %v", cell, err)
		}
	}
}

func FuzzAKeyThatIsNormalizedAgainStaysTheSame(f *testing.F) {
	for _, text := range []string{"crm-1", "a  b", "\u200bA\u0301", "\u1e9e\u0345\u0301", "\u0958", "{{id}}", "0555 123 45 67", "İI", "\u03b1\u0345\u0301", "\ufb03 \u2000"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range []Format{{}, {Fold: true}, {Phone: true, Region: "TR"}, {Phone: true, Region: International}} {
			key, err := format.Normalize(text)
			if err != nil {
				continue
			}
			if again, err := format.Normalize(key); err != nil || again != key {
				t.Errorf("%+v: %q is %q, and that is %q, %v", format, text, key, again, err)
			}
			if key == "" || len(key) > Max {
				t.Errorf("%q has %d bytes", key, len(key))
			}
			if spelled, err := format.Normalize(" \u200b" + text + "\u2060\u3000"); err != nil || spelled != key {
				t.Errorf("%+v: %q is %q, in blanks %q, %v", format, text, key, spelled, err)
			}
		}
	})
}

// trimmed is the least that could be done to a key: no blanks around it, and a look at its
// characters.
func trimmed(text string) bool {
	text = strings.TrimSpace(text)
	return text != "" && len(text) <= Max && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// BenchmarkNormalize compares the keys that are common, and others, with the least that
// could be done.
func BenchmarkNormalize(b *testing.B) {
	for _, c := range []struct {
		name, text string
		format     Format
	}{{"id", "crm-1042", Format{}}, {"mail", "ann.lee@example.com", Format{Fold: true}}, {"phone", "+905551234567", Format{Phone: true}},
		{"blanks", "Ann  Lee", Format{}}, {"accents", "José\u0301", Format{}}, {"placeholder", "undefined", Format{}}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = c.format.Normalize(c.text)
			}
			each, n := b.Elapsed()/time.Duration(b.N), 0
			start := time.Now()
			for ; time.Since(start) < 50*time.Millisecond; n += 1000 {
				for range 1000 {
					trimmed(c.text)
				}
			}
			b.ReportMetric(float64(each)/(float64(time.Since(start))/float64(n)), "x-trimming-and-checking")
		})
	}
}
