package store_test

import (
	"errors"
	"testing"

	"winnow/hygiene/contactkey"
	"winnow/store"
	"winnow/store/storetest"
)

func TestTheKeyFormatIsFixedOnceThereIsAContact(t *testing.T) {
	s := storetest.Open(t)
	text, phone := contactkey.Format{}, contactkey.Format{Phone: true, Region: "TR"}
	for _, keys := range []contactkey.Format{text, phone} { // of an empty store either is right
		if err := s.UseKeyFormat(keys); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.AddToList("staff", []string{"+905551112233"}); err != nil {
		t.Fatal(err)
	}
	for _, keys := range []contactkey.Format{phone, {Phone: true, Region: "DE"}, phone} {
		if err := s.UseKeyFormat(keys); err != nil {
			t.Errorf("%+v: %v", keys, err)
		}
	}
	if err := s.UseKeyFormat(text); !errors.Is(err, store.ErrKeyFormat) {
		t.Errorf("a config of another kind: %v", err)
	}
}

func TestTheCaseOfKeysIsFoldedFromTheFirstContactOn(t *testing.T) {
	for _, fold := range []bool{true, false} {
		s := storetest.Open(t)
		for _, keys := range []contactkey.Format{{Fold: !fold}, {Fold: fold}} { // of an empty store either is right
			must(t, s.UseKeyFormat(keys))
		}
		_, err := s.AddToList("staff", []string{"ann"})
		must(t, err, s.UseKeyFormat(contactkey.Format{Fold: fold}))
		if err := s.UseKeyFormat(contactkey.Format{Fold: !fold}); !errors.Is(err, store.ErrFold) {
			t.Errorf("fold: %t after %t: %v", !fold, fold, err)
		}
	}
}
