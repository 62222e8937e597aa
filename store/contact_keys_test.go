package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"winnow/hygiene"
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

func TestFoldingMayBeginAndNeverEnds(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	fold := contactkey.Format{Fold: true}
	for _, keys := range []contactkey.Format{fold, {}} { // of an empty store either is right
		must(t, s.UseKeyFormat(keys))
	}
	_, err := s.AddToList("staff", []string{"ann"})
	must(t, err, s.UseKeyFormat(fold), s.UseKeyFormat(contactkey.Format{}))
	_, err = s.PrepareKeys(t.Context(), fold, p, storetest.Start)
	must(t, err, s.UseKeyFormat(fold))
	if err := s.UseKeyFormat(contactkey.Format{}); !errors.Is(err, store.ErrFold) {
		t.Errorf("fold: false after true: %v", err)
	}
}

// unprepared makes contacts of those keys as an earlier version would have.
func unprepared(t *testing.T, s *store.Store, p *hygiene.Policy, keys ...string) {
	t.Helper()
	must(t, s.SaveContacts(p, 0, len(keys), func(i int, c *hygiene.Contact) { c.Key = keys[i] }))
	must(t, s.ForgetKeyIndex())
}

func TestContactsWhoseKeysAreOneAreJoinedAndTheStricterHolds(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	at := storetest.Start
	unprepared(t, s, p, "crm-1", "crm-1\u200b", "Ann  Lee", "undefined", "a\u0086", "jose\u0301", strings.Repeat("\u0958", 60))
	suppress(t, s, p, at, "opted_out", "crm-1\u200b", "Ann  Lee")
	_, err := s.AddToList("staff", []string{"crm-1\u200b"})
	must(t, err)
	storetest.Append(t, s, storetest.Event(at+1, "\u200bnew", "m1", hygiene.HardBounce), storetest.Event(at+1, "crm-1\u200b", "m2", hygiene.Sent))

	did, err := s.PrepareKeys(t.Context(), contactkey.Format{}, p, at+2)
	must(t, err)
	if did.Batch == 0 || did.Contacts == 0 {
		t.Errorf("it is %+v", did)
	}
	storetest.Sweep(t, s, p, 0)
	for given, want := range map[string]string{"crm-1\u200b": "crm-1", "crm-1": "crm-1", "Ann  Lee": "Ann Lee", "Ann Lee": "Ann Lee", "\u200bnew": "new", "new": "new", "jose\u0301": "jos\u00e9"} {
		c := contact(t, s, given)
		if suppressed := given[0] != 'j'; c.Key != want || suppressed != (c.Status(at+3) == hygiene.IsSuppressed) {
			t.Errorf("%q is %q, %s", given, c.Key, c.Status(at+3))
		}
	}
	if n := len(contact(t, s, "crm-1").History.Outcome(hygiene.Sent).Entries); n != 1 {
		t.Errorf("what comes by the old key is not counted: %d", n)
	}
	for _, key := range []string{"undefined", "a\u0086", strings.Repeat("\u0958", 60)} { // no new contact could have it
		if got, err := s.Keys(contactkey.Format{}).Named(key); err != nil || got != key || contact(t, s, got).Key != key {
			t.Errorf("%q is %q, %v", key, got, err)
		}
	}
	if totals, err := s.Totals(); err != nil || totals.JoinedKeys != 3 || totals.JoinedBatch != did.Batch {
		t.Errorf("joined are %d by batch %d, %v", totals.JoinedKeys, totals.JoinedBatch, err)
	}
	again, err := s.PrepareKeys(t.Context(), contactkey.Format{}, p, at+4)
	if err != nil || again.Batch != 0 {
		t.Errorf("once more: %+v, %v", again, err)
	}
}

// fuse is a context that is canceled once it was asked so many times.
type fuse struct {
	context.Context
	left int
}

func (f *fuse) Err() error {
	if f.left--; f.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestFoldingJoinsContactsWhoDifferByCase(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	at := storetest.Start
	var keys []string
	for i := range store.KeyStep + 500 {
		keys = append(keys, fmt.Sprintf("CRM-%06d", i))
	}
	unprepared(t, s, p, append(keys, "crm-000007", "Crm-000007", "crm-000008", "ann")...)
	suppress(t, s, p, at, "opted_out", "CRM-000007", "ann")
	fold := contactkey.Format{Fold: true}
	must(t, s.UseKeyFormat(fold))
	cuts := 0
	for err := errors.New("not begun"); err != nil; cuts++ { // is cut again and again
		if _, err = s.PrepareKeys(&fuse{t.Context(), cuts}, fold, p, at+1); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if err := s.UseKeyFormat(contactkey.Format{}); !errors.Is(err, store.ErrFold) {
			t.Fatalf("a config without fold, half way: %v", err)
		}
	}
	if cuts < 3 {
		t.Errorf("it was cut %d times", cuts-1)
	}
	totals, err := s.Totals()
	if want := int64(store.KeyStep + 501); err != nil || totals.Contacts != want || totals.Aliases != want {
		t.Errorf("%d contacts with %d other keys, %v; want %d of each", totals.Contacts, totals.Aliases, err, want)
	}
	for _, key := range []string{"crm-000007", "CRM-000007", "Crm-000007"} {
		if c := contact(t, s, key); c.Key != "crm-000007" || c.Status(at+2) != hygiene.IsSuppressed {
			t.Errorf("%s is %s, %s", key, c.Key, c.Status(at+2))
		}
	}
	if near := nearTo(t, s, fold, "crm000007", "0crm-000007"); len(near["0crm-000007"]) != 1 {
		t.Errorf("nearly known: %q", near)
	}
}
