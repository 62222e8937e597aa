package contactkey_test

import (
	"math/rand/v2"
	"testing"

	"winnow/hygiene/contactkey"
	"winnow/hygiene/contactkey/contactkeytest"
)

func TestEverySpellingOfAKeyIsThatKey(t *testing.T) {
	r := rand.New(rand.NewPCG(rand.Uint64(), 1))
	for _, c := range []struct {
		format contactkey.Format
		keys   []string
	}{
		{contactkey.Format{}, []string{"crm-1042", "José Ångström", "Ann Lee", "Ünal Şahin", "한국어 이름", "ॐ नमः", "7"}},
		{contactkey.Format{Fold: true}, []string{"crm-1042", "josé ångström", "strasse", "ünal şahin", "ας", "ann@example.com", "ﬀ"}},
		{contactkey.Format{Phone: true, Region: "TR"}, []string{"+905551234567", "+4915112345678", "+12125550123"}},
		{contactkey.Format{Phone: true}, []string{"+905551234567"}},
	} {
		for _, key := range c.keys {
			key, err := c.format.Normalize(key)
			if err != nil {
				t.Fatal(err)
			}
			for range 500 {
				spelled := contactkeytest.Spelling(r, c.format, key)
				if got, err := c.format.Normalize(spelled); err != nil || got != key {
					t.Fatalf("%q, spelled %q, is %q, %v", key, spelled, got, err)
				}
			}
		}
	}
}
