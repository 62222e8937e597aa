package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"winnow/store"
	"winnow/store/engine"
	"winnow/store/sqlite"
	"winnow/store/storetest"
)

func TestAcquireWaitsAndReportsWhoIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "winnow.lock")
		one, two := &store.Lock{sqlite.NewLock(path)}, &store.Lock{sqlite.NewLock(path)}
		if ok, err := one.TryLock(); !ok || err != nil {
			t.Fatalf("TryLock is %v, %v: it is free", ok, err)
		}

		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Hour)
		defer cancel()
		var reported []string
		began := time.Now()
		busy := func(pid engine.Holder) {
			if pid != engine.Self() {
				t.Errorf("busy was called with %v, want this process", pid)
			}
			reported = append(reported, time.Since(began).String())
		}
		if err := two.Acquire(ctx, busy); err != context.DeadlineExceeded {
			t.Errorf("Acquire returns %v", err)
		}
		want := []string{"0s", "1m0s", "2m0s", "4m0s", "8m0s", "16m0s", "32m0s", "1h4m0s", "2h4m0s", "3h4m0s", "4h4m0s", "5h4m0s", "6h4m0s", "7h4m0s", "8h4m0s"}
		if !slices.Equal(reported, want) {
			t.Errorf("busy was called after %v, want %v", reported, want)
		}

		time.AfterFunc(time.Hour, func() { one.Unlock() })
		began = time.Now()
		if err := two.Acquire(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < time.Hour || took > time.Hour+store.LockPoll {
			t.Errorf("it took %s, the lock was free after an hour", took)
		}
	})
}

func TestAcquireReturnsTheErrorOfALockThatCannotBeCreated(t *testing.T) {
	l := &store.Lock{sqlite.NewLock(filepath.Join(t.TempDir(), "missing", "winnow.lock"))}
	if err := l.Acquire(t.Context(), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Acquire returns %v", err)
	}
}

func TestLocksOfOneNameExcludeEachOther(t *testing.T) {
	s := storetest.Open(t)
	if ok, err := s.Lock("run").TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := s.Lock("run").TryLock(); ok || err != nil {
		t.Errorf("the lock is held twice, %v", err)
	}
	if ok, err := s.Lock("jobs").TryLock(); !ok || err != nil {
		t.Errorf("a lock of another name is taken, %v", err)
	}
}
