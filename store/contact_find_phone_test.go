package store

import (
	"fmt"
	"slices"
	"testing"

	"winnow/hygiene"
)

func TestEveryContactWithAPhoneIsFoundByIt(t *testing.T) {
	s := openStore(t)
	var list []Profile
	for i := range 3 * findKeys {
		list = append(list, Profile{Key: fmt.Sprintf("c-%04d", i), SaysPhone: true, Phone: fmt.Sprintf("+90555%07d", i/2)}, Profile{Key: fmt.Sprintf("none-%d", i)})
	}
	if _, err := s.SaveProfiles(list); err != nil {
		t.Fatal(err)
	}
	var phones []string
	for i := range 2 * findKeys {
		phones = append(phones, fmt.Sprintf("+90555%07d", i))
	}
	var got, want []string
	err := s.FindPhones(phones, func(i int, c *hygiene.Contact) {
		if c.Phone != phones[i] {
			t.Errorf("%s at %d has %s", c.Key, i, c.Phone)
		}
		got = append(got, c.Key)
	})
	for i := range 3 * findKeys {
		want = append(want, fmt.Sprintf("c-%04d", i))
	}
	slices.Sort(got)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d found, not %d: %v", len(got), len(want), err)
	}
	if _, err := s.SaveProfiles([]Profile{{Key: "c-0000", SaysPhone: true}}); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := s.FindPhones(phones[:1], func(_ int, c *hygiene.Contact) { n++ }); err != nil || n != 1 {
		t.Errorf("with its phone gone %d have it, %v", n, err)
	}
}
