package contactkey

import (
	"slices"
	"testing"
)

func TestKeysThatAreNearlyTheSameHaveOneLooseForm(t *testing.T) {
	for want, keys := range map[string][]string{
		"crm-1":         {"CRM-1", "crm-1", "Crm -1", "ｃｒｍ-１", "crm-1\u200b", "crm\ufe0f-1", "0crm-1", "crm\u2800-1"},
		"1042":          {"1042", "01042", "1042.0", "1042,00", "00001042", "１０４２", "1 042"},
		"di":            {"Dİ", "DI", "dı", "di"},
		"0":             {"0", "00", "0.0"},
		"+905551234567": {"+905551234567", "+90 555 123 45 67", "+90 (555) 123-45-67", "tel:+905551234567", "(+90)555 123 45 67"},
		"905551234567":  {"905551234567", "90 555 123 45 67", "00905551234567"},
		"5551234567":    {"0555 123 45 67", "555-123-45-67"},
		"strasse":       {"Straße", "STRASSE"},
	} {
		for _, key := range keys {
			if got := Loose(key); got != want {
				t.Errorf("%q is %q, want %q", key, got, want)
			}
		}
	}
	for _, pair := range [][2]string{{"crm-1", "crm-2"}, {"1042", "10420"}, {"1042.5", "10425"}, {"1-23", "12-3"}, {"a.b", "ab"}, {"+1042", "1042"}} {
		if Loose(pair[0]) == Loose(pair[1]) {
			t.Errorf("%q and %q have one loose form", pair[0], pair[1])
		}
	}
}

func TestTheFormsOfAPhoneNumberMeet(t *testing.T) {
	spellings := []string{"+905551234567", "905551234567", "0555 123 45 67", "00905551234567", "+90 555 123 45 67"}
	for _, unknown := range spellings {
		for _, known := range spellings {
			forms := LooseForms(unknown, "TR")
			if !slices.Contains(forms, Loose(known)) {
				t.Errorf("%q has the forms %q, and the known %q is %q", unknown, forms, known, Loose(known))
			}
		}
	}
	if forms := LooseForms("crm-1", "TR"); len(forms) != 1 {
		t.Errorf("%q", forms)
	}
}

func FuzzALooseFormIsItsOwn(f *testing.F) {
	for _, key := range []string{"crm-1", "CRM 1", "00.0", "tel:+0", "İ", "1042.0", "+(90", "\u0130\u0307", "0\u200b0", "ſ", "٠٠١"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		loose := Loose(key)
		if again := Loose(loose); again != loose {
			t.Errorf("%q is %q, and that is %q", key, loose, again)
		}
		if isLoose(key) && loosen(key) != key {
			t.Errorf("%q is its own, and %q", key, loosen(key))
		}
	})
}

func BenchmarkLoose(b *testing.B) {
	for _, key := range []string{"crm-1042", "+905551234567", "CRM-1042", "Ann Lee"} {
		b.Run(key, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Loose(key)
			}
		})
	}
}

// Package cases exchanges the cases of Cherokee with each fold, so that folding until
// nothing changes never ended.
func TestLettersOfCherokeeFold(t *testing.T) {
	for _, spelling := range []string{"Ꭰ-1", "ꭰ-1", "Ꮀꭰ", "ꮀᎠ", "Ᏸ", "ᏸ", "AᎠB", "aꭰb"} {
		want := map[string]string{"Ꭰ-1": "Ꭰ-1", "ꭰ-1": "Ꭰ-1", "Ꮀꭰ": "ᎰᎠ", "ꮀᎠ": "ᎰᎠ", "Ᏸ": "Ᏸ", "ᏸ": "Ᏸ", "AᎠB": "aᎠb", "aꭰb": "aᎠb"}[spelling]
		key, err := Format{Fold: true}.Normalize(spelling)
		if loose := Loose(spelling); loose != want || key != want || err != nil {
			t.Errorf("%q folds to %q, %v, and its loose form is %q; want %q", spelling, key, err, loose, want)
		}
	}
}
