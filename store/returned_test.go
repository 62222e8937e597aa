package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/erasure"
	"winnow/store/forgotten"
	"winnow/store/storetest"
)

// backedUp is a store in which ann and bob are, and a copy of it as a backup has it.
func backedUp(t *testing.T) (s, copied *store.Store, p *hygiene.Policy) {
	t.Helper()
	enginetest.SQLite(t)
	s = storetest.Open(t)
	p = numberPolicy(t, s)
	for i, key := range []string{"ann-1042", "bob-1043"} {
		give(t, s, key, "", storetest.Start)
		storetest.Append(t, s, storetest.Event(storetest.Start+hygiene.Instant(1+i), key, "message-of-"+key, hygiene.Delivered))
	}
	storetest.Sweep(t, s, p, 0)
	if known, err := s.Hold(store.Hold{Contact: "ann-1042", By: "legal", Note: "claim"}); !known || err != nil {
		t.Fatal(known, err)
	}
	to := filepath.Join(t.TempDir(), "winnow.db")
	if err := s.Copy(t.Context(), to, engine.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	copied, err := store.OpenExisting(to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { copied.Close() })
	if _, err := s.EndHold("ann-1042"); err != nil {
		t.Fatal(err)
	}
	return s, copied, p
}

func eraseReturned(t *testing.T, s *store.Store, p *hygiene.Policy, from string) (persons int, err error) {
	t.Helper()
	o := store.ForgetOptions{Policy: p, Keys: contactkey.Format{Region: "TR"}, Now: storetest.Start + 100, Wait: time.Second}
	persons, _, err = s.EraseReturned(t.Context(), from, o)
	return persons, err
}

// A restored backup still has a hold that has ended since: else the contact would not have
// been forgotten.
func TestAHoldThatABackupStillHasDoesNotKeepWhoWasForgottenSince(t *testing.T) {
	s, restored, p := backedUp(t)
	if _, held, err := restored.Held("ann-1042"); !held || err != nil {
		t.Fatal(held, err)
	}
	forget(t, s, p, store.Subjects{Keys: []string{"ann-1042"}})
	if persons, err := eraseReturned(t, restored, p, s.Path()); persons != 1 || err != nil {
		t.Errorf("%d persons were forgotten again, %v", persons, err)
	}
	if restored.HasKey("ann-1042") || !restored.HasKey("bob-1043") {
		t.Error("the wrong contact is gone")
	}
	if persons, err := eraseReturned(t, restored, p, s.Path()); persons != 0 || err != nil {
		t.Errorf("repeated: %d persons, %v", persons, err)
	}
}

func TestWhoWasToBeForgottenInTheReplacedStoreIsForgottenInTheRestoredOne(t *testing.T) {
	for name, begun := range map[string]bool{"asked for": false, "begun": true} {
		t.Run(name, func(t *testing.T) {
			s, restored, p := backedUp(t)
			if err := s.AskToForget(store.Subjects{Keys: []string{"ann-1042"}}, false, storetest.Start); err != nil {
				t.Fatal(err)
			}
			if begun {
				stop := errors.New("it stops here")
				o := store.ForgetOptions{Policy: p, Now: storetest.Start}
				o.Files = func(context.Context, *erasure.Names, []erasure.Pending, bool, *erasure.Counts) error { return stop }
				if _, err := s.Forget(t.Context(), o); !errors.Is(err, stop) {
					t.Fatal(err)
				}
			}
			if persons, err := eraseReturned(t, restored, p, s.Path()); persons != 1 || err != nil {
				t.Errorf("%d persons were forgotten again, %v", persons, err)
			}
			if restored.HasKey("ann-1042") || !restored.HasKey("bob-1043") {
				t.Error("the wrong contact is gone")
			}
			if has, err := restored.HasErasures(); has || err != nil {
				t.Error(has, err)
			}
		})
	}
}

func TestErasuresOfAnotherStoreOrOfADamagedOneAreRefused(t *testing.T) {
	s, restored, p := backedUp(t)
	forget(t, restored, p, store.Subjects{Keys: []string{"bob-1043"}})
	other := storetest.Open(t)
	otherPolicy := numberPolicy(t, other)
	give(t, other, "ann-1042", "", storetest.Start)
	forget(t, other, otherPolicy, store.Subjects{Keys: []string{"ann-1042"}})
	before := storetest.Dump(t, restored)
	if _, err := eraseReturned(t, restored, p, other.Path()); !errors.Is(err, forgotten.ErrOtherStore) {
		t.Errorf("another store: %v", err)
	}
	forget(t, s, p, store.Subjects{Keys: []string{"ann-1042"}})
	whole, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"empty": nil, "no database": []byte("ann-1042, and no store"), "cut": whole[:len(whole)/3]} {
		damaged := filepath.Join(t.TempDir(), "winnow.db")
		if err := os.WriteFile(damaged, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if persons, err := eraseReturned(t, restored, p, damaged); err == nil {
			t.Errorf("%s: %d persons, and no error", name, persons)
		}
	}
	if storetest.Dump(t, restored) != before {
		t.Error("something changed")
	}
}
