package contactkey

import "testing"

func TestAPhoneNumberIsNeverExtractedFromText(t *testing.T) {
	f := Format{Phone: true, Region: "TR"}
	for _, text := range []string{"crm-05551234567", "Order #0555 1234567", "id=+905551234567", "++905551234567", "0555 123 45 67 ext 3",
		"0555-1234567;ext=9", "+1800FLOWERS", "\u202a+905551234567", "x5551234567", "12", "+", ""} {
		if key, err := f.Normalize(text); err == nil {
			t.Errorf("%q became %s", text, key)
		}
	}
	for _, text := range []string{"+905551234567", "0555 123 45 67", "(0555) 123-45-67", "tel:+905551234567", " 05551234567 ", "90 555 123 4567", "0555/123.45.67"} {
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
