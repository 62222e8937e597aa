package store_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store"
	"winnow/store/storetest"
)

// nearTo is what is nearly known of the keys, by key.
func nearTo(tb testing.TB, s *store.Store, format contactkey.Format, keys ...string) map[string][]string {
	tb.Helper()
	near := map[string][]string{}
	if err := s.FindNearlyKnown(keys, format, func(i int, found []string) { near[keys[i]] = found }); err != nil {
		tb.Fatal(err)
	}
	return near
}

func TestAKeyIsNearlyKnownByAnotherSpelling(t *testing.T) {
	s := storetest.Open(t)
	_, err := s.SaveProfiles([]store.Profile{{Key: "crm-1", HasPhone: true, Phone: "+905321110001"}, {Key: "CRM-2"}, {Key: "0042"}, {Key: "1043"}, {Key: "Ann@Example.com"},
		{Key: "905325550001"}, {Key: "crm-9", HasPhone: true, Phone: "+905321110001"}, {Key: "twin"}, {Key: "TWIN"}}, storetest.Start)
	must(t, err)
	format := contactkey.Format{Region: "TR"}
	got := nearTo(t, s, format, "CRM-1", "crm-1\ufe0f", "crm-2", "42", "42.0", "1043.0", "001043", "ann@example.com", "+90 532 555 00 01", "0532 555 00 01", "0532 111 00 01", "+905321110001", "Twin",
		"crm-3", "crm-1", "CRM-2", "4", "+905329990001")
	want := map[string][]string{"CRM-1": {"crm-1"}, "crm-1\ufe0f": {"crm-1"}, "crm-2": {"CRM-2"}, "42": {"0042"}, "42.0": {"0042"}, "1043.0": {"1043"}, "001043": {"1043"},
		"ann@example.com": {"Ann@Example.com"}, "+90 532 555 00 01": {"905325550001"}, "0532 555 00 01": {"905325550001"},
		"0532 111 00 01": {"crm-1", "crm-9"}, "+905321110001": {"crm-1", "crm-9"}, "Twin": {"TWIN", "twin"}}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("nearly known:\n%q\nwant\n%q", got, want)
	}
	if got := nearTo(t, s, contactkey.Format{Phone: true, Region: "TR"}, "CRM-1", "+905321110001"); len(got) > 0 {
		t.Errorf("where keys are phone numbers: %q", got)
	}
}

func TestAPlaceholderThatAContactHasIsNamedByPeopleAlone(t *testing.T) {
	s := storetest.Open(t)
	for _, key := range []string{"undefined", "NULL", "{{id}}", "%a%", "50%", "{a}", "Nobody"} {
		_, err := s.AddToList("old", []string{key})
		must(t, err)
	}
	var nobody contactkey.Words
	must(t, nobody.Add("nobody"))
	r := s.Keys(contactkey.Format{Nobody: nobody})
	for _, key := range []string{"undefined", "NULL", "{{id}}", "%a%", "Nobody"} {
		if got, err := r.Named(" " + key); err != nil || got != key {
			t.Errorf("%q is %q, %v", key, got, err)
		}
		if got, err := r.Given(key); !errors.Is(err, contactkey.ErrPlaceholder) {
			t.Errorf("a program names %q, %v", got, err)
		}
		if got, err := r.Cell(key); !errors.Is(err, contactkey.ErrPlaceholder) {
			t.Errorf("a list names %q, %v", got, err)
		}
	}
	if got, err := r.Named("Undefined"); err == nil {
		t.Errorf("another spelling is %q", got)
	}
	if got, err := r.Placeholders(10); err != nil || !slices.Equal(got, []string{"%a%", "NULL", "Nobody", "undefined", "{{id}}"}) {
		t.Errorf("placeholders are %q, %v", got, err)
	}
}

func TestAnyWayToCreateAContactMakesItNearlyKnown(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	storetest.Append(t, s, storetest.Event(storetest.Start, "Event", "m1", hygiene.HardBounce))
	storetest.Sweep(t, s, p, 0)
	storetest.Register(t, s, store.Registration{MessageID: "m2", Contact: "Registered"})
	_, err := s.Instruct(p, store.Subjects{Keys: []string{"Suppressed"}}, hygiene.Instruction{Kind: hygiene.Suppress, Reason: "complaint", By: "ann"}, store.Batch{Kind: store.SuppressBatch}, storetest.Start)
	must(t, err)
	_, err = s.AddToList("staff", []string{"Listed"})
	must(t, err)
	for given, want := range map[string]string{"event": "Event", "REGISTERED": "Registered", "suppressed": "Suppressed", "listed": "Listed"} {
		if near := nearTo(t, s, contactkey.Format{}, given)[given]; !slices.Equal(near, []string{want}) {
			t.Errorf("%s is nearly %q, want %s", given, near, want)
		}
	}
}

func TestTheKeysOfAnEarlierVersionAreIndexedInSteps(t *testing.T) {
	const contacts = 2*store.KeyStep + 10
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	must(t, s.SaveContacts(p, 0, contacts, func(i int, c *hygiene.Contact) { c.Key = fmt.Sprintf("Crm-%06d", i) }))
	must(t, s.ForgetKeyIndex())
	must(t, s.IndexKeyStep()) // and the process is killed
	if near := nearTo(t, s, contactkey.Format{}, "crm-000001", fmt.Sprintf("crm-%06d", contacts-1)); len(near) != 1 {
		t.Errorf("after one step: %q", near)
	}
	_, err := s.PrepareKeys(t.Context(), contactkey.Format{}, p, storetest.Start)
	must(t, err)
	for _, i := range []int{0, store.KeyStep - 1, store.KeyStep, contacts - 1} {
		given := fmt.Sprintf("crm-%06d", i)
		if near := nearTo(t, s, contactkey.Format{}, given); len(near[given]) != 1 {
			t.Errorf("%s is nearly %q", given, near)
		}
	}
}
