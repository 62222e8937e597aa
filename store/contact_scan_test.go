package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/storetest"
)

// registered makes contacts of which nothing but the key is known; every third
// is forgotten, so that ids are missing.
func registered(t *testing.T, s *store.Store, n int) (keys map[string]bool) {
	t.Helper()
	keys = map[string]bool{}
	err := s.SaveContacts(storetest.Policy(t, s), 0, n, func(i int, c *hygiene.Contact) {
		c.Key = fmt.Sprint("contact-", i)
		keys[c.Key] = true
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Write(func(c engine.Writer) error {
		for i := 1; i < n; i += 3 {
			key := fmt.Sprint("contact-", i)
			delete(keys, key)
			if err := c.Exec("DELETE FROM contacts WHERE key = ?", key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestAPassVisitsEveryContactOnce(t *testing.T) {
	s := storetest.Open(t)
	want := registered(t, s, 3*store.RangeSize)
	var mu sync.Mutex
	seen := map[string]int{}
	told := int64(0)
	n, err := s.ScanContacts(context.Background(), func(segments.Lists) store.Visitor {
		return func(c *hygiene.Contact) error {
			mu.Lock()
			defer mu.Unlock()
			seen[c.Key]++
			return nil
		}
	}, func(contacts int64) { told = max(told, contacts) })
	if err != nil || n != int64(len(want)) || told != n || len(seen) != len(want) {
		t.Errorf("showed %d, told %d, of %d contacts %d were seen: %v", n, told, len(want), len(seen), err)
	}
	for key, times := range seen {
		if times != 1 || !want[key] {
			t.Errorf("%s was shown %d times", key, times)
		}
	}
}

func TestAPassIsOfOneMoment(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	happens := func(o hygiene.Outcome) {
		for i := range 20 {
			storetest.Append(t, s, storetest.Event(storetest.Start, fmt.Sprint("contact-", i), fmt.Sprint("m", i), o))
		}
		if _, err := s.Sweep(context.Background(), options(p, storetest.Start.Add(hygiene.Day))); err != nil {
			t.Error(err)
		}
	}
	happens(hygiene.Sent)
	first, bounced := true, 0
	_, err := s.ScanContacts(context.Background(), func(segments.Lists) store.Visitor {
		if first { // the readers are there: what is written now comes too late
			first = false
			happens(hygiene.HardBounce)
		}
		return func(c *hygiene.Contact) error {
			bounced += len(c.Suppressions) // they are few: one reader shows all
			return nil
		}
	}, nil)
	if err != nil || bounced > 0 {
		t.Errorf("%d bounces of a later moment were seen: %v", bounced, err)
	}
}

func TestAnErrorOfAVisitEndsThePass(t *testing.T) {
	s := storetest.Open(t)
	registered(t, s, 10)
	enough := errors.New("enough")
	_, err := s.ScanContacts(context.Background(), func(segments.Lists) store.Visitor {
		return func(*hygiene.Contact) error { return enough }
	}, nil)
	if !errors.Is(err, enough) {
		t.Errorf("the pass ended with %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.ScanContacts(ctx, func(segments.Lists) store.Visitor { return func(*hygiene.Contact) error { return nil } }, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a pass that was called off ended with %v", err)
	}
}

// Who recovers a panic goes on living: the reader must not stay behind, with its
// statement open in a transaction that keeps the log from ever being shortened.
func TestAPanicOfAVisitLeavesNothingBehind(t *testing.T) {
	s := storetest.Open(t)
	registered(t, s, 1000)
	synctest.Test(t, func(t *testing.T) { // which complains of goroutines that stay
		snapshot, err := s.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() { recover() }()
			snapshot.Contacts(t.Context(), true, func(*hygiene.Contact) error { panic("a fault") })
		}()
		if err := snapshot.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAVisitorAsksListsOfThePass(t *testing.T) {
	s := storetest.Open(t)
	registered(t, s, 10)
	if err := s.Write(func(c engine.Writer) error {
		return c.Exec("INSERT INTO lists (contact, list) VALUES ('contact-3', 'staff')")
	}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var on []string
	_, err := s.ScanContacts(context.Background(), func(lists segments.Lists) store.Visitor {
		return func(c *hygiene.Contact) error {
			is, err := lists.InList("staff", c.Key)
			mu.Lock()
			defer mu.Unlock()
			if is {
				on = append(on, c.Key)
			}
			return err
		}
	}, nil)
	if err != nil || len(on) != 1 || on[0] != "contact-3" {
		t.Errorf("on the list are %q: %v", on, err)
	}
}

func TestAPassOverNoContactsVisitsNone(t *testing.T) {
	n, err := storetest.Open(t).ScanContacts(context.Background(), func(segments.Lists) store.Visitor {
		return func(*hygiene.Contact) error { return errors.New("nobody is here") }
	}, nil)
	if n != 0 || err != nil {
		t.Errorf("showed %d: %v", n, err)
	}
}
