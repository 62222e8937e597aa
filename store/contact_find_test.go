package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

func TestScratchFilesAreBesideTheStoreUnlessTMPDIRSaysOtherwise(t *testing.T) {
	t.Setenv("TMPDIR", "")
	s := storetest.Open(t)
	if folder := s.ScratchFolder(); folder != filepath.Dir(s.Path()) {
		t.Errorf("they are in %s, the store is %s", folder, s.Path())
	}
	t.Setenv("TMPDIR", "/elsewhere")
	if folder := s.ScratchFolder(); folder != "/elsewhere" {
		t.Errorf("with TMPDIR they are in %s", folder)
	}
}

func TestFindReturnsKnownContacts(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	storetest.Append(t, s, storetest.Event(storetest.Start, "ann", "m1", hygiene.HardBounce), storetest.Event(storetest.Start, "bob", "m2", hygiene.SoftBounce))
	if _, err := s.Sweep(context.Background(), options(p, storetest.Start+1)); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := s.FindContacts([]string{"ann", "anna", "bob", "ann"}, func(i int, c *hygiene.Contact) {
		got = append(got, fmt.Sprint(i, " ", c.Key, " ", c.Status(storetest.Start+1)))
	})
	if want := []string{"0 ann suppressed", "2 bob cooling", "3 ann suppressed"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

func TestFindReturnsEachContactWithThePlaceOfItsKey(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	var keys []string
	for i := range 3*256 + 7 {
		keys = append(keys, fmt.Sprintf("c-%05d", i))
		if i%3 == 0 {
			storetest.Append(t, s, storetest.Event(storetest.Start, keys[i], fmt.Sprint("m", i), hygiene.HardBounce))
		}
	}
	if _, err := s.Sweep(context.Background(), options(p, storetest.Start+1)); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := s.FindContacts(keys, func(i int, c *hygiene.Contact) {
		if c.Key != keys[i] || i != n || c.Status(storetest.Start+1).String() != "suppressed" {
			t.Fatalf("%d: %s at %d", n, c.Key, i)
		}
		n += 3
	})
	if err != nil || n != len(keys)+2 {
		t.Errorf("%d, %v", n, err)
	}
}

func TestEveryContactWithAPhoneIsFoundByIt(t *testing.T) {
	s := storetest.Open(t)
	var list []store.Profile
	for i := range 3 * 256 {
		list = append(list, store.Profile{Key: fmt.Sprintf("c-%04d", i), HasPhone: true, Phone: fmt.Sprintf("+90555%07d", i/2)}, store.Profile{Key: fmt.Sprintf("none-%d", i)})
	}
	if _, err := s.SaveProfiles(list, storetest.Start); err != nil {
		t.Fatal(err)
	}
	var phones []string
	for i := range 2 * 256 {
		phones = append(phones, fmt.Sprintf("+90555%07d", i))
	}
	var got, want []string
	err := s.FindContactsByPhone(phones, func(i int, c *hygiene.Contact) {
		if c.Phone != phones[i] {
			t.Errorf("%s at %d has %s", c.Key, i, c.Phone)
		}
		got = append(got, c.Key)
	})
	for i := range 3 * 256 {
		want = append(want, fmt.Sprintf("c-%04d", i))
	}
	slices.Sort(got)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d found, not %d: %v", len(got), len(want), err)
	}
	if _, err := s.SaveProfiles([]store.Profile{{Key: "c-0000", HasPhone: true, Phone: "+905550009999"}}, storetest.Start); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := s.FindContactsByPhone(phones[:1], func(_ int, c *hygiene.Contact) { n++ }); err != nil || n != 1 {
		t.Errorf("with another phone %d have it, %v", n, err)
	}
}
